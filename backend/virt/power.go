package virt

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"time"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

// act is how one power action is done.
type act struct {
	what string
	done func(condition) bool // the state asked for is there already
	may  func(condition) bool // the action is for this state
	hint string
	do   func(c *Conn, s *session, d *libvirt.Domain) error
}

func inactive(now condition) bool { return !now.active() }
func running(now condition) bool  { return now.active() && !halted(now) }
func halted(now condition) bool {
	return now.state == libvirt.DOMAIN_PAUSED || now.state == libvirt.DOMAIN_PMSUSPENDED
}
func never(condition) bool { return false }

var acts = map[lab.PowerAction]act{
	lab.PowerStart: {"start the node", running, inactive, "Resume it.", (*Conn).start},
	lab.PowerShutdown: {"shut the node down", inactive, condition.active, "", func(_ *Conn, _ *session, d *libvirt.Domain) error {
		return d.Shutdown()
	}},
	lab.PowerForceOff: {"force the node off", inactive, condition.active, "", func(_ *Conn, _ *session, d *libvirt.Domain) error {
		return d.Destroy()
	}},
	lab.PowerReboot: {"reboot the node", never, condition.active, "Start it.", func(_ *Conn, _ *session, d *libvirt.Domain) error {
		return d.Reboot(libvirt.DOMAIN_REBOOT_DEFAULT)
	}},
	lab.PowerPause: {"pause the node", halted, running, "Start it first.", func(_ *Conn, _ *session, d *libvirt.Domain) error {
		return d.Suspend()
	}},
	lab.PowerResume: {"resume the node", running, halted, "Start it.", resume},
}

// Power implements lab.Hypervisor.
func (c *Conn) Power(ctx context.Context, id string, action lab.PowerAction) error {
	a, ok := acts[action]
	if !ok {
		return lab.Errorf(lab.KindInvalid, "%q is not a power action", action)
	}
	return c.with(ctx, a.what, func(s *session) error {
		return s.withDomain(id, func(d *libvirt.Domain) error { return c.power(s, d, a) })
	})
}

func (c *Conn) power(s *session, d *libvirt.Domain, a act) error {
	if _, err := c.definitionOf(d); err != nil {
		return err
	}
	now, err := conditionOf(d)
	if err != nil || a.done(now) {
		return err
	}
	if !a.may(now) {
		state, _ := now.translate()
		return lab.Errorf(lab.KindBusy, "could not %s: it is %s", a.what, state).WithHint("%s", a.hint)
	}
	err = a.do(c, s, d)
	if !errors.Is(err, libvirt.ERR_OPERATION_INVALID) {
		return err
	}
	// Somebody else may have been quicker.
	if now, lookErr := conditionOf(d); lookErr == nil && a.done(now) {
		return nil
	}
	return err
}

// start boots the domain with a password nobody knew before. What repeats its
// name is brought in line: it may have been renamed elsewhere.
func (c *Conn) start(s *session, d *libvirt.Domain) error {
	id, err := d.GetUUIDString()
	if err != nil {
		return err
	}
	err = s.edit(d, func(x *libvirtxml.Domain) error {
		if v := vnc(x); v != nil {
			v.Passwd = newPassword()
		}
		followName(x, c.site())
		return nil
	})
	if err != nil {
		return err
	}
	c.announceBoot(id)
	err = boot(d)
	if err != nil {
		c.claimBoot(id)
	}
	return err
}

// portTries is how often a start is tried that others keep taking the port from: where as many
// users start nodes as a classroom has, a few times are not enough.
const portTries = 8

// boot starts afresh, without a managed save. Another user's libvirt draws its
// VNC ports from the same range and may be quicker with one; then the next is tried, after
// a while that is not the same for both.
func boot(d *libvirt.Domain) error {
	err := create(d)
	for tries := 1; tries < portTries && err != nil && lostPort(d, err); tries++ {
		time.Sleep(rand.N(time.Duration(tries) * 200 * time.Millisecond))
		err = create(d)
	}
	return err
}

// lostPort reports whether a start failed for a port that another had taken. A
// QEMU that ends for it at an unlucky moment is only said to run no longer; so is
// one that somebody destroyed, which is not to be started again.
func lostPort(d *libvirt.Domain, err error) bool {
	if strings.Contains(err.Error(), "Failed to find an available port") {
		return true
	}
	now, lookErr := conditionOf(d)
	state, _ := now.translate()
	return strings.Contains(err.Error(), "domain is no longer running") && lookErr == nil && state == lab.Failed
}

func create(d *libvirt.Domain) error {
	err := d.CreateWithFlags(libvirt.DOMAIN_START_FORCE_BOOT)
	if errors.Is(err, libvirt.ERR_INVALID_ARG) { // a driver that has no managed save refuses the flag
		err = d.Create()
	}
	return err
}

func resume(_ *Conn, _ *session, d *libvirt.Domain) error {
	now, err := conditionOf(d)
	if err != nil {
		return err
	}
	if now.state == libvirt.DOMAIN_PMSUSPENDED {
		return d.PMWakeup(0)
	}
	return d.Resume()
}

// announceBoot says that the domain's next start is ours.
func (c *Conn) announceBoot(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.booting[id] = true
}

// claimBoot reports whether the domain's start was announced, and forgets it.
func (c *Conn) claimBoot(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	ours := c.booting[id]
	delete(c.booting, id)
	return ours
}

// newLivePassword gives a domain that somebody else started a password of its
// own: the one it has served at an earlier boot.
func (c *Conn) newLivePassword(id string) {
	err := c.with(context.Background(), "change the display's password", func(s *session) error {
		return s.withDomain(id, c.setLivePassword)
	})
	if err != nil && lab.KindOf(err) != lab.KindNotFound {
		c.cfg.Log.Warn("a display keeps the password of an earlier boot", "node", id, "error", err)
	}
	c.hints.changed(id)
}

func (c *Conn) setLivePassword(d *libvirt.Domain) error {
	if _, err := c.definitionOf(d); err != nil {
		return err
	}
	text, err := d.GetXMLDesc(libvirt.DOMAIN_XML_SECURE)
	if err != nil {
		return err
	}
	var x libvirtxml.Domain
	if err := x.Unmarshal(text); err != nil {
		return err
	}
	for _, g := range x.Devices.Graphics {
		if g.VNC == nil {
			continue
		}
		g.VNC.Passwd = newPassword()
		device, err := g.Marshal()
		if err != nil {
			return err
		}
		return d.UpdateDeviceFlags(device, libvirt.DOMAIN_DEVICE_MODIFY_LIVE)
	}
	return nil
}
