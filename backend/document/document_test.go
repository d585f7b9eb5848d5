package document

import (
	"errors"
	"strings"
	"testing"
)

// shelf is a document to be read.
type shelf struct {
	Name  string `toml:"name"`
	Books []struct {
		Title string `toml:"title"`
		Pages int    `toml:"pages"`
	} `toml:"book"`
}

const twoBooks = "name = \"mine\"\n\n[[book]]\ntitle = \"one\"\npages = 10\n\n[[book]]\n# no title\npages = 20\n"

func TestDecode(t *testing.T) {
	var got shelf
	if err := Decode("shelf.toml", []byte(twoBooks), &got, "unknown"); err != nil || got.Name != "mine" || len(got.Books) != 2 || got.Books[1].Pages != 20 {
		t.Errorf("got %+v, %v, want all of it", got, err)
	}
}

func TestFaultsNameTheirPlace(t *testing.T) {
	for content, want := range map[string]string{
		"name = 1\n":                             "f, line 1, name: a value of type integer can not be a value of type string",
		"\ncolour = 1\n":                         "f, line 2, colour: nobody knows it",
		"[[book]]\ntitle = \"a\"\nprice = 1\n":   "f, line 3, book.price: nobody knows it",
		"[[book]]\n[[book]]\npages = \"many\"\n": "f, line 3, book.pages: a value of type string",
		"name = \n":                              "f, line 1: ",
		"name = \"\x01\"\n":                      "f, line 1",
	} {
		err := Decode("f", []byte(content), new(shelf), "nobody knows it")
		var fault *Error
		if !errors.As(err, &fault) || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "shelf") {
			t.Errorf("%q: got %v, want %s", content, err, want)
		}
	}
}

func TestAt(t *testing.T) {
	for key, want := range map[string]string{
		"name":          "f, line 1, name: wrong",
		"book[0].pages": "f, line 5, book.pages: wrong",
		"book[1].pages": "f, line 9, book.pages: wrong",
		"book[1].title": "f, line 7, book.title: wrong", // of its table, as it is missing
		"colour":        "f, colour: wrong",
	} {
		if got := At("f", []byte(twoBooks), key, "wrong").Error(); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
}

func TestKeySetTwice(t *testing.T) {
	err := Decode("f", []byte("name = \"a\"\nname = \"b\"\n"), new(shelf), "unknown")
	if want := "f, line 2, name: key name is already defined"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// What the decoder takes for one key is not to be there twice, but once in each table of an array.
func TestKeySpelledTwice(t *testing.T) {
	err := Decode("f", []byte("# mine\nname = \"a\"\nName = \"b\"\n"), new(shelf), "unknown")
	if want := "f, line 3, Name: it is there already, spelled in another way"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	for text, want := range map[string]bool{
		"[[book]]\n[book.size]\nw = 1\n[[book]]\n[book.size]\nw = 2\n": false,
		"[[book]]\n[book.size]\nw = 1\n[[u]]\n[book.Size]\nW = 2\n":    true,
		"[t]\na = 1\n[[u]]\n[T]\nA = 2\n":                              true,
		"t = { a = 1, A = 2 }\n":                                       true,
	} {
		if _, got := outlined([]byte(text)).twice(); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
	err = Decode("f", []byte("[[book]]\npages = 1\n[[book]]\npages = 2\nPages = 3\n"), new(shelf), "unknown")
	if want := "f, line 5, book.Pages: it is there already, spelled in another way"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
