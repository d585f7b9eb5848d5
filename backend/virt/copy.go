package virt

import (
	"context"
	"errors"
	"fmt"
	"path"
	"time"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

// A running node's disk is copied by a block job of QEMU that mirrors the overlay
// alone into another file and is ended as soon as both are the same. The chain
// below the guest is never changed, so that nothing is to be put right in it when
// somebody dies: an overlay on top for the time of the copy would have to be merged
// back, and the definition with it, and a backup job of libvirt copies the base too.
// A job without us goes on mirroring until EndCopy ends it, or the node stops. Its
// file is the mark that there may be one.

var _ lab.Copier = (*Conn)(nil)

// CopyDisk implements lab.Copier.
func (c *Conn) CopyDisk(ctx context.Context, id, volume string) (frozen bool, err error) {
	if owner, _, ok := lab.ParseOverlayVolume(volume); !ok || owner != id {
		return false, lab.Errorf(lab.KindInvalid, "%q is not the name of an overlay of the node", volume)
	}
	err = c.with(ctx, "copy the node's disk", func(s *session) error {
		return c.withPool(s, func(p *libvirt.StoragePool) error {
			return s.withDomain(id, func(d *libvirt.Domain) error {
				frozen, err = c.copyDisk(ctx, s, p, d, volume)
				return err
			})
		})
	})
	return frozen, err
}

func (c *Conn) copyDisk(ctx context.Context, s *session, p *libvirt.StoragePool, d *libvirt.Domain, volume string) (frozen bool, err error) {
	live, err := c.liveDisk(d)
	if err != nil {
		return false, err
	}
	own, err := c.volume(ctx, p, path.Base(live.Source.File.File))
	if err != nil {
		return false, err
	}
	if _, err := c.volume(ctx, p, volume); err == nil {
		return false, errVolumeExists(volume)
	}
	if err := c.checkRoom(p, own.Bytes+reserve); err != nil {
		return false, err
	}
	m, err := c.mirror(ctx, s, d, live, volume)
	if err != nil {
		return false, c.blameDisk(p, errors.Join(err, c.remove(context.WithoutCancel(ctx), p, volume)))
	}
	defer m.forget()
	err = m.ready(ctx)
	if err == nil {
		frozen, err = c.still(d, m.end)
	}
	if err != nil {
		err = c.blameDisk(p, err)
		if left := c.endCopy(d, path.Join(c.cfg.PoolPath, volume)); left != nil {
			return false, errors.Join(err, left) // its file stays as the mark that it goes on
		}
		return false, errors.Join(err, c.remove(context.WithoutCancel(ctx), p, volume))
	}
	_, err = c.filled(ctx, p, volume)
	return frozen, err
}

// liveDisk is the node's own disk as it has it now.
func (c *Conn) liveDisk(d *libvirt.Domain) (*libvirtxml.DomainDisk, error) {
	def, err := c.definitionOf(d)
	if err != nil {
		return nil, err
	}
	now, err := conditionOf(d)
	if err != nil {
		return nil, err
	}
	if !now.active() {
		return nil, lab.Errorf(lab.KindBusy, "the node is not running")
	}
	text, err := d.GetXMLDesc(0)
	if err != nil {
		return nil, err
	}
	var x libvirtxml.Domain
	if err := x.Unmarshal(text); err != nil {
		return nil, fmt.Errorf("read domain XML: %w", err)
	}
	for i := range x.Devices.Disks {
		if disk := &x.Devices.Disks[i]; disk.Target != nil && owner(*disk, lab.ParseOverlayVolume) == def.UUID {
			return disk, nil
		}
	}
	return nil, lab.Errorf(lab.KindBusy, "the node stands on a disk that another program gave it")
}

// mirror is a copy under way.
type mirror struct {
	s      *session
	d      *libvirt.Domain
	target string // of the disk: vda
	told   chan libvirt.ConnectDomainEventBlockJobStatus
	off    chan struct{} // the node stopped
	events []int
}

// mirror begins to copy a disk into a volume.
func (c *Conn) mirror(ctx context.Context, s *session, d *libvirt.Domain, disk *libvirtxml.DomainDisk, volume string) (*mirror, error) {
	m := &mirror{s: s, d: d, target: disk.Target.Dev, told: make(chan libvirt.ConnectDomainEventBlockJobStatus, 8), off: make(chan struct{}, 1)}
	if err := m.listen(); err != nil {
		m.forget()
		return nil, err
	}
	to := libvirtxml.DomainDisk{
		Driver: &libvirtxml.DomainDiskDriver{Name: "qemu", Type: "qcow2"},
		Source: file(path.Join(c.cfg.PoolPath, volume)),
	}
	text, err := to.Marshal()
	if err == nil {
		err = lab.Cancelled(ctx)
	}
	if err == nil {
		err = d.BlockCopy(m.target, text, &libvirt.DomainBlockCopyParameters{}, libvirt.DOMAIN_BLOCK_COPY_SHALLOW|libvirt.DOMAIN_BLOCK_COPY_TRANSIENT_JOB)
	}
	if err != nil {
		m.forget()
		return nil, err
	}
	return m, nil
}

// listen has the mirror told how it goes. What does not fit is not news any more.
func (m *mirror) listen() error {
	job, err := m.s.DomainEventBlockJob2Register(m.d, func(_ *libvirt.Connect, _ *libvirt.Domain, e *libvirt.DomainEventBlockJob) {
		select {
		case m.told <- e.Status:
		default:
		}
	})
	if err != nil {
		return err
	}
	m.events = append(m.events, job)
	life, err := m.s.DomainEventLifecycleRegister(m.d, func(_ *libvirt.Connect, _ *libvirt.Domain, e *libvirt.DomainEventLifecycle) {
		if e.Event == libvirt.DOMAIN_EVENT_STOPPED || e.Event == libvirt.DOMAIN_EVENT_CRASHED {
			signal(m.off)
		}
	})
	if err != nil {
		return err
	}
	m.events = append(m.events, life)
	return nil
}

// forget ends the telling. It fails only on a connection that is dead.
func (m *mirror) forget() {
	for _, id := range m.events {
		_ = m.s.DomainEventDeregister(id)
	}
	m.events = nil
}

// ready waits until both files are the same, and what is written goes into both.
func (m *mirror) ready(ctx context.Context) error {
	select {
	case status := <-m.told:
		if status == libvirt.DOMAIN_BLOCK_JOB_READY {
			return nil
		}
		return errNotCopied
	case <-m.off:
		return errStopped
	case <-m.s.over.Done():
		return errLost
	case <-ctx.Done():
		return lab.Cancelled(ctx)
	}
}

var (
	errStopped   = lab.Errorf(lab.KindBusy, "the node stopped while its disk was copied").WithHint("Try again.")
	errNotCopied = lab.Errorf(lab.KindUnavailable, "QEMU could not copy the node's disk").WithHint("See whether there is room on the pool's disk, and what libvirt's log of the node says.")
)

// end ends the job, when QEMU has written down all that the guest had by now.
func (m *mirror) end() error { return m.d.BlockJobAbort(m.target, 0) }

// How long a guest's file systems may take to become still, and to go on: an agent
// that does not answer in time may have done it all the same.
const stillLimit = 10 * time.Second

// still does something while the guest's file systems stand still, if its agent can
// do that.
func (c *Conn) still(d *libvirt.Domain, do func() error) (frozen bool, err error) {
	listens, err := c.agentListens(d)
	if err != nil {
		return false, err
	}
	if !listens {
		return false, do()
	}
	if err := d.AgentSetResponseTimeout(int(stillLimit/time.Second), 0); err != nil { // an agent that hangs would hold us for ever
		c.cfg.Log.Debug("a guest's file systems are not held still", "error", plain(err))
		return false, do()
	}
	froze := d.FSFreeze(nil, 0)
	err = do()
	return froze == nil, errors.Join(err, c.thaw(d, froze))
}

// thaw lets the guest's file systems go on, also where it is not known that they
// stand still. Only where they do is it an error that they do not go on.
func (c *Conn) thaw(d *libvirt.Domain, froze error) error {
	err := d.FSThaw(nil, 0)
	for range 2 {
		if err == nil || froze != nil {
			break
		}
		err = d.FSThaw(nil, 0)
	}
	switch {
	case err == nil:
		return nil
	case froze != nil:
		c.cfg.Log.Debug("a guest's agent does not hold its file systems still", "error", plain(froze))
		return nil
	}
	return lab.Errorf(lab.KindUnavailable, "the guest's file systems stand still, and its agent does not let them go on").
		WithHint("Thaw them: virsh domfsthaw NODE. If that does not answer, reboot the node.").WithCause(plain(err))
}

// agentListens reports whether the guest runs, and an agent in it listens.
func (c *Conn) agentListens(d *libvirt.Domain) (bool, error) {
	now, err := conditionOf(d)
	if err != nil || !running(now) {
		return false, err
	}
	text, err := d.GetXMLDesc(0)
	if err != nil {
		return false, err
	}
	return agentConnected(text)
}

// EndCopy implements lab.Copier. A copy that ended between the stillness of the
// guest and its end left nothing but its file, so the guest is let go on whenever
// there is one.
func (c *Conn) EndCopy(ctx context.Context, id, volume string) error {
	err := c.with(ctx, "end the copy of the node's disk", func(s *session) error {
		return s.withDomain(id, func(d *libvirt.Domain) error { return c.endCopy(d, path.Join(c.cfg.PoolPath, volume)) })
	})
	if lab.KindOf(err) == lab.KindNotFound {
		return nil
	}
	return err
}

func (c *Conn) endCopy(d *libvirt.Domain, target string) error {
	if err := awaitRest(d); err != nil {
		return err
	}
	live, err := c.liveDisk(d)
	if lab.KindOf(err) == lab.KindBusy { // it has no process, and so no job
		return nil
	}
	if err != nil {
		return err
	}
	listens, err := c.agentListens(d)
	if err != nil {
		return err
	}
	if listens {
		if err := d.AgentSetResponseTimeout(int(stillLimit/time.Second), 0); err == nil {
			_ = c.thaw(d, errNotCopied) // they go on already, most likely
		}
	}
	if m := live.Mirror; m == nil || m.Source == nil || m.Source.File == nil || m.Source.File.File != target {
		return nil
	}
	return d.BlockJobAbort(live.Target.Dev, 0)
}

// awaitRest waits until libvirt is at work on the domain no more. It may be about to begin a copy
// whose process died: the file is there then, and nothing of it in the domain yet. QEMU itself is
// asked nothing: one that hangs would not answer.
func awaitRest(d *libvirt.Domain) error {
	const tries, pause = 500, 20 * time.Millisecond
	for range tries {
		now, err := d.GetControlInfo(0)
		switch {
		case errors.Is(err, libvirt.ERR_OPERATION_INVALID): // it has no process
			return nil
		case err != nil:
			return err
		case now.State == libvirt.DOMAIN_CONTROL_OK:
			return nil
		}
		time.Sleep(pause)
	}
	return lab.Errorf(lab.KindBusy, "libvirt is still at work on the node").WithHint("Try again in a moment.")
}
