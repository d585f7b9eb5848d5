package api

import (
	"fmt"
	"net/http"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/backend/rest/upload"
)

func TestUploadBecomesAnImage(t *testing.T) {
	s := mustSite(t)
	content := string(labtest.QCOW2(8<<20, labtest.NoFlaw))
	a := s.want(http.StatusCreated, "POST", "/uploads", fmt.Sprintf(`{"name":"disk.img","bytes":%d}`, len(content)))
	u := into[upload.Upload](t, a)
	path := "/uploads/" + u.ID
	if got, want := a.Header.Get("Location"), Prefix+path; got != want {
		t.Errorf("Location %s, want %s", got, want)
	}
	piece := func(status int, offset, text string) reading {
		t.Helper()
		return s.want(status, "PATCH", path, text, "Content-Type", pieceType, "Upload-Offset", offset)
	}
	piece(http.StatusNoContent, "0", content[:100])
	if got := s.want(http.StatusOK, "HEAD", path, "").Header.Get("Upload-Offset"); got != "100" {
		t.Errorf("%s are there, want 100", got)
	}
	if got := piece(http.StatusConflict, "0", content).Header.Get("Upload-Offset"); got != "100" {
		t.Errorf("after a piece at the wrong place %s are said to be there, want 100", got)
	}
	s.want(http.StatusConflict, "POST", "/images", `{"upload":"`+u.ID+`"}`)
	s.want(http.StatusConflict, "GET", path+"/probe", "")
	if got := piece(http.StatusNoContent, "100", content[100:]).Header.Get("Upload-Offset"); got != fmt.Sprint(len(content)) {
		t.Errorf("%s are there at the end, want %d", got, len(content))
	}
	s.want(http.StatusOK, "GET", path+"/probe", "")
	image := into[lab.Image](t, s.want(http.StatusCreated, "POST", "/images", `{"name":"mine","upload":"`+u.ID+`"}`))
	if got := into[lab.Image](t, s.want(http.StatusOK, "GET", "/images/mine?wait=20", "")); got.State != lab.ImageReady || image.State != lab.ImageAdding {
		t.Errorf("the image is %s, then %s", image.State, got.State)
	}
}

func TestPieceIsChecked(t *testing.T) {
	s := mustSite(t)
	u := into[upload.Upload](t, s.want(http.StatusCreated, "POST", "/uploads", `{"name":"disk.img","bytes":5}`))
	path := "/uploads/" + u.ID
	for _, test := range []struct {
		status             int
		path, kind, offset string
	}{
		{422, path, "application/json", "0"},
		{422, path, pieceType, "-1"},
		{422, path, pieceType, "00"},
		{422, path, pieceType, "x"},
		{409, path, pieceType, "99999999999999999"},
		{422, path, pieceType, "99999999999999999999999"},
		{404, "/uploads/AAAAAAAAAAAAAAAAAAAAAAAAAA", pieceType, "0"},
		{404, "/uploads/..%2f..%2fetc", pieceType, "0"},
	} {
		s.want(test.status, "PATCH", test.path, "hello", "Content-Type", test.kind, "Upload-Offset", test.offset)
	}
	s.want(422, "PATCH", path, "hello, and more", "Content-Type", pieceType, "Upload-Offset", "0")
	s.want(http.StatusNoContent, "DELETE", path, "")
	s.want(http.StatusNotFound, "HEAD", path, "")
	for _, body := range []string{`{"name":"../x","bytes":1}`, `{"name":".x","bytes":1}`, `{"name":"x","bytes":0}`, `{"name":"x","bytes":99999999999999}`} {
		s.want(422, "POST", "/uploads", body)
	}
}

func FuzzOffset(f *testing.F) {
	for _, seed := range []string{"", "0", "-1", "+1", "01", "9223372036854775808", "1e3", " 1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, err := parseOffset(text)
		if err != nil && lab.KindOf(err) != lab.KindInvalid || err == nil && fmt.Sprint(n) != text {
			t.Errorf("%q is read as %d, %v", text, n, err)
		}
	})
}
