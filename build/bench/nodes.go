package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"sandboxlabs/backend/lab"
)

// byHand is what a person does instead of us: qemu-img create, then virsh define.
type byHand struct{ id, overlay, xml string }

// byHand writes the definition of a domain like one of ours under another name.
func (b *bed) byHand(ctx context.Context, like lab.Node, name string) (byHand, error) {
	text, err := run(ctx, b.env, "virsh", "dumpxml", "--inactive", like.ID)
	if err != nil {
		return byHand{}, err
	}
	h := byHand{id: uuid.NewString(), xml: filepath.Join(b.dir, name+".xml")}
	h.overlay = filepath.Join(filepath.Dir(b.base), "by-hand-"+name+".qcow2")
	changed := strings.NewReplacer(like.Overlay.Path, h.overlay, like.ID, h.id, ">"+like.Name+"<", ">"+name+"<").Replace(string(text))
	// without our metadata: it is no node
	if i, j := strings.Index(changed, "<metadata>"), strings.Index(changed, "</metadata>"); i >= 0 && j > i {
		changed = changed[:i] + changed[j+len("</metadata>"):]
	}
	return h, os.WriteFile(h.xml, []byte(changed), 0o600)
}

func (b *bed) makeByHand(ctx context.Context, h byHand) error {
	if _, err := run(ctx, b.env, "qemu-img", "create", "-q", "-f", "qcow2", "-b", b.base, "-F", "qcow2", h.overlay); err != nil {
		return err
	}
	b.hands[h.id] = true
	_, err := run(ctx, b.env, "virsh", "define", h.xml)
	return err
}

func (b *bed) removeByHand(ctx context.Context, h byHand) error {
	if _, err := run(ctx, b.env, "virsh", "undefine", h.id); err != nil {
		return err
	}
	delete(b.hands, h.id)
	return os.Remove(h.overlay)
}

const byHandIs = "qemu-img create, virsh define"

func (b *bed) create(ctx context.Context) ([]row, error) {
	r := row{what: "create a node", means: byHandIs}
	like, err := b.node(ctx, "like")
	if err != nil {
		return nil, err
	}
	for i := range b.rounds {
		if err := timed(&r.ours, func() error { _, err := b.node(ctx, fmt.Sprintf("ours-%d", i)); return err }); err != nil {
			return nil, err
		}
		if err := timed(&r.command, func() error {
			_, err := b.sandboxlabs(ctx, "node", "create", fmt.Sprintf("command-%d", i), "--image", imageName)
			return err
		}); err != nil {
			return nil, err
		}
		h, err := b.byHand(ctx, like, fmt.Sprintf("hand-%d", i))
		if err != nil {
			return nil, err
		}
		if err := timed(&r.baseline, func() error { return b.makeByHand(ctx, h) }); err != nil {
			return nil, err
		}
		if err := b.removeByHand(ctx, h); err != nil {
			return nil, err
		}
	}
	return []row{r}, b.clear(ctx)
}

func (b *bed) wipe(ctx context.Context) ([]row, error) {
	r := row{what: "wipe a stopped node", means: byHandIs}
	n, err := b.node(ctx, "wiped")
	if err != nil {
		return nil, err
	}
	h, err := b.byHand(ctx, n, "hand")
	if err != nil {
		return nil, err
	}
	for range b.rounds {
		if err := timed(&r.ours, func() error { return b.server.call(ctx, "Wipe", nil, n.ID) }); err != nil {
			return nil, err
		}
		if err := timed(&r.command, func() error { _, err := b.sandboxlabs(ctx, "node", "wipe", "--wait", n.ID); return err }); err != nil {
			return nil, err
		}
		if err := timed(&r.baseline, func() error { return b.makeByHand(ctx, h) }); err != nil {
			return nil, err
		}
	}
	if err := b.removeByHand(ctx, h); err != nil {
		return nil, err
	}
	return []row{r}, b.clear(ctx)
}

// start measures all three by virsh's clock for STARTED, and the page's event
// after a start from outside by the time between that and its arrival.
func (b *bed) start(ctx context.Context) ([]row, error) {
	r := row{what: "start to STARTED", means: "virsh start"}
	event := row{what: "virsh start in another process: virsh sees STARTED to the page's event"}
	n, err := b.node(ctx, "started")
	if err != nil {
		return nil, err
	}
	for range b.rounds {
		for _, way := range []startWay{
			{&r.ours, func() error { return b.server.call(ctx, "Start", nil, n.ID) }},
			{&r.command, func() error { _, err := b.sandboxlabs(ctx, "node", "start", n.ID); return err }},
			{&r.baseline, func() error { _, err := run(ctx, b.env, "virsh", "start", n.ID); return err }},
		} {
			seen, err := b.startOnce(ctx, n.ID, way)
			if err != nil {
				return nil, err
			}
			if way.into == &r.baseline {
				event.ours.add(seen)
			}
		}
	}
	return []row{r, event}, b.clear(ctx)
}

type startWay struct {
	into *sample
	do   func() error
}

// startOnce starts the node one way and forces it off again. It gives how long
// after virsh our page knew that the node runs.
func (b *bed) startOnce(ctx context.Context, id string, way startWay) (seen time.Duration, err error) {
	b.events.forget()
	begin := time.Now()
	if err := way.do(); err != nil {
		return 0, err
	}
	started, err := b.events.next(ctx, "Started")
	if err != nil {
		return 0, err
	}
	way.into.add(started.Sub(begin))
	known, err := b.server.until(ctx, id, in(lab.Running))
	if err != nil {
		return 0, err
	}
	return known.Sub(started), b.off(ctx, id)
}

func (b *bed) off(ctx context.Context, id string) error {
	if err := b.server.call(ctx, "ForceOff", nil, id); err != nil {
		return err
	}
	_, err := b.server.until(ctx, id, in(lab.Stopped))
	return err
}

// wipeRunning lasts from the click to the node running again.
func (b *bed) wipeRunning(ctx context.Context) ([]row, error) {
	r := row{what: "wipe a running node, until it runs again", means: "virsh destroy, qemu-img create, virsh start"}
	n, err := b.node(ctx, "running")
	if err != nil {
		return nil, err
	}
	h, err := b.byHand(ctx, n, "hand")
	if err != nil {
		return nil, err
	}
	if err := b.makeByHand(ctx, h); err != nil {
		return nil, err
	}
	if _, err := run(ctx, b.env, "virsh", "start", h.id); err != nil {
		return nil, err
	}
	if err := b.server.call(ctx, "Start", nil, n.ID); err != nil {
		return nil, err
	}
	if _, err := b.server.until(ctx, n.ID, in(lab.Running)); err != nil {
		return nil, err
	}
	for range b.rounds {
		if err := timed(&r.ours, func() error { return b.wipeOnce(ctx, n.ID) }); err != nil {
			return nil, err
		}
		if err := timed(&r.baseline, func() error { return b.wipeByHand(ctx, h) }); err != nil {
			return nil, err
		}
	}
	if _, err := run(ctx, b.env, "virsh", "destroy", h.id); err != nil {
		return nil, err
	}
	if err := b.removeByHand(ctx, h); err != nil {
		return nil, err
	}
	return []row{r}, b.clear(ctx)
}

func (b *bed) wipeOnce(ctx context.Context, id string) error {
	var before lab.Node
	if err := b.server.call(ctx, "Wipe", &before, id); err != nil {
		return err
	}
	_, err := b.server.until(ctx, id, func(n lab.Node) bool {
		return n.State == lab.Running && n.Generation > before.Generation
	})
	return err
}

func (b *bed) wipeByHand(ctx context.Context, h byHand) error {
	for _, command := range [][]string{
		{"virsh", "destroy", h.id},
		{"qemu-img", "create", "-q", "-f", "qcow2", "-b", b.base, "-F", "qcow2", h.overlay},
		{"virsh", "start", h.id},
	} {
		if _, err := run(ctx, b.env, command[0], command[1:]...); err != nil {
			return err
		}
	}
	return nil
}

const manyNodes = 200

func (b *bed) list(ctx context.Context) ([]row, error) {
	r := row{what: fmt.Sprintf("list of %d nodes", manyNodes), means: "virsh list --all"}
	if err := b.upTo(ctx, manyNodes); err != nil {
		return nil, err
	}
	for range b.rounds {
		var nodes []lab.Node
		if err := timed(&r.ours, func() error { return b.server.call(ctx, "List", &nodes) }); err != nil {
			return nil, err
		}
		if len(nodes) != manyNodes {
			return nil, fmt.Errorf("the list has %d nodes, not %d", len(nodes), manyNodes)
		}
		if err := timed(&r.command, func() error { _, err := b.sandboxlabs(ctx, "node", "ls"); return err }); err != nil {
			return nil, err
		}
		if err := timed(&r.baseline, func() error { _, err := run(ctx, b.env, "virsh", "list", "--all"); return err }); err != nil {
			return nil, err
		}
	}
	return []row{r}, b.clear(ctx)
}
