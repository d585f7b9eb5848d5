package virt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

func TestDecide(t *testing.T) {
	all := evidence{listed: true, cpuFlag: true}
	tests := []struct {
		name      string
		emulation string
		change    func(e *evidence)
		want      bool
		reason    string // a word of it
	}{
		{"all speaks for it", "", func(*evidence) {}, true, "all offer"},
		{"libvirt lacks it", "auto", func(e *evidence) { e.listed = false }, false, "libvirt"},
		{"the processor lacks it", "auto", func(e *evidence) { e.cpuFlag = false }, false, "vmx"},
		{"no device", "auto", func(e *evidence) { e.device = fs.ErrNotExist }, false, "module"},
		{"device is denied", "auto", func(e *evidence) { e.device = fs.ErrPermission }, false, "group kvm"},
		{"device is denied, so that libvirt lacks it", "auto", func(e *evidence) { e.listed, e.device = false, fs.ErrPermission }, false, "group kvm"},
		{"device is denied to us only", "auto", func(e *evidence) { e.device, e.asOthers = fs.ErrPermission, true }, true, "all offer"},
		{"remote", "auto", func(e *evidence) { e.remote, e.cpuFlag = true, false }, true, "remote"},
		{"remote lacks it", "auto", func(e *evidence) { *e = evidence{remote: true} }, false, "libvirt"},
		{"demanded", EmulationKVM, func(e *evidence) { *e = evidence{} }, true, "settings"},
		{"not wanted", EmulationTCG, func(*evidence) {}, false, "settings"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := all
			tt.change(&e)
			got := e.decide(tt.emulation)
			if got.KVM != tt.want || !strings.Contains(got.Reason, tt.reason) || !strings.HasSuffix(got.Reason, ".") {
				t.Errorf("got %+v, want %v with a sentence about %q", got, tt.want, tt.reason)
			}
		})
	}
}

func TestVirtualizationFlag(t *testing.T) {
	for text, want := range map[string]bool{
		"flags\t\t: fpu vmx sse\n":           true,
		"model\t: x\nflags\t\t: fpu svm\n":   true,
		"flags\t\t: fpu sse\n":               false,
		"vmx flags\t: ept\nflags\t\t: fpu\n": false,
		"flags\t\t: fpu svm_lock vmxoff\n":   false,
	} {
		if got := virtualization.MatchString(text); got != want {
			t.Errorf("%q: got %v, want %v", text, got, want)
		}
	}
}

func TestURI(t *testing.T) {
	for text, want := range map[string]uri{
		"qemu:///session":               {driver: "qemu"},
		"qemu:///system":                {driver: "qemu", system: true},
		"qemu+ssh://root@lab:22/system": {driver: "qemu", host: "lab", system: true},
		"test:///default":               {driver: "test"},
		"::":                            {},
	} {
		want.text = text
		if got := parseURI(text); got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
	if got := parseURI("qemu+ssh://lab/system").local(); got {
		t.Error("a host elsewhere is local")
	}
}

func TestHeader(t *testing.T) {
	const base = "/pool/base.qcow2"
	header := func(offset uint64, size uint32) string {
		h := binary.BigEndian.AppendUint32([]byte("QFI\xfb"), 3)
		h = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint64(h, offset), size)
		return string(binary.BigEndian.AppendUint64(append(h, 0, 0, 0, 16), 1<<30)) + base
	}
	for _, tt := range []struct {
		name, content string
		virtual       int64
		backing       string
	}{
		{"an overlay", header(32, uint32(len(base))), 1 << 30, base},
		{"a base", header(0, 0), 1 << 30, ""},
		{"not yet written", "", 0, ""},
		{"something else", strings.Repeat("x", 64), 0, ""},
		{"cut off in its header", header(32, 5)[:20], 0, ""},
		{"cut off in the name of its base", header(32, 500), 0, ""},
		{"the name of its base behind its end", header(1<<20, 5), 0, ""},
		{"the name of its base nowhere", header(1<<63, 5), 0, ""},
		{"the name of its base too long", header(32, 1<<31), 0, ""},
	} {
		virtual, backing, err := parseHeader(strings.NewReader(tt.content))
		if virtual != tt.virtual || backing != tt.backing || err != nil {
			t.Errorf("%s: got %d on %q and %v, want %d on %q", tt.name, virtual, backing, err, tt.virtual, tt.backing)
		}
	}
}

// libvirt is tried again every few seconds, for as long as it is away.
func TestReasonIsLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	c := &Conn{cfg: Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, tried: make(chan struct{})}
	for _, why := range []string{"no socket", "no socket", "no permission"} {
		c.unlink(lab.Errorf(lab.KindUnavailable, "%s", why), outage{})
	}
	c.unlink(errClosed, outage{})
	if got, want := strings.Count(log.String(), "\n"), 2; got != want {
		t.Errorf("got %d lines, want %d:\n%s", got, want, &log)
	}
}

func TestFault(t *testing.T) {
	refused := func(code libvirt.ErrorNumber, text string) error { return libvirt.Error{Code: code, Message: text} }
	tests := []struct {
		err     error
		want    lab.Kind
		message string // a part of it
	}{
		{refused(libvirt.ERR_NO_DOMAIN, "no"), lab.KindNotFound, "refused to start it: no"},
		{refused(libvirt.ERR_OPERATION_INVALID, "not running"), lab.KindBusy, "not running"},
		{refused(libvirt.ERR_AUTH_UNAVAILABLE, "polkit"), lab.KindDenied, "polkit"},
		{refused(libvirt.ERR_SYSTEM_ERROR, "cannot write: No space left on device"), lab.KindUnavailable, "disk of the host is full: cannot write"},
		{refused(libvirt.ERR_INTERNAL_ERROR, "Could not open 'x': Permission denied"), lab.KindDenied, "may not use a file"},
		{refused(libvirt.ERR_INTERNAL_ERROR, "Could not run '/usr/bin/swtpm_setup'. exitstatus: 1"), lab.KindDenied, "the TPM"},
		{refused(libvirt.ERR_INTERNAL_ERROR, "Kernel does not provide mount namespace: No such process"), lab.KindBusy, "has just ended"},
		{refused(libvirt.ERR_OPERATION_FAILED, "End of file from qemu monitor"), lab.KindBusy, "has just ended"},
		{refused(libvirt.ERR_INTERNAL_ERROR, "what"), lab.KindInternal, "what"},
		{errors.New("other"), lab.KindInternal, "other"},
	}
	for _, tt := range tests {
		got := fault("start it", tt.err)
		if got.Kind != tt.want || !strings.Contains(got.Error(), tt.message) || !errors.Is(got, tt.err) {
			t.Errorf("%v: got %q of kind %s, want %q of kind %s", tt.err, got, got.Kind, tt.message, tt.want)
		}
	}
	if err := fault("x", refused(libvirt.ERR_NO_DOMAIN, "no")); !errors.Is(err, libvirt.ERR_NO_DOMAIN) {
		t.Error("the code of libvirt is lost")
	}
}

func TestReplaceMark(t *testing.T) {
	const mine = `<node xmlns="urn:sandboxlabs:node:1" pool="p">x</node>`
	for before, want := range map[string]string{
		"":                             mine,
		mine:                           mine,
		`<o:a xmlns:o="urn:o">t</o:a>`: `<o:a xmlns:o="urn:o">t</o:a>` + mine,
		`<s:node xmlns:s="urn:sandboxlabs:node:1"><s:deep/></s:node><o:a xmlns:o="urn:o"><o:b/></o:a>`: `<o:a xmlns:o="urn:o"><o:b/></o:a>` + mine,
	} {
		got, err := replaceMark(before, mine)
		if err != nil || got != want {
			t.Errorf("%s: got %s, error %v, want %s", before, got, err, want)
		}
	}
	if _, err := replaceMark("<a>", mine); err == nil {
		t.Error("broken metadata was accepted")
	}
}

func TestMarkKeepsSpec(t *testing.T) {
	want := exampleSpec()
	want.Notes = "\x00\x1f\u007f \ufffe\uffff <&>'\"\r\n\t ü \U0001f600"
	element, err := newMark("pool", want)
	if err != nil {
		t.Fatal(err)
	}
	m, err := markOf(&libvirtxml.Domain{Metadata: &libvirtxml.DomainMetadata{XML: element}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.spec()
	if err != nil || !reflect.DeepEqual(got, want) || m.Pool != "pool" {
		t.Errorf("got %+v in %s, error %v, want %+v", got, m.Pool, err, want)
	}
}

func TestStates(t *testing.T) {
	for now, want := range map[condition]lab.State{
		{libvirt.DOMAIN_RUNNING, 1}:                                     lab.Running,
		{libvirt.DOMAIN_SHUTDOWN, 1}:                                    lab.Stopping,
		{libvirt.DOMAIN_SHUTOFF, int(libvirt.DOMAIN_SHUTOFF_DESTROYED)}: lab.Stopped,
		{libvirt.DOMAIN_SHUTOFF, int(libvirt.DOMAIN_SHUTOFF_CRASHED)}:   lab.Failed,
		{libvirt.DOMAIN_SHUTOFF, int(libvirt.DOMAIN_SHUTOFF_FAILED)}:    lab.Failed,
		{libvirt.DOMAIN_CRASHED, 0}:                                     lab.Failed,
		{libvirt.DOMAIN_PAUSED, int(libvirt.DOMAIN_PAUSED_USER)}:        lab.Paused,
		{libvirt.DOMAIN_PAUSED, int(libvirt.DOMAIN_PAUSED_IOERROR)}:     lab.Paused,
		{libvirt.DOMAIN_PAUSED, int(libvirt.DOMAIN_PAUSED_STARTING_UP)}: lab.Starting,
		{libvirt.DOMAIN_PMSUSPENDED, 0}:                                 lab.Paused,
	} {
		got, problem := now.translate()
		if got != want || got == lab.Failed && problem == nil {
			t.Errorf("%+v: got %s with problem %v, want %s", now, got, problem, want)
		}
	}
}

func TestPassword(t *testing.T) {
	a, b := newPassword(), newPassword()
	if len(a) != 8 || a == b {
		t.Errorf("got %q and %q, want 8 characters, never the same", a, b)
	}
}

func TestTimestamp(t *testing.T) {
	if got := timestamp("1700000000.000000007"); got.UnixNano() != 1_700_000_000_000_000_007 {
		t.Errorf("got %v", got)
	}
	if got := timestamp("never"); !got.IsZero() {
		t.Errorf("got %v, want the zero time", got)
	}
}

// Nothing wakes the loop while nobody waits for an answer, but what libvirt has to tell.
func TestTimersRest(t *testing.T) {
	set, _, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = set.Close() }) // nothing was written
	l := &loop{set: set, timers: map[int]*timer{}}
	second := &timer{}
	second.set(1000)
	l.timers[1] = second
	if got := l.due(); !got.IsZero() {
		t.Errorf("nobody waits: got %v, want never", got)
	}
	l.attend()
	l.attend()
	l.leave()
	if got := l.due(); got != second.due {
		t.Errorf("somebody waits: got %v, want %v", got, second.due)
	}
	l.leave()
	l.timers[2] = &timer{every: -1}
	if got := l.due(); !got.IsZero() {
		t.Errorf("nobody waits any more: got %v, want never", got)
	}
	l.timers[2].set(0)
	if got := l.due(); got.IsZero() || got.After(time.Now()) {
		t.Errorf("an event is to be told: got %v, want now", got)
	}
}
