package images

import (
	"crypto/sha512"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

// mustOwn gives the program's own catalogue.
func mustOwn(t *testing.T) []byte {
	t.Helper()
	content, err := os.ReadFile("../../images/catalogue.toml")
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func mustOffers(t *testing.T, own []byte, theirs string) (lab.Offers, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "catalogue.toml")
	if theirs != "" {
		mustWrite(t, file, theirs)
	}
	offers, err := NewCatalogue(own, file).Offers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return offers, file
}

// TestOwnCatalogue holds the program's entries to more than the form.
func TestOwnCatalogue(t *testing.T) {
	offers, _ := mustOffers(t, mustOwn(t), "")
	if offers.Problem != nil || len(offers.Entries) < 10 {
		t.Fatalf("got %d entries and %+v, want ten at least", len(offers.Entries), offers.Problem)
	}
	for _, e := range offers.Entries {
		if e.Remote.Sum != "" || e.Remote.SumFile == "" {
			t.Errorf("%s: want the publisher's list of checksums, and no sum that nobody computed", e.ID)
		}
		for _, address := range append(slices.Clone(e.Remote.Addresses), e.Remote.SumFile, e.Home) {
			if !strings.HasPrefix(address, "https://") || strings.ContainsAny(address, " #?") {
				t.Errorf("%s: got the address %q, want https and no more than a path", e.ID, address)
			}
		}
		if e.Overridden || e.Defaults.MemoryMiB == 0 || e.Kind != lab.ImageBase || e.Defaults.CloudInit && e.Defaults.User == "" && e.ID != "opensuse-leap-16.0" {
			t.Errorf("got %+v, want a base of the program's own with its needs, and whom its cloud-init makes", e)
		}
	}
	for _, id := range []string{"ubuntu-24.04", "debian-12", "debian-13", "alpine-3.19", "fedora-44", "rocky-9", "arch", "freebsd-15.1", "openwrt-25.12"} {
		if _, err := offers.Find(id); err != nil {
			t.Error(err)
		}
	}
	_, err := offers.Find("vms-9.2")
	wantError(t, err, lab.KindNotFound, "vms-9.2")
}

// theirEntry is an entry of a person's file, with lines changed or added.
func theirEntry(lines ...string) string {
	values := []string{
		`id = "mine"`, `title = "Mine"`, `version = "1"`, `arch = "x86_64"`, `group = "Linux"`, `home = "https://mine.invalid/"`,
		`licence = "Mine to give."`, `addresses = ["https://mine.invalid/disk.img.xz"]`, `sum_file = "https://mine.invalid/SHA256SUMS"`,
		`kind = "base"`, `format = "xz, raw"`, `memory_mib = 256`, `firmware = "uefi"`,
	}
	for _, line := range lines {
		key, value, _ := strings.Cut(line, " = ")
		i := slices.IndexFunc(values, func(v string) bool { return strings.HasPrefix(v, key+" = ") })
		switch {
		case i < 0:
			values = append(values, line)
		case value == "":
			values = slices.Delete(values, i, i+1)
		default:
			values[i] = line
		}
	}
	return "[[image]]\n" + strings.Join(values, "\n") + "\n"
}

func TestPersonsEntriesTakeTheirPlace(t *testing.T) {
	own := mustOwn(t)
	before, _ := mustOffers(t, own, "")
	offers, _ := mustOffers(t, own, theirEntry()+theirEntry(`id = "debian-12"`, `title = "My Debian"`))
	if offers.Problem != nil || len(offers.Entries) != len(before.Entries)+1 {
		t.Fatalf("got %d entries and %+v, want one more than %d", len(offers.Entries), offers.Problem, len(before.Entries))
	}
	mine, err := offers.Find("mine")
	if err != nil || !mine.Overridden || mine.Defaults.Firmware != lab.FirmwareUEFI || mine.Remote.SumFile == "" || mine.Format != "xz, raw" {
		t.Errorf("got %+v, %v, want all that was written", mine, err)
	}
	debian, err := offers.Find("debian-12")
	if err != nil || debian.Title != "My Debian" || !debian.Overridden || offers.Entries[2].ID != "debian-12" {
		t.Errorf("got %+v, %v, want it in its old place", debian, err)
	}
}

// TestBadFilesLeaveTheRest names file, line and key of what is wrong.
func TestBadFilesLeaveTheRest(t *testing.T) {
	own := mustOwn(t)
	before, _ := mustOffers(t, own, "")
	for name, tt := range map[string]struct {
		content, key, says string
		line               int
	}{
		"unknown key":         {theirEntry(`colour = "red"`), "image.colour", "has nothing of that name", 15},
		"unknown table":       {"[images]\nid = \"x\"\n", "images", "has nothing of that name", 1},
		"no list":             {"image = 3\n", "image", "integer", 1},
		"wrong type":          {theirEntry(`memory_mib = "much"`), "image.memory_mib", "string", 13},
		"syntax":              {"[[image]]\nid = \n", "", "", 2},
		"same id":             {theirEntry() + theirEntry(`id = "other"`) + theirEntry(), "image.id", `"mine" is the id of another`, 30},
		"bad name":            {theirEntry(`id = "../mine"`), "image.id", "not a valid name", 2},
		"a newline in a name": {theirEntry(`id = "a\nb"`), "image.id", "not a valid name", 2},
		"no id":               {theirEntry(`id = `), "image.id", "not a valid name", 1},
		"a newline in a note": {theirEntry(`title = "a\nb"`), "image.title", "not one line", 3},
		"no licence":          {theirEntry(`licence = `), "image.licence", "not one line", 1},
		"http without a sum":  {theirEntry(`addresses = ["http://mine.invalid/d.img"]`, `sum_file = `), "image.addresses", "not protected on its way", 9},
		"no address":          {theirEntry(`addresses = []`), "image.addresses", "no address", 9},
		"a file's address":    {theirEntry(`addresses = ["file:///etc/shadow"]`), "image.addresses", "not an address to download from", 9},
		"a list over http":    {theirEntry(`sum_file = "http://mine.invalid/SHA256SUMS"`), "image.sum_file", "not protected", 10},
		"a short sum":         {theirEntry(`sum = "abc"`), "image.sum", "no SHA-256", 15},
		"bad format":          {theirEntry(`format = "zip, raw"`), "image.format", "is no format of a base", 12},
		"an ISO as a base":    {theirEntry(`format = "iso"`), "image.format", "is no format of a base", 12},
		"a base as a medium":  {theirEntry(`kind = "medium"`), "image.format", "is no format of a medium", 12},
		"bad kind":            {theirEntry(`kind = "floppy"`), "image.kind", "not base or medium", 11},
		"another machine":     {theirEntry(`arch = "aarch64"`), "image.arch", "x86_64", 5},
		"bad firmware":        {theirEntry(`firmware = "coreboot"`), "image.firmware", "is no firmware", 14},
		"little memory":       {theirEntry(`memory_mib = 1`), "image.memory_mib", "out of range", 13},
		"bad user":            {theirEntry(`user = "A B"`), "image.user", "not the name of an account", 15},
		"bad group":           {theirEntry(`group = "Windows"`), "image.group", "is not Linux, BSD, Network", 6},
		"bad page":            {theirEntry(`home = "javascript:alert(1)"`), "image.home", "not an address of a page", 7},
		"less than nothing":   {theirEntry(`bytes = -1`), "image.bytes", "can not be", 15},
		"a disk of less":      {theirEntry(`disk_bytes = -1`), "image.disk_bytes", "can not be", 15},
	} {
		offers, file := mustOffers(t, own, tt.content)
		where := fmt.Sprintf("%s, line %d, %s: ", file, tt.line, tt.key)
		if tt.key == "" {
			where = fmt.Sprintf("%s, line %d: ", file, tt.line)
		}
		p := offers.Problem
		if p == nil || p.Kind != lab.KindInvalid || !strings.Contains(p.Message, where) || !strings.Contains(p.Message, tt.says) || !strings.Contains(p.Hint, file) {
			t.Errorf("%s: got %+v, want %q and %q", name, p, where, tt.says)
		}
		if len(offers.Entries) != len(before.Entries) {
			t.Errorf("%s: got %d entries, want the program's %d", name, len(offers.Entries), len(before.Entries))
		}
	}
}

func TestPersonsFileThatIsNone(t *testing.T) {
	c := NewCatalogue(mustOwn(t), t.TempDir())
	offers, err := c.Offers(t.Context())
	if err != nil || offers.Problem == nil || len(offers.Entries) == 0 {
		t.Errorf("got %+v, %v, want the program's entries and a problem", offers, err)
	}
	_, err = NewCatalogue([]byte("x"), "").Offers(t.Context())
	mustBeKind(t, err, lab.KindInternal)
}

// TestCheckEntry asks a publisher, and takes none of the file.
func TestCheckEntry(t *testing.T) {
	p := mustPublish(t, payload())
	behind := mustPublish(t, payload()[:400_000])
	head := fmt.Sprintf("sum_file = %q", p.URL+sumsPath)
	theirs := theirEntry(head, fmt.Sprintf("addresses = [%q, %q]", p.file(), p.file())) +
		theirEntry(`id = "gone"`, head, fmt.Sprintf("addresses = [%q, %q]", p.file(), p.URL+"/images/old/disk.qcow2")) +
		theirEntry(`id = "listless"`, head, fmt.Sprintf("addresses = [%q]", p.URL+"/images/disk2.qcow2")) +
		theirEntry(`id = "behind"`, head, fmt.Sprintf("addresses = [%q, %q]", p.file(), behind.file()))
	file := filepath.Join(t.TempDir(), "catalogue.toml")
	mustWrite(t, file, theirs)
	c := NewCatalogue(nil, file)
	for id, says := range map[string]string{"mine": "", "gone": "404", "listless": "does not name the file", "behind": "400000 bytes"} {
		check, err := c.CheckEntry(t.Context(), id)
		if err != nil || check.ID != id {
			t.Fatalf("got %+v, %v, want the check of %s", check, err, id)
		}
		switch {
		case says == "" && (check.Problem != nil || check.Bytes != int64(len(p.content)) || check.Sum != fmt.Sprintf("%x", sha512.Sum512(p.content))):
			t.Errorf("%s: got %+v, want it as it is", id, check)
		case says != "" && (check.Problem == nil || !strings.Contains(check.Problem.Message, says)):
			t.Errorf("%s: got %+v, want %q", id, check, says)
		}
	}
	if got := p.sentBytes(); got > 10 {
		t.Errorf("got %d bytes taken, want next to none", got)
	}
	p.answer = func(w http.ResponseWriter, _ *http.Request, _ int) bool { p.begin(w, 10); return true }
	if check, err := c.CheckEntry(t.Context(), "mine"); err != nil || check.Problem != nil || check.Bytes != int64(len(p.content)) {
		t.Errorf("got %+v, %v of a server without ranges, want the same", check, err)
	}
	_, err := c.CheckEntry(t.Context(), "nothing")
	wantError(t, err, lab.KindNotFound, "nothing")
}

// FuzzCatalogue reads a catalogue as a person may have written it: what is taken
// keeps the rules, and no two are called alike.
func FuzzCatalogue(f *testing.F) {
	f.Add([]byte(theirEntry()))
	f.Add([]byte(theirEntry() + theirEntry(`id = "other"`, `tpm = true`)))
	f.Add([]byte("[[image]]\nid = 1\n[[image.x]]"))
	f.Add([]byte("image = []\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		entries, err := parseCatalogue("catalogue.toml", content)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, e := range entries {
			if field, err := e.Check(); err != nil || seen[e.ID] {
				t.Errorf("got %+v, seen before: %v, %s: %v, want one that keeps the rules", e, seen[e.ID], field, err)
			}
			seen[e.ID] = true
		}
	})
}
