package images

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

func TestSumsOfPublishers(t *testing.T) {
	one, two := strings.Repeat("1", 64), strings.Repeat("2", 64)
	long := strings.Repeat("a", 128)
	for name, tt := range map[string]struct{ list, want string }{
		"GNU":         {one + "  other.img\n" + two + "  disk.img\n", two},
		"GNU, binary": {two + " *disk.img\n", two},
		"Windows":     {two + "  disk.img\r\n" + one + "  other.img\r\n", two},
		"a folder":    {two + "  ./amd64/disk.img\n", two},
		"BSD":         {"# disk.img: 12 bytes\nSHA256 (disk.img) = " + two + "\n", two},
		"signed": {
			"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nSHA256 (disk.img) = " + two + "\n-----BEGIN PGP SIGNATURE-----\n\n" + long + "\n", two,
		},
		"alone":       {"  " + strings.ToUpper(long) + "\n", long},
		"both":        {"SHA256 (disk.img) = " + two + "\nSHA512 (disk.img) = " + long + "\n", long},
		"not of it":   {one + "  disk.img.xz\n" + one + "  my-disk.img\n", ""},
		"MD5":         {"d41d8cd98f00b204e9800998ecf8427e  disk.img\n", ""},
		"nothing":     {"", ""},
		"a long line": {strings.Repeat("x", 1<<20) + "\n" + two + "  disk.img\n", two},
	} {
		if got := findSum(tt.list, "disk.img"); got != tt.want {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

func FuzzFindSum(f *testing.F) {
	for _, list := range []string{
		strings.Repeat("1", 64) + "  disk.img\n", strings.Repeat("a", 128) + " *disk.img", "SHA512 (disk.img) = " + strings.Repeat("B", 128),
		strings.Repeat("0", 64), "\n\n  \r\n", "(disk.img) = ",
	} {
		f.Add(list, "disk.img")
	}
	f.Fuzz(func(t *testing.T, list, file string) {
		sum := findSum(list, file)
		if _, err := hex.DecodeString(sum); err != nil || sum != strings.ToLower(sum) || len(sum) != 0 && len(sum) != 64 && len(sum) != 128 {
			t.Errorf("got %q, want a checksum or none", sum)
		}
		if sum != "" && !strings.Contains(strings.ToLower(list), sum) {
			t.Errorf("got %q, which is not in the list", sum)
		}
	})
}

// TestListsThatCanNotBeUsed has the publisher's list of checksums fail.
func TestListsThatCanNotBeUsed(t *testing.T) {
	p := mustPublish(t, payload())
	for name, tt := range map[string]struct {
		list http.HandlerFunc
		says string
	}{
		"gone":      {http.NotFound, "can not be read: it can not be downloaded"},
		"of others": {func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprintf(w, "%064d  other.img\n", 1) }, "does not name the file"},
		"too large": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, maxSums+2)) }, "larger than 4 MiB"},
	} {
		lists := httptest.NewServer(tt.list)
		l, w := newWebLibrary(t)
		_, err := pull(t, l, lab.Remote{Addresses: []string{p.file()}, SumFile: lists.URL})
		lists.Close()
		wantError(t, err, lab.KindUnavailable, tt.says, "list of checksums")
		if got := len(p.requests()); got > 0 {
			t.Errorf("%s: got %d requests for the file, want none", name, got)
		}
		wantNothing(t, l, w)
	}
}
