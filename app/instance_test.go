package app

import (
	"errors"
	"io"
	"net"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

// first listens as the first start does, and gives the wishes it hears.
func first(t *testing.T) (socket string, heard chan wish) {
	t.Helper()
	socket, heard = filepath.Join(t.TempDir(), "window.sock"), make(chan wish, 1)
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); attend(l, "qemu:///session", func(w wish) { heard <- w }) }()
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		<-ended
	})
	return socket, heard
}

// TestASecondStartIsHeard: with what it wants to show, and what lets the window
// come to the front.
func TestASecondStartIsHeard(t *testing.T) {
	socket, heard := first(t)
	for _, tokens := range []map[string]string{
		{"XDG_ACTIVATION_TOKEN": "token-1", "DESKTOP_STARTUP_ID": "id-1"},
		{"XDG_ACTIVATION_TOKEN": "", "DESKTOP_STARTUP_ID": "token-1"},
	} {
		for name, value := range tokens {
			t.Setenv(name, value)
		}
		o := lab.Opening{Console: "id", View: lab.ViewImages, Files: []string{"/tmp/a disk.qcow2"}}
		if err := RaiseOther(t.Context(), socket, "qemu:///session", o); err != nil {
			t.Fatal(err)
		}
		if got, want := <-heard, (wish{o, "token-1", "qemu:///session"}); !reflect.DeepEqual(got, want) {
			t.Errorf("heard %+v, want %+v", got, want)
		}
	}
}

// TestAnotherHypervisorIsRefused: the window can not show what is not of its own.
func TestAnotherHypervisorIsRefused(t *testing.T) {
	socket, heard := first(t)
	err := RaiseOther(t.Context(), socket, "qemu:///system", lab.Opening{Console: "id"})
	if p := lab.ProblemOf(err); p == nil || p.Kind != lab.KindBusy || !strings.Contains(p.Message, "shows the nodes of qemu:///session") || p.Hint == "" {
		t.Errorf("got %+v, want the two named", p)
	}
	if err := RaiseOther(t.Context(), socket, "", lab.Opening{View: lab.ViewImages}); err != nil {
		t.Error(err)
	}
	if got := <-heard; got.Opening.View != lab.ViewImages {
		t.Errorf("heard %+v, want only what names no other", got)
	}
}

// TestNonsenseRaisesTheWindow: whoever can reach the socket is the person.
func TestNonsenseRaisesTheWindow(t *testing.T) {
	socket, heard := first(t)
	for _, nonsense := range []string{"", "nonsense", strings.Repeat("[", 2*maxWish)} {
		c, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, nonsense) // the other side may have closed
		if err := c.(*net.UnixConn).CloseWrite(); err != nil && !errors.Is(err, net.ErrClosed) {
			t.Log(err) // as above
		}
		select {
		case got := <-heard:
			if !reflect.DeepEqual(got, wish{}) {
				t.Errorf("%.10q is the wish %+v", nonsense, got)
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%.10q is not answered", nonsense)
		}
		_ = c.Close()
	}
}
