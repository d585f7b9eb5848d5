package labtest

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"sandboxlabs/backend/lab"
)

// CopyingHypervisor is a hypervisor that copies disks in use.
type CopyingHypervisor interface {
	lab.Hypervisor
	lab.Copier
}

// CopierSuite holds a lab.Copier to its contract. fresh is as for HypervisorSuite.
func CopierSuite(t *testing.T, fresh func(t *testing.T) (CopyingHypervisor, lab.Pool)) {
	h, p := fresh(t)
	r := rig{T: t, h: h, p: p, base: mustUploadBase(t, p), run: uuid.NewString()[:8]}
	spec := r.defined("web")
	copied := func(id, volume string) error {
		_, err := h.CopyDisk(t.Context(), id, volume)
		return err
	}
	wantKind(t, "a copy of a disk that is not in use", copied(spec.ID, spec.OverlayVolume(2)), lab.KindBusy)
	r.power(spec.ID, lab.PowerStart, lab.Running)
	own := r.domain(spec.ID).Overlay
	wantKind(t, "a copy", copied(spec.ID, spec.OverlayVolume(2)), "")
	made := mustVolume(t, p, spec.OverlayVolume(2))
	if was := mustVolume(t, p, spec.OverlayVolume(1)); made.VirtualBytes != was.VirtualBytes || made.Backing != was.Backing {
		t.Errorf("got %+v, want a copy of %+v", made, was)
	}
	wantKind(t, "a copy to itself", copied(spec.ID, spec.OverlayVolume(1)), lab.KindExists)
	wantKind(t, "a second copy of the name", copied(spec.ID, spec.OverlayVolume(2)), lab.KindExists)
	wantKind(t, "a copy to another's disk", copied(spec.ID, OverlayName()), lab.KindInvalid)
	wantKind(t, "a copy to a path", copied(spec.ID, "../"+spec.OverlayVolume(3)), lab.KindInvalid)
	none := r.spec("none")
	wantKind(t, "a copy of nobody's disk", copied(none.ID, none.OverlayVolume(1)), lab.KindNotFound)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := h.CopyDisk(ended, spec.ID, spec.OverlayVolume(3))
	wantKind(t, "a cancelled copy", err, lab.KindUnavailable)
	mustHaveVolumes(t, p, 3)
	for _, id := range []string{spec.ID, none.ID} {
		wantKind(t, "the end of no copy", h.EndCopy(t.Context(), id, spec.OverlayVolume(2)), "")
	}
	if d := r.domain(spec.ID); d.State != lab.Running || d.Overlay != own {
		t.Errorf("got %s on %s, want it to run on %s", d.State, d.Overlay, own)
	}
	r.power(spec.ID, lab.PowerForceOff, lab.Stopped)
	wantKind(t, "the end of a copy when it is off", h.EndCopy(t.Context(), spec.ID, spec.OverlayVolume(2)), "")
}
