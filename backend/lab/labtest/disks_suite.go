package labtest

import (
	"bytes"
	"strings"

	"sandboxlabs/backend/lab"
)

// hypervisorMedium gives a domain a drive at its second start, and then changes
// what is in it, off and on.
func hypervisorMedium(r rig) {
	spec := r.defined("node")
	r.power(spec.ID, lab.PowerStart, lab.Running)
	first, second := r.medium("first"), r.medium("second")
	put := func(medium, inserted string) {
		r.Helper()
		spec.Medium = medium
		if err := r.h.Define(r.Context(), spec, lab.Disk{}); err != nil {
			r.Fatalf("putting in %q: %v", medium, err)
		}
		d := r.domain(spec.ID)
		r.wantSpec(d.Spec, spec)
		if d.Inserted != inserted {
			r.Errorf("got %q in the drive, want %q", d.Inserted, inserted)
		}
	}
	put(first, "") // it has no drive yet
	r.power(spec.ID, lab.PowerForceOff, lab.Stopped)
	put(second, "")
	put(first, "")
	if d := r.power(spec.ID, lab.PowerStart, lab.Running); d.Inserted != first {
		r.Errorf("got %q in the drive after a start, want %q", d.Inserted, first)
	}
	put(second, second)
	put("", "")
	put(first, first)
	r.power(spec.ID, lab.PowerForceOff, lab.Stopped)
	put("", "")
	spec.Medium = "../" + first
	wantKind(r, "a medium elsewhere", r.h.Define(r.Context(), spec, lab.Disk{}), lab.KindInvalid)
}

// medium gives the volume of a medium, uploaded for the test.
func (r rig) medium(name string) string {
	r.Helper()
	content := make([]byte, 64<<10)
	v, err := r.p.Upload(r.Context(), lab.MediumVolume(name, "0123456789ab"), int64(len(content)), bytes.NewReader(content))
	if err != nil {
		r.Fatalf("uploading a medium: %v", err)
	}
	return v.Name
}

func hypervisorSeed(r rig) {
	spec := r.spec("node")
	spec.FirstBoot = &lab.FirstBoot{User: "ann"}
	disk := r.disk(spec)
	seed, err := r.p.Upload(r.Context(), spec.SeedVolume(1), 4, strings.NewReader("seed"))
	if err != nil {
		r.Fatalf("uploading a seed: %v", err)
	}
	disk.Seed = seed.Path
	for range 2 {
		if err := r.h.Define(r.Context(), spec, disk); err != nil {
			r.Fatalf("defining: %v", err)
		}
	}
	d := r.power(spec.ID, lab.PowerStart, lab.Running)
	r.wantSpec(d.Spec, spec)
	if d.Overlay != disk.Overlay {
		r.Errorf("got overlay %s, want %s", d.Overlay, disk.Overlay)
	}
	r.power(spec.ID, lab.PowerForceOff, lab.Stopped)
	wantKind(r, "a disk without the seed", r.h.Define(r.Context(), spec, r.disk(spec)), "")
	wantKind(r, "deleting the seed", r.p.Delete(r.Context(), seed.Name), "")
	r.power(spec.ID, lab.PowerStart, lab.Running)
}
