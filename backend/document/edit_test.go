package document

import (
	"testing"

	"github.com/pelletier/go-toml/v2"
)

func TestSet(t *testing.T) {
	for _, tt := range []struct{ name, before, key, value, want string }{
		{"of nothing", "", "a", "1", "a = 1\n"},
		{"of nothing, in a table", "", "t.a", "1", "[t]\na = 1\n"},
		{"its place and comment", "# x\na = 0 # why\nb = 2\n", "a", "1", "# x\na = 1 # why\nb = 2\n"},
		{"behind its likes", "b = 2 # two\n\n# of t\n[t]\nc = 3\n", "a", "1", "b = 2 # two\na = 1\n\n# of t\n[t]\nc = 3\n"},
		{"before all tables", "# mine\n\n# of t\n[t]\nc = 3\n", "a", "1", "# mine\n\na = 1\n\n# of t\n[t]\nc = 3\n"},
		{"only a comment", "# mine", "a", "1", "# mine\na = 1\n"},
		{"in its table", "[t]\nc = 3\n# of u\n\n[u]\na = 9\n", "t.a", "1", "[t]\nc = 3\na = 1\n# of u\n\n[u]\na = 9\n"},
		{"in an empty table", "[ t ] # here\n\n[u]\n", "t.a", "1", "[ t ] # here\na = 1\n\n[u]\n"},
		{"in a quoted table", "[\"t\"]\nc = 3", "t.a", "1", "[\"t\"]\nc = 3\na = 1"},
		{"a new table", "a = 0\n\n\n", "t.a", "1", "a = 0\n\n[t]\na = 1\n"},
		{"dotted", "t.a = 0\n", "t.a", "1", "t.a = 1\n"},
		{"spelled otherwise", "T.A = 0\n", "t.a", "1", "T.A = 1\n"},
		{"not in a name with a dot", "\"t.a\" = 0\n", "t.a", "1", "\"t.a\" = 0\n\n[t]\na = 1\n"},
		{"beside dotted", "t.c = 3\nb = 2\n", "t.a", "1", "t.c = 3\nt.a = 1\nb = 2\n"},
		{"inline", "t = { c = 3, a = \"#}\" } # why\n", "t.a", "1", "t = { c = 3, a = 1 } # why\n"},
		{"beside inline", "t = { c = [1, 2] }\n", "t.a", "1", "t = { c = [1, 2], a = 1 }\n"},
		{"in an empty inline", "t = {}\n", "t.a", "1", "t = { a = 1 }\n"},
		{"a list of lines", "a = [ # all\n  \"x]\", # first\n  'y',\n]\nb = 2\n", "a", "[]", "a = []\nb = 2\n"},
		{"a text of lines", "a = \"\"\"x\n\\\"\"\"\"\"\nb = 2\n", "a", "''", "a = ''\nb = 2\n"},
		{"an escaped quote", `a = "x\"#" # why`, "a", "1", `a = 1 # why`},
		{"lines of Windows", "a = 0\r\n[t]\r\nc = 3\r\n", "t.a", "1", "a = 0\r\n[t]\r\nc = 3\na = 1\r\n"},
		{"not in an array of tables", "[[t]]\na = 0\n", "u.a", "1", "[[t]]\na = 0\n\n[u]\na = 1\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := Set([]byte(tt.before), tt.key, tt.value)
			if string(got) != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			var into map[string]any
			if err := toml.Unmarshal(got, &into); err != nil {
				t.Errorf("it can not be read: %v", err)
			}
			if again := Set(got, tt.key, tt.value); string(again) != string(got) {
				t.Errorf("set again got\n%s", again)
			}
		})
	}
}

func TestUnset(t *testing.T) {
	for _, tt := range []struct {
		name, before, key, want string
		bare                    bool
	}{
		{"alone", "a = 0\nb = 2\n", "a", "b = 2\n", true},
		{"of many lines", "b = 2\na = [\n 1,\n]\n", "a", "b = 2\n", true},
		{"at the end", "[t]\nb = 2\na = 1", "t.a", "[t]\nb = 2\n", true},
		{"not there", "b = 2\n", "a", "b = 2\n", true},
		{"with a comment", "a = 0 # why\n", "a", "a = 0 # why\n", false},
		{"below a comment", "b = 2\n# why\na = 0\n", "a", "b = 2\n# why\na = 0\n", false},
		{"inline", "t = { a = 0 }\n", "t.a", "t = { a = 0 }\n", false},
	} {
		if got, bare := Unset([]byte(tt.before), tt.key); string(got) != tt.want || bare != tt.bare {
			t.Errorf("%s: got %q, %v, want %q, %v", tt.name, got, bare, tt.want, tt.bare)
		}
	}
}

// Whatever stands in a document: a key that can be set in it is, and nothing panics.
func FuzzSet(f *testing.F) {
	f.Add("a = 0 # x\n[t]\nb = [1, { c = '}' }]\n[[u]]\n")
	f.Add("t.a = 0\nt.A = 0")
	f.Add("\"t.a\" = 0\n'T'.A = 0")
	f.Add("t.c = \"\"\"\"\"\"\nt.d = '''\n'''")
	f.Fuzz(func(t *testing.T, before string) {
		set := Set([]byte(before), "t.a", "1")
		Unset(set, "t.a")
		var into struct{ T struct{ A any } }
		if _, twice := outlined([]byte(before)).twice(); twice {
			return // Decode refuses it
		}
		if toml.Unmarshal([]byte(before), new(any)) == nil && toml.Unmarshal(set, &into) == nil && into.T.A != int64(1) {
			t.Errorf("got %v of\n%s", into.T.A, set)
		}
	})
}
