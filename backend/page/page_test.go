package page

import (
	"testing"
	"testing/fstest"

	"sandboxlabs/backend/lab"
)

func TestIndex(t *testing.T) {
	p, err := New(fstest.MapFS{"index.html": {Data: []byte(`<!doctype html><html lang="en"><head>`)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		begin Beginning
		want  string
	}{
		{Beginning{}, `<!doctype html><html lang="en"><head>`},
		{Beginning{Language: "de", Scheme: "light"}, `<!doctype html><html data-language="de" data-scheme="light" lang="en"><head>`},
		{Beginning{Desktop: `a"><script>`}, `<!doctype html><html data-desktop-language="a&#34;&gt;&lt;script&gt;" lang="en"><head>`},
	} {
		if got := string(p.Index(c.begin)); got != c.want {
			t.Errorf("%+v: %s, not %s", c.begin, got, c.want)
		}
	}
}

func TestWithoutPage(t *testing.T) {
	if _, err := New(fstest.MapFS{}); lab.KindOf(err) != lab.KindUnavailable {
		t.Errorf("a build without a page: %v", err)
	}
}
