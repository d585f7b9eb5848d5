package api

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"

	"sandboxlabs/backend/lab"
)

func TestTagsAreParsed(t *testing.T) {
	for header, want := range map[string]*tags{
		"":                {},
		"*":               {any: true},
		`"a"`:             {strong: []string{`"a"`}},
		` "a" , W/"b","c`: nil,
		`"a", W/"b" ,"c"`: {strong: []string{`"a"`, `"c"`}, weak: []string{`"b"`}},
		`a`:               nil,
		`"a" "b"`:         nil,
		`w/"a"`:           nil,
		"\"a\x01\"":       nil,
	} {
		got, err := parseTags(header)
		if (want == nil) != (err != nil) || want != nil && fmt.Sprint(got) != fmt.Sprint(*want) {
			t.Errorf("%q: got %+v, %v, want %+v", header, got, err, want)
		}
	}
}

func TestNodeThatWasSeenIsNotSentAgain(t *testing.T) {
	s := mustSite(t)
	node := "/nodes/" + s.made("web").ID
	tag := s.want(http.StatusOK, "GET", node, "").Header.Get("ETag")
	a := s.want(http.StatusNotModified, "GET", node, "", "If-None-Match", `"other", W/`+tag)
	if len(a.body) > 0 || a.Header.Get("ETag") != tag {
		t.Errorf("got %q with ETag %s, want nothing with %s", a.body, a.Header.Get("ETag"), tag)
	}
	changed := s.want(http.StatusOK, "PATCH", node, `{"notes":"x"}`).Header.Get("ETag")
	if changed == tag {
		t.Error("a change leaves the ETag as it was")
	}
	if got := s.want(http.StatusOK, "GET", node, "", "If-None-Match", tag).Header.Get("ETag"); got != changed {
		t.Errorf("the node is tagged %s, its change said %s", got, changed)
	}
}

// TestTagIsOfWhatCanBeChanged: a guest that writes must not make a client's tag worthless.
func TestTagIsOfWhatCanBeChanged(t *testing.T) {
	v := lab.Node{NodeSpec: lab.NodeSpec{Name: "web"}, Overlay: lab.Overlay{Bytes: 1}, Undo: &lab.Undo{Bytes: 1}}
	grown := v
	grown.Overlay.Bytes, grown.Undo = 2, &lab.Undo{Bytes: 2}
	if nodeTag(v) != nodeTag(grown) || v.Undo.Bytes != 1 {
		t.Error("the size of a disk is in the tag, or was lost by it")
	}
	renamed := v
	renamed.Name = "db"
	if nodeTag(v) == nodeTag(renamed) {
		t.Error("the name is not in the tag")
	}
}

// TestOneOfManyChangesWins: the check and the change are one step.
func TestOneOfManyChangesWins(t *testing.T) {
	s := mustSite(t)
	node := "/nodes/" + s.made("web").ID
	for thing, body := range map[string]string{node: `{"notes":"%d"}`, "/images/tiny": `{"defaults":{"vcpus":%d}}`} {
		tag := s.want(http.StatusOK, "GET", thing, "").Header.Get("ETag")
		statuses := make([]int, 20)
		var wg sync.WaitGroup
		for i := range statuses {
			wg.Go(func() {
				// Another change may be under way: that is no answer to whether this one may.
				for statuses[i] = http.StatusConflict; statuses[i] == http.StatusConflict; {
					statuses[i] = s.ask("PATCH", thing, fmt.Sprintf(body, i+1), "If-Match", tag).StatusCode
				}
			})
		}
		wg.Wait()
		slices.Sort(statuses)
		if got := fmt.Sprint(statuses[0], statuses[1], statuses[19]); got != "200 412 412" {
			t.Errorf("%s: got %v, want one 200 and 412 for the others", thing, statuses)
		}
	}
}

func TestEveryChangeOfAnImageMindsItsTag(t *testing.T) {
	s := mustSite(t)
	for _, ask := range [][3]string{
		{"PATCH", "", `{"defaults":{}}`},
		{"DELETE", "", ""},
		{"POST", "/verify", ""},
		{"POST", "/compress", ""},
		{"POST", "/resize", `{"bytes":1073741824}`},
		{"POST", "/rename", `{"name":"other"}`},
	} {
		s.want(http.StatusPreconditionFailed, ask[0], "/images/tiny"+ask[1], ask[2], "If-Match", `"old"`)
	}
	tag := s.want(http.StatusOK, "GET", "/images/tiny", "").Header.Get("ETag")
	s.want(http.StatusOK, "POST", "/images/tiny/rename", `{"name":"small"}`, "If-Match", tag)
	s.want(http.StatusNoContent, "DELETE", "/images/small", "", "If-Match", "*")
}

func TestEveryChangeOfANodeMindsItsTag(t *testing.T) {
	s := mustSite(t)
	node := "/nodes/" + s.made("web").ID
	for _, action := range actions {
		if action.word != "restore" { // what is to be restored has no tag that one could have seen change
			s.want(http.StatusPreconditionFailed, "POST", node+"/"+action.word, "", "If-Match", `"old"`)
		}
	}
	s.want(http.StatusPreconditionFailed, "POST", node+"/rename", `{"name":"db"}`, "If-Match", `"old"`)
	s.want(http.StatusPreconditionFailed, "DELETE", node+"?purge=true", "", "If-Match", `"old"`)
	s.want(http.StatusOK, "GET", node, "")
}

func FuzzTags(f *testing.F) {
	for _, seed := range []string{"", "*", `"a"`, `W/"a", "b"`, `"`, `W/`, `"a" "b"`, ` , "a"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		got, err := parseTags(header)
		if err != nil && lab.KindOf(err) != lab.KindInvalid {
			t.Errorf("got %v", err)
		}
		for _, tag := range got.strong {
			if again, err := parseTags(tag); err != nil || !again.strongly(tag) || !again.weakly(tag) {
				t.Errorf("%q holds %q, which is none: %v", header, tag, err)
			}
		}
	})
}
