package labtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/google/uuid"

	"sandboxlabs/backend/lab"
)

// BaseBytes is the virtual size of the bases the suites upload.
const BaseBytes = 64 << 20

// PoolSuite holds a lab.Pool to its contract. fresh gives one without volumes.
func PoolSuite(t *testing.T, fresh func(t *testing.T) lab.Pool) {
	tests := []struct {
		name string
		run  func(t *testing.T, p lab.Pool)
	}{
		{"a new pool is empty", poolEmpty},
		{"an uploaded base comes back whole", poolUpload},
		{"a base is not replaced", poolUploadTwice},
		{"a failed upload leaves nothing", poolUploadFails},
		{"an overlay stands on its base", poolOverlay},
		{"an overlay needs a free name and a base", poolOverlayRefused},
		{"an overlay can be larger than its base, and stand alone", poolOverlaySizes},
		{"a seed is a file of its own", poolSeed},
		{"an uploaded overlay stands on its base", poolUploadOverlay},
		{"a copy of an overlay has its base", poolCopy},
		{"a copy needs a free name and a source", poolCopyRefused},
		{"deleting is final and can be repeated", poolDelete},
		{"a name that is none is refused", poolBadName},
		{"a volume that is not there is not found", poolMissing},
		{"a cancelled call changes nothing", poolCancelled},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, fresh(t)) })
	}
}

// OverlayName gives the name of the first overlay of a node that does not exist.
func OverlayName() string {
	return (&lab.NodeSpec{ID: uuid.NewString()}).OverlayVolume(1)
}

// SeedName gives the name of the first seed of such a node.
func SeedName() string {
	return (&lab.NodeSpec{ID: uuid.NewString()}).SeedVolume(1)
}

// mustUploadBase uploads an empty disk of BaseBytes and gives its volume.
func mustUploadBase(t testing.TB, p lab.Pool) lab.Volume {
	t.Helper()
	content := QCOW2(BaseBytes, NoFlaw)
	v, err := p.Upload(t.Context(), lab.BaseVolume("base", "0123456789ab"), int64(len(content)), bytes.NewReader(content))
	if err != nil {
		t.Fatalf("uploading a base: %v", err)
	}
	return v
}

// mustCreateOverlay makes the overlay of that name on a base.
func mustCreateOverlay(t testing.TB, p lab.Pool, name, base string) lab.Volume {
	t.Helper()
	v, err := p.CreateOverlay(t.Context(), name, base, 0)
	if err != nil {
		t.Fatalf("creating overlay %s: %v", name, err)
	}
	return v
}

// wantKind fails the test unless err is of that kind and says something.
func wantKind(t testing.TB, what string, err error, want lab.Kind) {
	t.Helper()
	var e *lab.Error
	switch {
	case want == "" && err == nil:
	case !errors.As(err, &e):
		t.Errorf("%s: got error %v, want a lab.Error of kind %q", what, err, want)
	case e.Kind != want || e.Message == "":
		t.Errorf("%s: got kind %q (%v), want %q with a message", what, e.Kind, err, want)
	}
}

func volumeNames(t *testing.T, p lab.Pool) []string {
	t.Helper()
	volumes, err := p.Volumes(t.Context())
	if err != nil {
		t.Fatalf("listing volumes: %v", err)
	}
	var names []string
	for _, v := range volumes {
		names = append(names, v.Name)
	}
	slices.Sort(names)
	return names
}

// wantVolume compares all but what the host's disk allocates: file systems
// settle that in their own time.
func wantVolume(t *testing.T, got, want lab.Volume) {
	t.Helper()
	got.Bytes, want.Bytes = 0, 0
	if got != want {
		t.Errorf("got volume %+v, want %+v", got, want)
	}
}

func poolEmpty(t *testing.T, p lab.Pool) {
	if got := volumeNames(t, p); len(got) != 0 {
		t.Errorf("got %v, want none", got)
	}
}

func poolUpload(t *testing.T, p lab.Pool) {
	want := QCOW2(BaseBytes, NoFlaw)
	made := mustUploadBase(t, p)
	v := mustVolume(t, p, made.Name)
	if v.FileBytes != int64(len(want)) || v.VirtualBytes != BaseBytes || v.Backing != "" || v.ModTime.IsZero() || v.Path == "" {
		t.Errorf("got %+v, want %d bytes of file, %d of disk, no backing", v, len(want), BaseBytes)
	}
	wantVolume(t, v, made)
	if got := mustDownload(t, p, made.Name); !bytes.Equal(got, want) {
		t.Errorf("downloaded %d bytes that differ from the %d uploaded", len(got), len(want))
	}
	if got := volumeNames(t, p); !slices.Equal(got, []string{made.Name}) {
		t.Errorf("listed %v, want %s", got, made.Name)
	}
}

func mustDownload(t *testing.T, p lab.Pool, name string) []byte {
	t.Helper()
	r, err := p.Download(t.Context(), name)
	if err != nil {
		t.Fatalf("downloading %s: %v", name, err)
	}
	b, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatalf("downloading %s: %v", name, err)
	}
	return b
}

func poolUploadTwice(t *testing.T, p lab.Pool) {
	base := mustUploadBase(t, p)
	_, err := p.Upload(t.Context(), base.Name, 3, bytes.NewReader([]byte("abc")))
	wantKind(t, "a second upload", err, lab.KindExists)
	wantVolume(t, mustVolume(t, p, base.Name), base)
}

func poolUploadFails(t *testing.T, p lab.Pool) {
	name := lab.BaseVolume("base", "0123456789ab")
	content := QCOW2(BaseBytes, NoFlaw)
	broken := io.MultiReader(bytes.NewReader(content[:1000]), brokenReader{})
	if _, err := p.Upload(t.Context(), name, int64(len(content)), broken); !errors.Is(err, errBroken) {
		t.Errorf("a reader that fails: got %v, want its error", err)
	}
	_, err := p.Upload(t.Context(), name, int64(len(content)), bytes.NewReader(content[:1000]))
	wantKind(t, "content that is too short", err, lab.KindInvalid)
	_, err = p.Upload(t.Context(), name, 1000, bytes.NewReader(content))
	wantKind(t, "content that is too long", err, lab.KindInvalid)
	if got := volumeNames(t, p); len(got) != 0 {
		t.Errorf("left %v, want none", got)
	}
}

var errBroken = errors.New("the reader broke")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBroken }

func poolOverlay(t *testing.T, p lab.Pool) {
	base := mustUploadBase(t, p)
	name := OverlayName()
	v := mustCreateOverlay(t, p, name, base.Name)
	if v.Name != name || v.Backing != base.Path || v.VirtualBytes != BaseBytes || v.Bytes <= 0 || v.Bytes > 1<<20 {
		t.Errorf("got %+v, want at most 1 MiB on %s", v, base.Path)
	}
	wantVolume(t, mustVolume(t, p, name), v)
	if got, want := volumeNames(t, p), sorted(name, base.Name); !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func sorted(names ...string) []string {
	slices.Sort(names)
	return names
}

func poolOverlayRefused(t *testing.T, p lab.Pool) {
	base := mustUploadBase(t, p)
	name := OverlayName()
	mustCreateOverlay(t, p, name, base.Name)
	_, err := p.CreateOverlay(t.Context(), name, base.Name, 0)
	wantKind(t, "a taken name", err, lab.KindExists)
	_, err = p.CreateOverlay(t.Context(), OverlayName(), lab.BaseVolume("other", "0123456789ab"), 0)
	wantKind(t, "a missing base", err, lab.KindNotFound)
	if got, want := volumeNames(t, p), sorted(name, base.Name); !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func poolOverlaySizes(t *testing.T, p lab.Pool) {
	base := mustUploadBase(t, p)
	const large = 3 << 30
	for _, under := range []lab.Volume{base, {}} {
		name := OverlayName()
		v, err := p.CreateOverlay(t.Context(), name, under.Name, large)
		if err != nil {
			t.Fatalf("a larger one on %q: %v", under.Name, err)
		}
		if v.VirtualBytes != large || v.Backing != under.Path || v.Bytes <= 0 || v.Bytes > 1<<20 {
			t.Errorf("got %+v, want %d bytes of disk on %q", v, int64(large), under.Path)
		}
		wantVolume(t, mustVolume(t, p, name), v)
		copied, err := p.CopyOverlay(t.Context(), OverlayName(), name)
		if err != nil || copied.VirtualBytes != large || copied.Backing != under.Path {
			t.Errorf("a copy: got %+v, %v, want it like %+v", copied, err, v)
		}
	}
	before := volumeNames(t, p)
	_, err := p.CreateOverlay(t.Context(), OverlayName(), base.Name, BaseBytes/2)
	wantKind(t, "one below its base's size", err, lab.KindInvalid)
	for _, size := range []int64{0, -1} {
		_, err = p.CreateOverlay(t.Context(), OverlayName(), "", size)
		wantKind(t, "one without a base or a size", err, lab.KindInvalid)
	}
	if got := volumeNames(t, p); !slices.Equal(got, before) {
		t.Errorf("listed %v, want %v", got, before)
	}
}

func poolSeed(t *testing.T, p lab.Pool) {
	name, want := SeedName(), []byte("seed")
	made, err := p.Upload(t.Context(), name, int64(len(want)), bytes.NewReader(want))
	if err != nil {
		t.Fatalf("uploading a seed: %v", err)
	}
	if made.Name != name || made.FileBytes != int64(len(want)) || made.Backing != "" || made.Path == "" {
		t.Errorf("got %+v, want %s with %d bytes", made, name, len(want))
	}
	wantVolume(t, mustVolume(t, p, name), made)
	if got := mustDownload(t, p, name); !bytes.Equal(got, want) {
		t.Errorf("downloaded %q, want %q", got, want)
	}
	_, err = p.Upload(t.Context(), name, 3, bytes.NewReader([]byte("abc")))
	wantKind(t, "a second upload", err, lab.KindExists)
	if got := volumeNames(t, p); !slices.Equal(got, []string{name}) {
		t.Errorf("listed %v, want %s", got, name)
	}
	for range 2 {
		wantKind(t, "deleting", p.Delete(t.Context(), name), "")
	}
	if got := volumeNames(t, p); len(got) != 0 {
		t.Errorf("left %v, want none", got)
	}
}

func poolUploadOverlay(t *testing.T, p lab.Pool) {
	base, name := mustUploadBase(t, p), OverlayName()
	for _, want := range []lab.Volume{{Name: name, Backing: base.Path, VirtualBytes: 2 * BaseBytes}, {Name: OverlayName(), VirtualBytes: BaseBytes}} {
		content := QCOW2On(want.Backing, want.VirtualBytes)
		v, err := p.Upload(t.Context(), want.Name, int64(len(content)), bytes.NewReader(content))
		if err != nil || v.Name != want.Name || v.Backing != want.Backing || v.VirtualBytes != want.VirtualBytes {
			t.Fatalf("got %+v, %v, want %+v", v, err, want)
		}
		wantVolume(t, mustVolume(t, p, want.Name), v)
		if got := mustDownload(t, p, want.Name); !bytes.Equal(got, content) {
			t.Errorf("downloaded %d bytes that differ from the %d uploaded", len(got), len(content))
		}
	}
	_, err := p.Upload(t.Context(), name, 3, bytes.NewReader([]byte("abc")))
	wantKind(t, "a second upload", err, lab.KindExists)
}

func poolCopy(t *testing.T, p lab.Pool) {
	base := mustUploadBase(t, p)
	from, name := OverlayName(), OverlayName()
	mustCreateOverlay(t, p, from, base.Name)
	v, err := p.CopyOverlay(t.Context(), name, from)
	if err != nil {
		t.Fatalf("copying: %v", err)
	}
	if v.Name != name || v.Backing != base.Path || v.VirtualBytes != BaseBytes || v.Bytes > 1<<20 {
		t.Errorf("got %+v, want %s on %s", v, name, base.Path)
	}
	wantVolume(t, mustVolume(t, p, name), v)
}

func poolCopyRefused(t *testing.T, p lab.Pool) {
	base := mustUploadBase(t, p)
	from := OverlayName()
	mustCreateOverlay(t, p, from, base.Name)
	_, err := p.CopyOverlay(t.Context(), from, from)
	wantKind(t, "a taken name", err, lab.KindExists)
	_, err = p.CopyOverlay(t.Context(), OverlayName(), OverlayName())
	wantKind(t, "a missing source", err, lab.KindNotFound)
}

func poolDelete(t *testing.T, p lab.Pool) {
	base := mustUploadBase(t, p)
	name := OverlayName()
	mustCreateOverlay(t, p, name, base.Name)
	for _, gone := range []string{name, name, base.Name, base.Name} {
		if err := p.Delete(t.Context(), gone); err != nil {
			t.Errorf("deleting %s: %v", gone, err)
		}
	}
	if got := volumeNames(t, p); len(got) != 0 {
		t.Errorf("left %v, want none", got)
	}
	mustCreateOverlay(t, p, name, mustUploadBase(t, p).Name)
}

func poolBadName(t *testing.T, p lab.Pool) {
	base := mustUploadBase(t, p)
	for _, name := range []string{"", "disk.qcow2", "../" + base.Name, OverlayName() + ".bak", SeedName() + ".bak"} {
		for what, err := range poolCalls(t.Context(), p, name, base.Name) {
			wantKind(t, what+" of "+name, err, lab.KindInvalid)
		}
	}
	_, err := p.CreateOverlay(t.Context(), base.Name, base.Name, 0)
	wantKind(t, "an overlay named like a base", err, lab.KindInvalid)
	_, err = p.CreateOverlay(t.Context(), SeedName(), base.Name, 0)
	wantKind(t, "an overlay named like a seed", err, lab.KindInvalid)
}

// poolCalls makes every call that takes a name and gives its error.
func poolCalls(ctx context.Context, p lab.Pool, name, base string) map[string]error {
	errs := make(map[string]error)
	_, errs["Volume"] = p.Volume(ctx, name)
	_, errs["CreateOverlay"] = p.CreateOverlay(ctx, name, base, 0)
	_, errs["CreateOverlay on it"] = p.CreateOverlay(ctx, OverlayName(), name, 0)
	_, errs["CopyOverlay"] = p.CopyOverlay(ctx, name, OverlayName())
	_, errs["CopyOverlay from it"] = p.CopyOverlay(ctx, OverlayName(), name)
	_, errs["Upload"] = p.Upload(ctx, name, 0, bytes.NewReader(nil))
	_, errs["Download"] = p.Download(ctx, name)
	errs["Delete"] = p.Delete(ctx, name)
	return errs
}

func poolMissing(t *testing.T, p lab.Pool) {
	_, err := p.Volume(t.Context(), OverlayName())
	wantKind(t, "Volume", err, lab.KindNotFound)
	_, err = p.Download(t.Context(), OverlayName())
	wantKind(t, "Download", err, lab.KindNotFound)
}

func poolCancelled(t *testing.T, p lab.Pool) {
	base := mustUploadBase(t, p)
	ctx := cancelled(t)
	_, err := p.CreateOverlay(ctx, OverlayName(), base.Name, 0)
	wantKind(t, "CreateOverlay", err, lab.KindUnavailable)
	content := QCOW2(BaseBytes, NoFlaw)
	_, err = p.Upload(ctx, lab.BaseVolume("other", "0123456789ab"), int64(len(content)), bytes.NewReader(content))
	wantKind(t, "Upload", err, lab.KindUnavailable)
	wantKind(t, "Delete", p.Delete(ctx, base.Name), lab.KindUnavailable)
	if got := volumeNames(t, p); !slices.Equal(got, []string{base.Name}) {
		t.Errorf("listed %v, want %s", got, base.Name)
	}
}
