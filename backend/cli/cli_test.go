package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/backend/service"
)

// desk runs commands, each as a process of its own, on one host in memory.
type desk struct {
	*labtest.World
	catalogue *labtest.Catalogue
	served    Serving                // how the last serve was asked for
	browsed   []string               // links
	opened    []lab.Opening          // windows
	troubles  []string               // messages that were shown
	wired     func(*service.Service) // sees every service; may be nil
	typed     string                 // on stdin
	seeder    labtest.Seeder
	autostart labtest.Autostart
}

// mustDesk gives a host with the image tiny.
func mustDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{World: labtest.NewWorld(), catalogue: &labtest.Catalogue{}}
	d.Library.MustAddImage(t, "tiny")
	return d
}

func (d *desk) open(string) (*service.Service, func() error, error) {
	s := service.New(service.Options{
		Hypervisor: d.Hypervisor, Pool: d.Pool, Library: d.Library, Store: d.Store, URI: "fake:///",
		Version: "v1.2.3", Journal: d.Journal, Gateway: d.Gateway, Seeder: &d.seeder, Autostart: &d.autostart, Catalogue: d.catalogue, Stack: d.Stack, Settings: d.Keeper, Owner: "ann@lab (session)",
		Prototype: d.Prototype,
	})
	if d.wired != nil {
		d.wired(s)
	}
	return s, func() error { return nil }, nil
}

// outcome is how a command ended.
type outcome struct {
	code     int
	out, err string
}

func (d *desk) run(ctx context.Context, args ...string) outcome {
	var out, err bytes.Buffer
	code := Main(ctx, Program{
		Open: d.open,
		Window: func(_ context.Context, _ string, o lab.Opening) (other bool, err error) {
			d.opened = append(d.opened, o)
			return len(d.opened) > 1, nil
		},
		Trouble: func(_ context.Context, p *lab.Problem) { d.troubles = append(d.troubles, p.Message) },
		Serve: func(_ context.Context, _ string, how Serving, ready func(string)) error {
			d.served = how
			ready("http://127.0.0.1:3001/?token=x")
			return nil
		},
		Token: func(_ context.Context, rotate bool) (string, error) { return fmt.Sprint("rotated ", rotate), nil },
		Link: func(_ context.Context, socket string) (string, error) {
			return "http://127.0.0.1/?token=" + socket, nil
		},
		Browse: func(_ context.Context, link string) error {
			d.browsed = append(d.browsed, link)
			return nil
		},
		Version: "v1.2.3", In: strings.NewReader(d.typed), Out: &out, Err: &err,
	}, args)
	return outcome{code, out.String(), err.String()}
}

// mustRun runs a command that must be done.
func (d *desk) mustRun(t *testing.T, args ...string) outcome {
	t.Helper()
	o := d.run(t.Context(), args...)
	if o.code != exitDone {
		t.Fatalf("%v exits %d: %s%s", args, o.code, o.out, o.err)
	}
	return o
}

// mustJSON runs a command with --json and reads what it prints.
func mustJSON[T any](t *testing.T, d *desk, want int, args ...string) (value T) {
	t.Helper()
	o := d.run(t.Context(), append(args, "--json")...)
	if o.code != want {
		t.Fatalf("%v exits %d, want %d: %s%s", args, o.code, want, o.out, o.err)
	}
	if o.err != "" {
		t.Errorf("%v --json says on stderr: %s", args, o.err)
	}
	if err := json.Unmarshal([]byte(o.out), &value); err != nil {
		t.Fatalf("%v --json prints %q: %v", args, o.out, err)
	}
	return value
}

func TestLife(t *testing.T) {
	d := mustDesk(t)
	made := mustJSON[lab.Node](t, d, exitDone, "node", "create", "web", "--image", "tiny", "--memory", "64", "--start", "--wait")
	if made.Name != "web" || made.State != lab.Running || made.MemoryMiB != 64 || made.Overlay.Path == "" {
		t.Errorf("create gives %+v", made)
	}
	for _, step := range []struct {
		args []string
		want string
	}{
		{[]string{"node", "pause", "web"}, "web paused\n"},
		{[]string{"node", "resume", "web"}, "web running\n"},
		{[]string{"node", "reboot", "web"}, "web running\n"},
		{[]string{"node", "wipe", "web"}, "web running\n"},
		{[]string{"node", "undo", "web"}, "web running\n"},
		{[]string{"node", "stop", "--wait", made.ID}, "web stopped\n"},
		{[]string{"node", "start", "web"}, "web running\n"},
		{[]string{"node", "off", "web"}, "web stopped\n"},
	} {
		if got := d.mustRun(t, step.args...).out; got != step.want {
			t.Errorf("%v prints %q, want %q", step.args, got, step.want)
		}
	}
	if n := mustJSON[lab.Node](t, d, exitDone, "node", "rename", "web", "db"); n.Name != "db" || n.ID != made.ID {
		t.Errorf("rename gives %+v", n)
	}
	if n := mustJSON[lab.Node](t, d, exitDone, "node", "set", "db", "--vcpus", "2", "--notes", "hello", "--clipboard"); n.VCPUs != 2 || n.Notes != "hello" || n.MemoryMiB != 64 || !n.Clipboard {
		t.Errorf("set gives %+v", n)
	}
	if n := mustJSON[lab.Node](t, d, exitDone, "node", "clone", "db", "db2", "--copy-disk"); n.Name != "db2" || n.ID == made.ID {
		t.Errorf("clone gives %+v", n)
	}
	if got, want := len(mustJSON[[]lab.Node](t, d, exitDone, "node", "ls")), 2; got != want {
		t.Errorf("%d nodes are listed, want %d", got, want)
	}
	if got, want := d.mustRun(t, "node", "rm", "db", "db2").out, "db removed\ndb2 removed\n"; got != want {
		t.Errorf("rm prints %q, want %q", got, want)
	}
	if got := mustJSON[[]lab.Node](t, d, exitDone, "node", "ls"); len(got) != 0 {
		t.Errorf("after rm there are %v", got)
	}
	if volumes := slices.DeleteFunc(d.Pool.Names(), func(v string) bool { return strings.HasPrefix(v, "tiny.") }); len(volumes) != 0 {
		t.Errorf("rm leaves %v", volumes)
	}
}

func TestWipeOfACrashedNode(t *testing.T) {
	d := mustDesk(t)
	made := mustJSON[lab.Node](t, d, exitDone, "node", "create", "web", "--image", "tiny", "--start", "--wait")
	d.Hypervisor.GuestCrash(made.ID)
	if n := mustJSON[lab.Node](t, d, exitDone, "node", "wipe", "web"); n.Generation != 2 {
		t.Errorf("wipe gives %+v", n)
	}
}

func TestStopDoesNotWait(t *testing.T) {
	d := mustDesk(t)
	id := mustJSON[lab.Node](t, d, exitDone, "node", "create", "web", "--image", "tiny", "--start").ID
	d.Hypervisor.SetGuest(id, labtest.Guest{Deaf: -1})
	if got, want := d.mustRun(t, "node", "stop", "web").out, "web stopping\n"; got != want {
		t.Errorf("stop prints %q, want %q", got, want)
	}
	if !slices.Contains(d.Calls(), "Hypervisor.Power "+id+" shutdown") {
		t.Errorf("the power button was not pressed: %v", d.Calls())
	}
}

func TestMany(t *testing.T) {
	d := mustDesk(t)
	for _, name := range []string{"a", "b"} {
		d.mustRun(t, "node", "create", name, "--image", "tiny")
	}
	o := d.run(t.Context(), "node", "start", "a", "absent", "b")
	if o.code != exitFailed || o.out != "a running\nb running\n" || !strings.Contains(o.err, "sandboxlabs: absent: ") {
		t.Errorf("starting an absent node among others gives %+v", o)
	}
	results := mustJSON[[]service.BulkResult](t, d, exitFailed, "node", "pause", "a", "absent")
	if len(results) != 2 || results[0].Value.State != lab.Paused || results[1].Problem.Kind != lab.KindNotFound {
		t.Errorf("pausing an absent node among others gives %+v", results)
	}
}

func TestFailures(t *testing.T) {
	d := mustDesk(t)
	d.mustRun(t, "node", "create", "web", "--image", "tiny")
	for _, c := range []struct {
		args []string
		code int
		kind lab.Kind
	}{
		{[]string{"node", "show", "absent"}, exitFailed, lab.KindNotFound},
		{[]string{"node", "start", "absent"}, exitFailed, lab.KindNotFound},
		{[]string{"node", "create", "web", "--image", "tiny"}, exitFailed, lab.KindExists},
		{[]string{"node", "create", "../x", "--image", "tiny"}, exitFailed, lab.KindInvalid},
		{[]string{"node", "pause", "web"}, exitFailed, lab.KindBusy},
		{[]string{"image", "add", "/absent.qcow2"}, exitFailed, lab.KindNotFound},
		{[]string{"image", "rm", "tiny"}, exitFailed, lab.KindBusy},
		{[]string{"node", "create", "x"}, exitUsage, lab.KindInvalid},
		{[]string{"node", "show"}, exitUsage, lab.KindInvalid},
		{[]string{"node", "show", "a", "b"}, exitUsage, lab.KindInvalid},
		{[]string{"node", "set", "web"}, exitUsage, lab.KindInvalid},
		{[]string{"node", "start"}, exitUsage, lab.KindInvalid},
		{[]string{"node", "explode"}, exitUsage, lab.KindInvalid},
		{[]string{"explode"}, exitUsage, lab.KindInvalid},
		{[]string{"node", "ls", "--explode"}, exitUsage, lab.KindInvalid},
		{[]string{"node", "create", "x", "--image", "tiny", "--vcpus", "many"}, exitUsage, lab.KindInvalid},
	} {
		p := mustJSON[lab.Problem](t, d, c.code, c.args...)
		if p.Kind != c.kind || p.Message == "" {
			t.Errorf("%v tells %+v, want %s", c.args, p, c.kind)
		}
		o := d.run(t.Context(), c.args...)
		if o.code != c.code || o.out != "" || !strings.HasPrefix(o.err, "sandboxlabs: "+p.Message+"\n") {
			t.Errorf("%v exits %d with %q, want %d with %q", c.args, o.code, o.err, c.code, p.Message)
		}
		if hint := "\nhint: " + p.Hint + "\n"; p.Hint != "" && !strings.HasSuffix(o.err, hint) {
			t.Errorf("%v says %q, want %q at its end", c.args, o.err, hint)
		}
	}
}

func TestNoLibvirt(t *testing.T) {
	d := mustDesk(t)
	d.Hypervisor.Disconnect(lab.Errorf(lab.KindUnavailable, "libvirt is not there"))
	if p := mustJSON[lab.Problem](t, d, exitFailed, "node", "ls"); p.Kind != lab.KindUnavailable {
		t.Errorf("without libvirt ls tells %+v", p)
	}
	health := mustJSON[lab.Health](t, d, exitFailed, "doctor")
	if len(health.Checks) == 0 {
		t.Error("without libvirt the doctor has no checks")
	}
	o := d.run(t.Context(), "doctor")
	if o.code != exitFailed || !strings.Contains(o.out, "FAILED") || !strings.Contains(o.out, "libvirt") {
		t.Errorf("without libvirt the doctor gives %+v", o)
	}
}

func TestInterrupted(t *testing.T) {
	d := mustDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if o := d.run(ctx, "node", "ls"); o.code != exitFailed || o.out != "" {
		t.Errorf("an interrupted command gives %+v", o)
	}
}

func TestImages(t *testing.T) {
	d := mustDesk(t)
	path := labtest.MustQCOW2(t, "big.qcow2", 64<<20, labtest.NoFlaw)
	if got, want := d.mustRun(t, "image", "add", path, "--name", "big").out, "big ready, "; !strings.HasPrefix(got, want) {
		t.Errorf("add prints %q, want %q", got, want)
	}
	d.mustRun(t, "node", "create", "web", "--image", "big")
	images := mustJSON[[]lab.Image](t, d, exitDone, "image", "ls")
	if len(images) != 2 || images[0].Name != "big" || !slices.Equal(images[0].UsedBy, []string{"web"}) {
		t.Errorf("the images are %+v", images)
	}
	if got, want := d.mustRun(t, "image", "rm", "tiny").out, "tiny removed\n"; got != want {
		t.Errorf("rm prints %q, want %q", got, want)
	}
}

func TestInstall(t *testing.T) {
	d := mustDesk(t)
	medium := d.Library.MustAddMedium(t, "installer")
	sheet := d.mustRun(t, "node", "create", "web", "--image", "installer", "--disk", "3", "--firmware", "uefi", "--tpm").out
	if !strings.Contains(sheet, medium.Volume) || !strings.Contains(sheet, "UEFI, with a TPM 2.0") {
		t.Errorf("create shows %s, want the medium and the firmware", sheet)
	}
	if n := mustJSON[lab.Node](t, d, exitDone, "node", "show", "web"); n.DiskBytes != 3<<30 || n.Medium != medium.Volume {
		t.Errorf("got %+v, want a disk of 3 GiB and the medium", n.NodeSpec)
	}
	if got := d.mustRun(t, "node", "set", "web", "--eject").out; strings.Contains(got, medium.Volume) {
		t.Errorf("set shows %s, want the drive empty", got)
	}
	d.mustRun(t, "node", "create", "run", "--image", "tiny", "--start", "--wait")
	sheet = d.mustRun(t, "node", "set", "run", "--medium", "installer").out
	if !strings.Contains(sheet, "empty; "+medium.Volume+" from its next start on") {
		t.Errorf("set shows %s, want when the medium is in the drive", sheet)
	}
	if o := d.run(t.Context(), "node", "set", "run", "--medium", "installer", "--eject"); o.code != exitUsage {
		t.Errorf("a medium put in and taken out gives %+v", o)
	}
	if got, want := d.mustRun(t, "image", "publish", "web", "--name", "gold").out, "gold ready, "; !strings.HasPrefix(got, want) {
		t.Errorf("publish prints %q, want %q", got, want)
	}
}

func TestAddIsGivenUp(t *testing.T) {
	d := mustDesk(t)
	path := labtest.MustQCOW2(t, "big.qcow2", 64<<20, labtest.NoFlaw)
	resume := d.Library.Hold()
	defer resume()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d.wired = func(s *service.Service) {
		events := s.Subscribe(ctx)
		go func() {
			for e := range events {
				if e.Image != nil && e.Image.Name == "big" {
					cancel() // Ctrl-C in the middle of it
				}
			}
		}()
	}
	if o := d.run(ctx, "image", "add", path); o.code != exitFailed || !strings.Contains(o.err, "given up") {
		t.Errorf("an addition that is interrupted gives %+v", o)
	}
	d.wired = nil
	if got := d.mustRun(t, "image", "ls").out; strings.Contains(got, "big") {
		t.Errorf("an addition that was interrupted leaves %s", got)
	}
}

func TestTables(t *testing.T) {
	d := mustDesk(t)
	if o := d.mustRun(t, "node", "ls"); o.out != "" || !strings.Contains(o.err, "sandboxlabs node create") {
		t.Errorf("no nodes are shown as %+v", o)
	}
	d.mustRun(t, "node", "create", "a-long-name", "--image", "tiny")
	d.mustRun(t, "node", "create", "b", "--image", "tiny")
	lines := strings.Split(d.mustRun(t, "node", "ls").out, "\n")
	for _, l := range lines[:3] {
		if got, want := strings.Index(l+"  tiny", "  tiny"), strings.Index(lines[0], "  IMAGE"); l != lines[0] && got != want {
			t.Errorf("the columns of %q begin at %d, want %d", l, got, want)
		}
	}
	for _, want := range []string{"Name     b\n", "State    stopped\n", "Memory   512 MiB\n", "Started  never\n"} {
		if got := d.mustRun(t, "node", "show", "b").out; !strings.Contains(got, want) {
			t.Errorf("show prints %s, want %q in it", got, want)
		}
	}
}

func TestCompletion(t *testing.T) {
	d := mustDesk(t)
	for _, name := range []string{"a", "b"} {
		d.mustRun(t, "node", "create", name, "--image", "tiny")
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"node", "start", ""}, "a\nb\n:4\n"},
		{[]string{"node", "start", "a", ""}, "b\n:4\n"},
		{[]string{"node", "rename", "a", ""}, ":4\n"},
		{[]string{"node", "create", "c", "--image", ""}, "tiny\n:4\n"},
		{[]string{"image", "rm", ""}, "tiny\n:4\n"},
		{[]string{"image", "add", ""}, ":0\n"},
	} {
		if got := d.mustRun(t, append([]string{"__complete"}, c.args...)...).out; got != c.want {
			t.Errorf("completing %v gives %q, want %q", c.args, got, c.want)
		}
	}
}

// TestConsole: the window opens it, the one that is open or a new one.
func TestConsole(t *testing.T) {
	d := mustDesk(t)
	made := mustJSON[lab.Node](t, d, exitDone, "node", "create", "web", "--image", "tiny")
	if got := d.mustRun(t, "node", "console", "web").out; got != "" {
		t.Errorf("with a window of its own it prints %q", got)
	}
	if got, want := d.mustRun(t, "node", "console", "web").out, "the console of web is in the window that is open\n"; got != want {
		t.Errorf("with an open window it prints %q, want %q", got, want)
	}
	if got := d.run(t.Context(), "node", "console", "nowhere"); got.code != exitFailed || len(d.opened) != 2 {
		t.Errorf("for a node that is not there it exits %d, and has opened %d windows", got.code, len(d.opened))
	}
	for _, o := range d.opened {
		if o.Console != made.ID {
			t.Errorf("the window opens %+v, want the console of %s", o, made.ID)
		}
	}
}

func TestOtherCommands(t *testing.T) {
	d := mustDesk(t)
	d.mustRun(t)
	if len(d.opened) != 1 {
		t.Error("no command opens no window")
	}
	for _, ask := range []string{"version", "--version"} {
		if got, want := d.mustRun(t, ask).out, "sandboxlabs v1.2.3\n"; got != want {
			t.Errorf("%s prints %q, want %q", ask, got, want)
		}
	}
	if got, want := d.mustRun(t, "node").out, "create"; !strings.Contains(got, want) {
		t.Errorf("node alone prints %q, want %q in it", got, want)
	}
	if got := d.mustRun(t, "completion", "bash").out; !strings.Contains(got, "__start_sandboxlabs") {
		t.Error("completion prints no script")
	}
}

func TestSizes(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 999: "999 B", 196 << 10: "196 KiB", 1 << 20: "1 MiB", 3 << 19: "1.5 MiB", 2 << 40: "2 TiB", 5000 << 40: "5000 TiB",
	} {
		if got := lab.Size(bytes); got != want {
			t.Errorf("%d bytes are %q, want %q", bytes, got, want)
		}
	}
}
