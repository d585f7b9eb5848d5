package virt

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

func TestDiagnose(t *testing.T) {
	failed := libvirt.Error{Code: libvirt.ERR_SYSTEM_ERROR, Domain: libvirt.FROM_RPC, Message: "no socket"}
	noPolkit := libvirt.Error{Code: libvirt.ERR_AUTH_UNAVAILABLE, Domain: libvirt.FROM_REMOTE, Message: "no agent"}
	noLibrary := libvirt.Error{Code: libvirt.ERR_INTERNAL_ERROR, Message: "libvirt.so.0: cannot open shared object file"}
	noFunction := libvirt.Error{Code: libvirt.ERR_INTERNAL_ERROR, Message: "Failed to load virDomainNew"}
	socket := mustListen(t)
	tests := []struct {
		uri  string
		err  error
		want lab.Kind
		word string
	}{
		{"qemu:///session", noLibrary, lab.KindUnavailable, "not installed"},
		{"qemu:///system", noFunction, lab.KindUnavailable, "not installed"},
		{"qemu:///session", failed, lab.KindUnavailable, "your own libvirt"},
		{"qemu+ssh://lab/system", failed, lab.KindUnavailable, "qemu+ssh://lab/system"},
		{"qemu:///system?socket=/nowhere", failed, lab.KindUnavailable, "not running"},
		{"qemu:///system?socket=/nowhere", noPolkit, lab.KindDenied, "may not"},
		{"qemu:///system?socket=" + socket, failed, lab.KindUnavailable, "does not answer"},
	}
	for _, tt := range tests {
		got := parseURI(tt.uri).diagnose(tt.err)
		if got.Kind != tt.want || !strings.Contains(got.Message, tt.word) || got.Hint == "" {
			t.Errorf("%s, %v: got %q of kind %s, hint %q, want %q of kind %s", tt.uri, tt.err, got.Message, got.Kind, got.Hint, tt.word, tt.want)
		}
	}
}

func TestDiagnoseSession(t *testing.T) {
	failed := libvirt.Error{Code: libvirt.ERR_INTERNAL_ERROR, Message: "no socket"}
	long := libvirt.Error{
		Code:    libvirt.ERR_SYSTEM_ERROR,
		Message: "Path /home/x/.cache/libvirt/libvirt-sock too long for unix socket: Cannot allocate memory",
	}
	here, nowhere := t.TempDir(), filepath.Join(t.TempDir(), "gone")
	tests := []struct {
		runtime string
		err     error
		want    lab.Kind
		word    string
		hint    string
	}{
		{"", failed, lab.KindUnavailable, "could not be started", "Install it"},
		{here, failed, lab.KindUnavailable, "could not be started", "Install it"},
		{nowhere, failed, lab.KindInvalid, nowhere, "unset XDG_RUNTIME_DIR"},
		{here, long, lab.KindInvalid, "too long", "short paths"},
	}
	for _, tt := range tests {
		t.Setenv("XDG_RUNTIME_DIR", tt.runtime)
		got := parseURI("qemu:///session").diagnose(tt.err)
		if got.Kind != tt.want || !strings.Contains(got.Message, tt.word) || !strings.Contains(got.Hint, tt.hint) {
			t.Errorf("%q, %v: got %q of kind %s, hint %q, want %q of kind %s, hint %q",
				tt.runtime, tt.err, got.Message, got.Kind, got.Hint, tt.word, tt.want, tt.hint)
		}
	}
}

func mustListen(t *testing.T) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { mustClose(t, l) })
	return socket
}
