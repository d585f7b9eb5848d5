package systest

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

// killRounds is how often each program is killed in the middle of its work.
const killRounds = 3

// killed runs a command of the program and kills it at a random moment of the
// time it takes.
func killed(t *testing.T, w *world, takes time.Duration, args ...string) {
	t.Helper()
	after := rand.N(takes)
	t.Logf("%v killed after %s", args, after.Round(time.Millisecond))
	limit := fmt.Sprintf("%.3f", after.Seconds()+0.001)
	r := w.run("timeout", append([]string{"--signal=KILL", limit, "sandboxlabs", "node"}, args...)...)
	if r.code != 0 && r.code != 137 && r.code != -1 {
		t.Errorf("got exit code %d, want it killed or done: %v", r.code, r.err())
	}
}

// timed tells how long a command of the program takes that is left alone.
func timed(t *testing.T, w *world, args ...string) time.Duration {
	t.Helper()
	began := time.Now()
	w.program(t, append([]string{"node"}, args...)...)
	return time.Since(began)
}

// TestKill kills the program in the middle of its work. The nodes are whole, the
// same can be asked again, and the next run leaves nothing over.
func TestKill(t *testing.T) {
	in(t, []string{system}, func(t *testing.T, w *world) {
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		keeper := w.node("keeper")
		create := timed(t, w, "create", keeper, "--image", "tiny")
		wipe := timed(t, w, "wipe", keeper)
		remove := timed(t, w, "rm", keeper)
		w.program(t, "node", "create", keeper, "--image", "tiny")

		for range killRounds {
			killed(t, w, wipe, "wipe", keeper)
			checkWhole(t, w)
			w.program(t, "node", "wipe", keeper)
			checkWhole(t, w)
		}
		for i := range killRounds {
			name := w.node(fmt.Sprint("made", i))
			killed(t, w, create, "create", name, "--image", "tiny")
			checkWhole(t, w)
			if there(t, w, name) {
				w.program(t, "node", "rm", name)
			}
			w.program(t, "node", "create", name, "--image", "tiny")
			killed(t, w, remove, "rm", name)
			// It may have been deleted already, but then not for good.
			p := problemOf(t, w.run("sandboxlabs", "node", "rm", name, "--json"))
			if p != nil && p.Kind != lab.KindNotFound {
				t.Errorf("got %+v, want the node to be removed", p)
			}
			checkWhole(t, w)
		}
		killRunning(t, w, keeper)
	})
}

// killRunning kills the wipe of a running node: it may be off or on then, and
// if it is off it can be started.
func killRunning(t *testing.T, w *world, node string) {
	t.Helper()
	w.program(t, "node", "start", node, "--wait")
	wipe := timed(t, w, "wipe", node, "--wait")
	for range killRounds {
		killed(t, w, wipe, "wipe", node, "--wait")
		checkWhole(t, w)
		if w.show(t, node).State == lab.Stopped {
			w.program(t, "node", "start", node, "--wait")
		}
	}
	w.program(t, "node", "wipe", node, "--wait")
	if got := w.show(t, node); got.State != lab.Running {
		t.Errorf("got %s after the wipe, want it running", got.State)
	}
	checkWhole(t, w)
}

func there(t *testing.T, w *world, name string) bool {
	t.Helper()
	for _, n := range w.list(t) {
		if n.Name == name {
			return true
		}
	}
	return false
}

// mustServe runs the program until kill is called, which gives it no time for
// anything.
func mustServe(t *testing.T, w *world) (kill func()) {
	t.Helper()
	_, kill = mustServeLink(t, w)
	return kill
}

// mustServeLink is mustServe, and gives the link to the page.
func mustServeLink(t *testing.T, w *world) (link string, kill func()) {
	t.Helper()
	cmd := w.cmd(t.Context(), "sandboxlabs", "serve", "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
		_ = cmd.Wait() // it was killed
	})
	t.Cleanup(kill)
	return mustLink(t, out), kill
}

// TestKilledWhileRegistering kills the program when a node has just been started
// by virsh. The next one tells the gateway what the other could not.
func TestKilledWhileRegistering(t *testing.T) {
	in(t, []string{session}, func(t *testing.T, w *world) {
		node := w.node("reg")
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		g := w.mustGateway(t)
		w.program(t, "node", "create", node, "--image", "tiny")
		number := g.row(t).Number
		for range killRounds {
			kill := mustServe(t, w)
			w.virshStart(t, node)
			time.Sleep(rand.N(50 * time.Millisecond))
			kill()
			kill = mustServe(t, w)
			if got := g.awaitLive(t, w, node); got.Number != number {
				t.Errorf("got the number %d, want it to stay %d", got.Number, number)
			}
			w.virsh(t, "destroy", node)
			g.awaitOff(t)
			kill()
		}
	})
}
