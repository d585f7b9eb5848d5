package systest

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

// killRounds is how often each program is killed in the middle of its work.
const killRounds = 4

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
	inEachProfile(t, func(t *testing.T, w *world) {
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
