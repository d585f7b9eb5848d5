package labtest

import (
	"cmp"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"sandboxlabs/backend/lab"
)

// hintLimit is how long the suite waits for a hint; they come
// within milliseconds.
const hintLimit = 20 * time.Second

// rig is a hypervisor under test, with the disks to define domains on.
type rig struct {
	*testing.T
	h    lab.Hypervisor
	p    lab.Pool
	base lab.Volume
	run  string // makes names unique: on a real host others have names too
}

// HypervisorSuite holds a lab.Hypervisor to its contract. fresh gives one
// without domains and the pool for their disks; what stays behind is for it to
// clean up.
func HypervisorSuite(t *testing.T, fresh func(t *testing.T) (lab.Hypervisor, lab.Pool)) {
	tests := []struct {
		name string
		run  func(r rig)
	}{
		{"without domains there is none", hypervisorEmpty},
		{"a defined domain tells its spec", hypervisorDefine},
		{"a zero disk changes none and makes none", hypervisorZeroDisk},
		{"a domain can be brought to another spec", hypervisorRedefine},
		{"a seed serves the start", hypervisorSeed},
		{"defining keeps the name", hypervisorKeepsName},
		{"a name is given once", hypervisorNameTaken},
		{"a domain can be renamed while it is off", hypervisorRename},
		{"undefining is final and can be repeated", hypervisorUndefine},
		{"the power states follow the actions", hypervisorPower},
		{"an action in the wrong state is busy", hypervisorWrongState},
		{"a redefined disk serves the next start", hypervisorNextStart},
		{"a medium goes into the drive, and out of it", hypervisorMedium},
		{"what is not there is not found", hypervisorMissing},
		{"every change is hinted at", hypervisorWatch},
		{"a watch ends with its context", hypervisorWatchEnds},
		{"a lost connection is told, and each attempt to restore it", hypervisorLost},
		{"the host tells what it can do", hypervisorHost},
		{"a cancelled call changes nothing", hypervisorCancelled},
		{"consoles need an active domain", hypervisorConsoles},
		{"what has a process is measured", hypervisorUsage},
		{"what stands behind a domain can be seen", hypervisorInspect},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, p := fresh(t)
			tt.run(rig{T: t, h: h, p: p, base: mustUploadBase(t, p), run: uuid.NewString()[:8]})
		})
	}
}

func (r rig) name(short string) string { return short + "-" + r.run }

func (r rig) spec(name string) lab.NodeSpec {
	spec := Spec(r.name(name))
	spec.Base = r.base.Name
	return spec
}

// disk gives the disk of the spec's generation, made where it is not there yet.
func (r rig) disk(spec lab.NodeSpec) lab.Disk {
	r.Helper()
	name := spec.OverlayVolume(spec.Generation)
	v, err := r.p.Volume(r.Context(), name)
	if lab.KindOf(err) == lab.KindNotFound {
		v, err = r.p.CreateOverlay(r.Context(), name, r.base.Name, 0)
	}
	if err != nil {
		r.Fatalf("overlay %s: %v", name, err)
	}
	return lab.Disk{Overlay: v.Path, Base: r.base.Path}
}

func (r rig) define(spec lab.NodeSpec) {
	r.Helper()
	if err := r.h.Define(r.Context(), spec, r.disk(spec)); err != nil {
		r.Fatalf("defining %s: %v", spec.Name, err)
	}
}

func (r rig) defined(name string) lab.NodeSpec {
	r.Helper()
	spec := r.spec(name)
	r.define(spec)
	return spec
}

func (r rig) domain(id string) lab.Domain {
	r.Helper()
	d, err := r.h.Domain(r.Context(), id)
	if err != nil {
		r.Fatalf("reading domain %s: %v", id, err)
	}
	return d
}

func (r rig) power(id string, action lab.PowerAction, want lab.State) lab.Domain {
	r.Helper()
	if err := r.h.Power(r.Context(), id, action); err != nil {
		r.Fatalf("%s: %v", action, err)
	}
	d := r.domain(id)
	if d.State != want {
		r.Errorf("after %s: got state %s, want %s", action, d.State, want)
	}
	return d
}

func (r rig) ids() []string {
	r.Helper()
	domains, err := r.h.Domains(r.Context())
	if err != nil {
		r.Fatalf("listing domains: %v", err)
	}
	ids := []string{}
	for _, d := range domains {
		ids = append(ids, d.Spec.ID)
	}
	slices.Sort(ids)
	return ids
}

func (r rig) wantSpec(got, want lab.NodeSpec) {
	r.Helper()
	if !reflect.DeepEqual(got, want) {
		r.Errorf("got spec\n%+v, want\n%+v", got, want)
	}
}

func hypervisorEmpty(r rig) {
	if got := r.ids(); len(got) != 0 {
		r.Errorf("got %v, want none", got)
	}
}

// fullSpec gives a spec with every field set.
func (r rig) fullSpec(name string) lab.NodeSpec {
	at := func(minute int) time.Time { return time.Date(2026, 2, 3, 4, minute, 6, 789_000_001, time.UTC) }
	started, wiped := at(1), at(2)
	spec := r.spec(name)
	spec.VCPUs, spec.MemoryMiB, spec.Generation, spec.Keymap, spec.StopSeconds = 2, 96, 3, "de", 7
	spec.Notes = "two\nlines,\ttabs, \"quotes\", <ümlaut> & ]]> \x01 \uffff"
	spec.Kept = []lab.KeptOverlay{{Generation: 1, At: at(3), Reason: lab.KeptByWipe}, {Generation: 2, At: at(4), Reason: lab.KeptByUndo}}
	spec.StartedAt, spec.WipedAt = &started, &wiped
	spec.FirstBoot = &lab.FirstBoot{
		HostName: "other", User: "ann", PasswordHash: "$6$rounds=50000$salt$0123456789./abc", Packages: []string{"vim"},
		NetworkConfig: "version: 2\n# <ümlaut> & \"more\"\n",
	}
	return spec
}

func hypervisorDefine(r rig) {
	full, plain := r.fullSpec("full"), r.spec("plain.node_1-x")
	r.define(full)
	r.define(plain)
	for _, want := range []lab.NodeSpec{full, plain} {
		d := r.domain(want.ID)
		r.wantSpec(d.Spec, want)
		if d.State != lab.Stopped || d.Overlay != r.disk(want).Overlay || d.VNC != nil || d.Problem != nil {
			r.Errorf("got %+v, want it stopped on its overlay", d)
		}
	}
	domains, err := r.h.Domains(r.Context())
	if err != nil || len(domains) != 2 {
		r.Fatalf("got %d domains, error %v, want 2", len(domains), err)
	}
	slices.SortFunc(domains, func(a, b lab.Domain) int { return cmp.Compare(a.Spec.Name, b.Spec.Name) })
	r.wantSpec(domains[0].Spec, full)
	r.wantSpec(domains[1].Spec, plain)
}

func hypervisorRedefine(r rig) {
	spec := r.defined("node")
	other := r.defined("other")
	spec.VCPUs, spec.MemoryMiB, spec.Notes, spec.Generation, spec.Keymap = 3, 128, "changed", 2, "fr"
	spec.Clipboard = true
	spec.Kept = []lab.KeptOverlay{{Generation: 1, At: spec.CreatedAt, Reason: lab.KeptByWipe}}
	r.define(spec)
	d := r.domain(spec.ID)
	r.wantSpec(d.Spec, spec)
	if want := r.disk(spec).Overlay; d.Overlay != want {
		r.Errorf("got overlay %s, want %s", d.Overlay, want)
	}
	r.wantSpec(r.domain(other.ID).Spec, other)
	spec.Clipboard = false
	r.define(spec)
	r.wantSpec(r.domain(spec.ID).Spec, spec)
}

func hypervisorZeroDisk(r rig) {
	spec := r.defined("node")
	spec.Notes = "changed"
	if err := r.h.Define(r.Context(), spec, lab.Disk{}); err != nil {
		r.Fatal(err)
	}
	d := r.domain(spec.ID)
	r.wantSpec(d.Spec, spec)
	if want := r.disk(spec).Overlay; d.Overlay != want {
		r.Errorf("got overlay %s, want it left at %s", d.Overlay, want)
	}
	wantKind(r, "a new domain without a disk", r.h.Define(r.Context(), r.spec("new"), lab.Disk{}), lab.KindNotFound)
}

func hypervisorKeepsName(r rig) {
	spec := r.defined("first")
	changed := spec
	changed.Name, changed.Notes = r.name("second"), "changed"
	r.define(changed)
	changed.Name = spec.Name
	r.wantSpec(r.domain(spec.ID).Spec, changed)
}

func hypervisorNameTaken(r rig) {
	first := r.defined("taken")
	second := r.spec("taken")
	err := r.h.Define(r.Context(), second, r.disk(second))
	wantKind(r, "a second domain of the name", err, lab.KindExists)
	if got := r.ids(); !slices.Equal(got, []string{first.ID}) {
		r.Errorf("listed %v, want %s", got, first.ID)
	}
}

func hypervisorRename(r rig) {
	spec, other := r.defined("old"), r.defined("other")
	if err := r.h.Rename(r.Context(), spec.ID, r.name("new")); err != nil {
		r.Fatalf("renaming: %v", err)
	}
	want := spec
	want.Name = r.name("new")
	r.wantSpec(r.domain(spec.ID).Spec, want)
	wantKind(r, "renaming to its own name", r.h.Rename(r.Context(), spec.ID, r.name("new")), "")
	wantKind(r, "renaming to a taken name", r.h.Rename(r.Context(), spec.ID, r.name("other")), lab.KindExists)
	r.power(spec.ID, lab.PowerStart, lab.Running)
	wantKind(r, "renaming while it runs", r.h.Rename(r.Context(), spec.ID, r.name("newer")), lab.KindBusy)
	r.wantSpec(r.domain(spec.ID).Spec, want)
	r.wantSpec(r.domain(other.ID).Spec, other)
}

func hypervisorUndefine(r rig) {
	spec, other := r.defined("node"), r.defined("other")
	r.power(spec.ID, lab.PowerStart, lab.Running)
	wantKind(r, "undefining while it runs", r.h.Undefine(r.Context(), spec.ID), lab.KindBusy)
	r.power(spec.ID, lab.PowerForceOff, lab.Stopped)
	for range 2 {
		wantKind(r, "undefining", r.h.Undefine(r.Context(), spec.ID), "")
	}
	_, err := r.h.Domain(r.Context(), spec.ID)
	wantKind(r, "reading it afterwards", err, lab.KindNotFound)
	if got := r.ids(); !slices.Equal(got, []string{other.ID}) {
		r.Errorf("listed %v, want %s", got, other.ID)
	}
	if _, err := r.p.Volume(r.Context(), spec.OverlayVolume(1)); err != nil {
		r.Errorf("the overlay went along: %v", err)
	}
	r.define(spec)
}

func hypervisorPower(r rig) {
	spec := r.defined("node")
	r.power(spec.ID, lab.PowerShutdown, lab.Stopped)
	r.power(spec.ID, lab.PowerForceOff, lab.Stopped)
	d := r.power(spec.ID, lab.PowerStart, lab.Running)
	if d.VNC == nil || d.VNC.Host == "" || d.VNC.Port == 0 {
		r.Errorf("got VNC %+v, want where it listens", d.VNC)
	}
	r.wantSpec(d.Spec, spec)
	r.power(spec.ID, lab.PowerStart, lab.Running)
	r.power(spec.ID, lab.PowerResume, lab.Running)
	for range 2 {
		r.power(spec.ID, lab.PowerPause, lab.Paused)
	}
	r.power(spec.ID, lab.PowerResume, lab.Running)
	r.power(spec.ID, lab.PowerReboot, lab.Running)
	r.power(spec.ID, lab.PowerPause, lab.Paused)
	for range 2 {
		if d := r.power(spec.ID, lab.PowerForceOff, lab.Stopped); d.VNC != nil || d.Problem != nil || d.PoweredOff {
			r.Errorf("got VNC %+v, problem %+v, powered off by its guest %t: want none", d.VNC, d.Problem, d.PoweredOff)
		}
	}
}

func hypervisorWrongState(r rig) {
	spec := r.defined("node")
	for _, action := range []lab.PowerAction{lab.PowerPause, lab.PowerResume, lab.PowerReboot} {
		wantKind(r, string(action)+" while it is off", r.h.Power(r.Context(), spec.ID, action), lab.KindBusy)
	}
	r.power(spec.ID, lab.PowerStart, lab.Running)
	r.power(spec.ID, lab.PowerPause, lab.Paused)
	wantKind(r, "start while it is paused", r.h.Power(r.Context(), spec.ID, lab.PowerStart), lab.KindBusy)
	wantKind(r, "an action that is none", r.h.Power(r.Context(), spec.ID, "explode"), lab.KindInvalid)
}

func hypervisorNextStart(r rig) {
	spec := r.defined("node")
	r.power(spec.ID, lab.PowerStart, lab.Running)
	spec.Generation, spec.MemoryMiB = 2, 128
	r.define(spec)
	d := r.domain(spec.ID)
	r.wantSpec(d.Spec, spec)
	if d.State != lab.Running || d.VNC == nil {
		r.Errorf("got state %s, VNC %+v, want it to go on running", d.State, d.VNC)
	}
	r.power(spec.ID, lab.PowerForceOff, lab.Stopped)
	d = r.power(spec.ID, lab.PowerStart, lab.Running)
	if want := r.disk(spec).Overlay; d.Overlay != want {
		r.Errorf("got overlay %s, want %s", d.Overlay, want)
	}
}

func hypervisorMissing(r rig) {
	for _, id := range []string{uuid.NewString(), "", "node"} {
		_, err := r.h.Domain(r.Context(), id)
		wantKind(r, "Domain", err, lab.KindNotFound)
		wantKind(r, "Rename", r.h.Rename(r.Context(), id, "new"), lab.KindNotFound)
		wantKind(r, "Power", r.h.Power(r.Context(), id, lab.PowerStart), lab.KindNotFound)
		wantKind(r, "Undefine", r.h.Undefine(r.Context(), id), "")
	}
}

func hypervisorHost(r rig) {
	host, err := r.h.Host(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	if host.URI == "" || host.Hypervisor == "" || host.CPUs < 1 || host.MemoryMiB < 1 || host.Acceleration == "" || host.PoolPath == "" {
		r.Errorf("got %+v, want every field that names or measures something", host)
	}
}

func hypervisorCancelled(r rig) {
	spec := r.defined("node")
	ctx := cancelled(r.T)
	wantKind(r, "Power", r.h.Power(ctx, spec.ID, lab.PowerStart), lab.KindUnavailable)
	wantKind(r, "Undefine", r.h.Undefine(ctx, spec.ID), lab.KindUnavailable)
	if d := r.domain(spec.ID); d.State != lab.Stopped {
		r.Errorf("got state %s, want it stopped", d.State)
	}
}

// hypervisorConsoles checks the optional interfaces, each where h has it.
func hypervisorConsoles(r rig) {
	spec := r.defined("node")
	if s, ok := r.h.(lab.DisplayTeller); ok {
		_, _, err := s.Display(r.Context(), spec.ID)
		wantKind(r, "Display while it is off", err, lab.KindBusy)
		hypervisorDisplay(r, s, spec.ID)
	}
	if s, ok := r.h.(lab.Screenshotter); ok {
		_, _, err := s.Screenshot(r.Context(), spec.ID)
		wantKind(r, "Screenshot while it is off", err, lab.KindBusy)
	}
	if o, ok := r.h.(lab.GraphicsOpener); ok {
		_, err := o.OpenGraphics(r.Context(), spec.ID)
		wantKind(r, "OpenGraphics while it is off", err, lab.KindBusy)
	}
	if o, ok := r.h.(lab.SerialOpener); ok {
		_, err := o.OpenSerial(r.Context(), spec.ID)
		wantKind(r, "OpenSerial while it is off", err, lab.KindBusy)
	}
}

// hypervisorDisplay checks that a display is told as the domain tells it, with a
// password that is new at every boot.
func hypervisorDisplay(r rig, s lab.DisplayTeller, id string) {
	r.Helper()
	told := make(map[string]bool)
	for range 2 {
		wantKind(r, "Power", r.h.Power(r.Context(), id, lab.PowerStart), "")
		vnc, password, err := s.Display(r.Context(), id)
		wantKind(r, "Display", err, "")
		if d := r.domain(id); (vnc == nil) != (d.VNC == nil) || vnc != nil && *vnc != *d.VNC {
			r.Errorf("got the display %+v, want the domain's, %+v", vnc, d.VNC)
		}
		if vnc != nil && (password == "" || told[password]) {
			r.Errorf("got the password %q, want one that no boot had before", password)
		}
		told[password] = true
		wantKind(r, "Power", r.h.Power(r.Context(), id, lab.PowerForceOff), "")
	}
	_, _, err := s.Display(r.Context(), "11111111-2222-4333-8444-555555555555")
	wantKind(r, "Display of no node", err, lab.KindNotFound)
}
