package labtest

import (
	"bytes"
	"context"
	"os"
	"testing"

	"sandboxlabs/backend/lab"
)

// PlacingPool is a pool into which files can be moved.
type PlacingPool interface {
	lab.Pool
	lab.Placer
}

// Placing is the fake pool as one in whose directory this process can write.
type Placing struct {
	*Pool
	Dir string // the staging folder
}

// Staging gives the folder.
func (p Placing) Staging(ctx context.Context) (dir string, err error) {
	anything := func(string) bool { return true }
	err = p.do(ctx, "Staging", "", anything, func() error {
		if err := os.MkdirAll(p.Dir, 0o700); err != nil {
			return lab.Errorf(lab.KindUnavailable, "the folder can not be made").WithCause(err)
		}
		return nil
	})
	return p.Dir, err
}

// Place takes a file.
func (p Placing) Place(ctx context.Context, name, file string) (made lab.Volume, err error) {
	placed := func(name string) bool { return isReadable(name) && !isSeed(name) }
	err = p.do(ctx, "Place", name, placed, func() error {
		content, err := os.ReadFile(file)
		if err != nil {
			return lab.Errorf(lab.KindUnavailable, "the file can not be read").WithCause(err)
		}
		if made, err = p.add(name, filled(content), content); err != nil {
			return err
		}
		return os.Remove(file)
	})
	return made, err
}

// PlacerSuite holds a lab.Placer to its contract. fresh gives one without volumes.
func PlacerSuite(t *testing.T, fresh func(t *testing.T) PlacingPool) {
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, p PlacingPool)
	}{
		{"a placed file is a volume like an uploaded one", placerPlaces},
		{"a placed overlay stands on its base", placerPlacesOverlay},
		{"variables lie beside an overlay, and go with it", placerPlacesVariables},
		{"a volume is not replaced", placerKeeps},
		{"a name that is none is refused", placerBadName},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, fresh(t)) })
	}
}

// mustStage makes a file of the staging folder.
func mustStage(t *testing.T, p PlacingPool, content []byte) (file string) {
	t.Helper()
	dir, err := p.Staging(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	file = dir + "/disk.qcow2"
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func placerPlaces(t *testing.T, p PlacingPool) {
	content := QCOW2(BaseBytes, NoFlaw)
	file, name := mustStage(t, p, content), lab.BaseVolume("base", "0123456789ab")
	v, err := p.Place(t.Context(), name, file)
	if err != nil || v.Name != name || v.FileBytes != int64(len(content)) || v.VirtualBytes != BaseBytes || v.ModTime.IsZero() {
		t.Fatalf("got %+v, %v, want the volume", v, err)
	}
	if again := mustVolume(t, p, name); again != v {
		t.Errorf("got %+v, want %+v", again, v)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("got %v for the file, want it moved", err)
	}
	mustCreateOverlay(t, p, OverlayName(), name)
	mustHaveVolumes(t, p, 2)
}

func placerPlacesOverlay(t *testing.T, p PlacingPool) {
	base, name := mustUploadBase(t, p), OverlayName()
	file := mustStage(t, p, QCOW2On(base.Path, 2*BaseBytes))
	v, err := p.Place(t.Context(), name, file)
	if err != nil || v.Backing != base.Path || v.VirtualBytes != 2*BaseBytes {
		t.Fatalf("got %+v, %v, want it on %s", v, err, base.Path)
	}
	wantVolume(t, mustVolume(t, p, name), v)
	_, err = p.Place(t.Context(), name, mustStage(t, p, QCOW2On(base.Path, BaseBytes)))
	mustBeKind(t, err, lab.KindExists)
	wantVolume(t, mustVolume(t, p, name), v)
}

func placerPlacesVariables(t *testing.T, p PlacingPool) {
	overlay := OverlayName()
	id, _, _ := lab.ParseOverlayVolume(overlay)
	variables, content := (&lab.NodeSpec{ID: id}).VariablesVolume(1), []byte("variables")
	if _, err := p.Place(t.Context(), variables, mustStage(t, p, content)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Place(t.Context(), overlay, mustStage(t, p, QCOW2(BaseBytes, NoFlaw))); err != nil {
		t.Fatal(err)
	}
	if v := mustVolume(t, p, variables); v.FileBytes != int64(len(content)) {
		t.Errorf("got %+v, want %d bytes", v, len(content))
	}
	if got := mustDownload(t, p, variables); !bytes.Equal(got, content) {
		t.Errorf("got the variables %q, want %q", got, content)
	}
	mustHaveVolumes(t, p, 1)
	wantKind(t, "deleting the overlay", p.Delete(t.Context(), overlay), "")
	_, err := p.Volume(t.Context(), variables)
	wantKind(t, "the variables of a deleted overlay", err, lab.KindNotFound)
}

func placerKeeps(t *testing.T, p PlacingPool) {
	base := mustUploadBase(t, p)
	file := mustStage(t, p, QCOW2(2*BaseBytes, NoFlaw))
	_, err := p.Place(t.Context(), base.Name, file)
	mustBeKind(t, err, lab.KindExists)
	if got := mustVolume(t, p, base.Name); got.VirtualBytes != BaseBytes {
		t.Errorf("got %+v, want it as it was", got)
	}
	if _, err := os.Stat(file); err != nil {
		t.Errorf("got %v for the file, want it left", err)
	}
}

func placerBadName(t *testing.T, p PlacingPool) {
	for _, name := range []string{"", "../x", "base.qcow2", SeedName()} {
		_, err := p.Place(t.Context(), name, mustStage(t, p, QCOW2(BaseBytes, NoFlaw)))
		mustBeKind(t, err, lab.KindInvalid)
	}
	mustHaveVolumes(t, p, 0)
}
