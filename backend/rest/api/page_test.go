package api

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

// walk reads a list page by page.
func walk(s *site, path string, between func(page int)) (names []string) {
	s.Helper()
	next := ""
	for n := 0; ; n++ {
		p := into[page[lab.Node]](s.TB, s.want(http.StatusOK, "GET", path+"&cursor="+url.QueryEscape(next), ""))
		for _, v := range p.Items {
			names = append(names, v.Name)
		}
		if next = p.Next; next == "" {
			return names
		}
		if between != nil {
			between(n)
		}
	}
}

func TestListComesInPages(t *testing.T) {
	s := mustSite(t)
	var want []string
	for i := range 10 {
		want = append(want, s.made(fmt.Sprintf("web-%d", i)).Name)
	}
	for limit := range 12 {
		if got := walk(s, fmt.Sprintf("/nodes?limit=%d", limit+1), nil); !slices.Equal(got, want) {
			t.Errorf("by %d: got %v", limit+1, got)
		}
	}
}

// TestPagesKeepTheirPlace though nodes come and go between them, the one at the cursor too.
func TestPagesKeepTheirPlace(t *testing.T) {
	s := mustSite(t)
	ids := map[string]string{}
	for _, name := range []string{"b", "d", "f", "h"} {
		ids[name] = s.made(name).ID
	}
	got := walk(s, "/nodes?limit=2", func(n int) {
		if n == 0 {
			s.want(http.StatusOK, "DELETE", "/nodes/"+ids["d"], "")
			s.made("a")
			s.made("e")
		}
	})
	if want := []string{"b", "d", "e", "f", "h"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestListIsFiltered(t *testing.T) {
	s := mustSite(t)
	s.Library.MustAddImage(t, "other")
	web := s.made("web")
	s.made("db")
	s.want(http.StatusCreated, "POST", "/nodes", `{"name":"odd","image":"other"}`)
	s.want(http.StatusOK, "POST", "/nodes/"+web.ID+"/start", "")
	s.want(http.StatusOK, "GET", "/nodes/"+web.ID+"?wait=20", "")
	for query, want := range map[string]string{
		"":                        "db,odd,web",
		"state=running":           "web",
		"state=stopped,paused":    "db,odd",
		"name=B":                  "db,web",
		"image=other":             "odd",
		"base=" + web.Base:        "db,web",
		"base=x":                  "",
		"state=running&name=db":   "",
		"image=tiny&state=failed": "",
	} {
		if got := strings.Join(walk(s, "/nodes?"+query, nil), ","); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	for query, want := range map[string]int{"": 1, "kind=medium": 0, "kind=base": 1, "state=ready&name=TIN": 1} {
		if got := into[page[lab.Image]](t, s.want(http.StatusOK, "GET", "/images?"+query, "")).Items; len(got) != want {
			t.Errorf("images with %s: got %v, want %d", query, got, want)
		}
	}
}

func TestDeletedComeLastFirst(t *testing.T) {
	s := mustSite(t)
	for _, name := range []string{"a", "b", "c"} {
		v := s.made(name)
		s.want(http.StatusOK, "DELETE", "/nodes/"+v.ID, "")
	}
	got := walk(s, "/deleted-nodes?limit=1", nil)
	if len(got) != 3 || !slices.Contains(got, "b") {
		t.Errorf("got %v", got)
	}
	at := func(n int64) string { return timeKey(-n) }
	if at(3) >= at(2) || at(1) >= at(-1) || timeKey(1) >= timeKey(2) {
		t.Error("the keys are not in the order of the times")
	}
}

func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "MTp3ZWI", "MTo", "x", "====", cursor("web\x00id")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		key, err := parseCursor(text)
		switch {
		case err != nil && lab.KindOf(err) != lab.KindInvalid:
			t.Errorf("got %v", err)
		case err == nil && text != "" && cursor(key) != text:
			t.Errorf("%q is read as %q, whose cursor is %q", text, key, cursor(key))
		}
	})
}
