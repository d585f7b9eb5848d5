package systest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"sandboxlabs/backend/lab"
)

// volumes gives the names of the files in the pool's folder, sorted.
func volumes(t *testing.T, w *world) []string {
	t.Helper()
	names := strings.Fields(w.must(t, "ls", "-A", w.path(poolDir)))
	slices.Sort(names)
	return names
}

// checkWhole checks that all faces agree on every node, that every disk is
// whole, and that there is no volume beside those disks and their bases.
func checkWhole(t *testing.T, w *world) {
	t.Helper()
	nodes := settled(t, w)
	var want []string
	for _, n := range nodes {
		checkDisk(t, w, n)
		want = append(want, n.Base, n.OverlayVolume(n.Generation))
		for _, k := range n.Kept {
			want = append(want, n.OverlayVolume(k.Generation))
		}
	}
	for _, i := range mustDecode[[]lab.Image](t, w.program(t, "image", "ls", "--json")) {
		want = append(want, i.Volume)
	}
	slices.Sort(want)
	if got, want := volumes(t, w), slices.Compact(want); !slices.Equal(got, want) {
		t.Errorf("got the files %q in the pool, want %q", got, want)
	}
	domains, err := w.words("list", "--all", "--name")
	if err != nil {
		t.Error(err)
	}
	domains = slices.DeleteFunc(domains, func(name string) bool { return !strings.HasPrefix(name, w.name) })
	if len(domains) != len(nodes) {
		t.Errorf("got the domains %q, want those of %d nodes", domains, len(nodes))
	}
}

// settled lists the nodes when none is on its way to another state: libvirt goes
// on with a start, or an end, whose asker was killed.
func settled(t *testing.T, w *world) (nodes []lab.Node) {
	t.Helper()
	await(t, "nodes in states that stay, and are virsh's", func() bool {
		nodes = w.list(t)
		return !slices.ContainsFunc(nodes, func(n lab.Node) bool { return n.State.Changing() || w.stateOf(t, n) != n.State })
	})
	return nodes
}

// stateOf is the state of a node's domain as virsh tells it.
func (w *world) stateOf(t *testing.T, n lab.Node) lab.State {
	t.Helper()
	states := map[string]lab.State{"shut off": lab.Stopped, "running": lab.Running, "paused": lab.Paused}
	return states[strings.TrimSpace(w.virsh(t, "domstate", n.ID))]
}

// checkDisk checks that a node's domain has the overlay we tell, which is whole
// and stands on the base.
func checkDisk(t *testing.T, w *world, n lab.Node) {
	t.Helper()
	if disks := w.virsh(t, "domblklist", n.ID); !strings.Contains(disks, n.Overlay.Path+"\n") {
		t.Errorf("%s: got the disk %s, want that of virsh, %s", n.Name, n.Overlay.Path, disks)
	}
	if n.State == lab.Stopped { // a running guest has its disk for itself
		w.must(t, "qemu-img", "check", "-q", n.Overlay.Path)
	}
	if info := w.must(t, "qemu-img", "info", "-U", n.Overlay.Path); !strings.Contains(info, w.path(poolDir, n.Base)) {
		t.Errorf("%s: got a disk that does not stand on %s: %s", n.Name, n.Base, info)
	}
}

// refusals counts problems, and fails the test for each that does not come of
// two having reached for the same thing: busy, taken, or gone.
func refusals(t *testing.T, problems []*lab.Problem) (n int) {
	t.Helper()
	for _, p := range problems {
		if p == nil {
			continue
		}
		n++
		if !contended(p) {
			t.Errorf("got %+v, want busy, exists or not found", p)
		}
	}
	return n
}

func contended(p *lab.Problem) bool {
	return p.Kind == lab.KindBusy || p.Kind == lab.KindExists || p.Kind == lab.KindNotFound
}

// atOnce runs the same command of the program several times at once.
func atOnce(t *testing.T, w *world, times int, args ...string) []*lab.Problem {
	t.Helper()
	results := make([]result, times)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i] = w.run("sandboxlabs", append(args, "--json")...) })
	}
	wg.Wait()
	problems := make([]*lab.Problem, times)
	for i, r := range results {
		problems[i] = problemOf(t, r)
	}
	return problems
}

// TestAtOnce lets several programs reach for the same thing.
func TestAtOnce(t *testing.T) {
	in(t, []string{session}, func(t *testing.T, w *world) {
		const times = 4
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		node := w.node("a")

		if n := refusals(t, atOnce(t, w, times, "node", "create", node, "--image", "tiny")); n != times-1 {
			t.Errorf("got %d creations of one name, want 1", times-n)
		}
		checkWhole(t, w)

		for _, verb := range []string{"wipe", "start", "wipe", "undo", "off", "undo"} {
			if n := refusals(t, atOnce(t, w, times, "node", verb, node)); n == times {
				t.Errorf("got every %s refused, want one done", verb)
			}
			checkWhole(t, w)
		}
		atOnce(t, w, times, "node", "rm", node) // whoever comes late finds nothing
		if got := w.list(t); len(got) != 0 {
			t.Errorf("got %+v, want nothing left", got)
		}
		checkWhole(t, w)
	})
}

// TestTogether has a page and the command line work on the same nodes, and asks
// both and virsh what came of it.
func TestTogether(t *testing.T) {
	in(t, []string{system}, func(t *testing.T, w *world) {
		a, b := w.node("a"), w.node("b")
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		p := mustPage(t, w)
		id := p.call(t, "Create", map[string]any{"name": a, "image": "tiny", "start": true}).ID
		p.call(t, "Create", map[string]any{"name": b, "image": "tiny"})

		errs := make(chan error, 2)
		go func() { errs <- typeInPage(t.Context(), p, id) }()
		go func() { errs <- workInPage(p, b) }()
		workInShell(t, w, a, b)
		if err := errors.Join(<-errs, <-errs); err != nil {
			t.Fatal(err)
		}
		agree(t, w, p)
	})
}

// workInShell does what a person does who has not seen the page.
func workInShell(t *testing.T, w *world, a, b string) {
	t.Helper()
	names := strings.NewReplacer("A", a, "B", b, "C", w.node("c"), "D", w.node("d"))
	for _, line := range []string{
		"start B", "pause B", "set A --notes hello", "resume B", "wipe B --wait", "undo B", "off B",
		"set B --memory 160", "wipe B", "start B --wait", "clone A C", "start C", "wipe C --wait",
		"off C", "undo C", "rename C D", "rm D", "reboot B", "off B", "set A --vcpus 2",
	} {
		args := append([]string{"node"}, strings.Fields(names.Replace(line))...)
		refusals(t, []*lab.Problem{problemOf(t, w.run("sandboxlabs", append(args, "--json")...))})
	}
}

// workInPage does what a person does who has not seen the command line.
func workInPage(p *page, node string) error {
	for _, verb := range []string{"Start", "Wipe", "Pause", "Resume", "UndoWipe", "ForceOff", "Start", "Wipe", "Reboot", "ForceOff"} {
		var n lab.Node
		problem, err := p.ask(&n, verb, node)
		switch {
		case err != nil:
			return err
		case problem == nil:
			err = p.waitNode(n.ID, "a state that stays", func(n lab.Node) bool { return !n.State.Changing() })
		case !contended(problem):
			err = fmt.Errorf("%s: got %+v, want it done or refused", verb, problem)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// typeInPage uses a console of the page while others work.
func typeInPage(ctx context.Context, p *page, id string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := p.waitNode(id, "running", func(n lab.Node) bool { return n.State == lab.Running }); err != nil {
		return err
	}
	c, err := p.openSerial(ctx, id)
	if err != nil {
		return err
	}
	defer c.close()
	if _, err := c.login(ctx); err != nil {
		return err
	}
	said, err := c.do(ctx, "echo $((6 * 7))")
	if err == nil && strings.TrimSpace(said) != "42" {
		err = fmt.Errorf("got %q on the page's console, want 42", said)
	}
	return err
}

// agree waits until the page tells what the command line does, and checks that
// this is so.
func agree(t *testing.T, w *world, p *page) {
	t.Helper()
	summary := func(n lab.Node) string {
		return fmt.Sprint(n.ID, n.Name, n.State, n.VCPUs, n.MemoryMiB, n.Notes, n.Generation, n.Overlay.Path, len(n.Kept))
	}
	var want []string
	for _, n := range w.list(t) {
		want = append(want, summary(n))
	}
	slices.Sort(want)
	p.await(t, fmt.Sprintf("%q", want), func(nodes map[string]lab.Node) bool {
		var got []string
		for _, n := range nodes {
			got = append(got, summary(n))
		}
		slices.Sort(got)
		return slices.Equal(got, want)
	})
	checkWhole(t, w)
}
