package labtest

import (
	"context"
	"fmt"

	"sandboxlabs/backend/lab"
)

// Display tells where a display is and what it asks for.
func (h *Hypervisor) Display(ctx context.Context, id string) (vnc *lab.VNC, password string, err error) {
	err = h.do(h.called(ctx, "Display", id), id, func(d *domain) (bool, error) {
		switch {
		case d == nil:
			return false, gone(id)
		case !d.state.Active():
			return false, lab.Errorf(lab.KindBusy, "%s is not active", d.spec.Name)
		}
		vnc, password = d.tell().VNC, d.password
		return false, nil
	})
	return vnc, password, err
}

// SetPassword gives an active node's display another password, as another
// SandBoxLabs does when it sees virsh start the node.
func (h *Hypervisor) SetPassword(id, password string) {
	h.mu.Lock()
	h.domains[id].password = password
	h.mu.Unlock()
	h.hint(lab.Hint{ID: id})
}

// newPassword gives a password that no boot before had. h.mu must be held.
func (h *Hypervisor) newPassword() string { return fmt.Sprintf("boot%04d", h.ports) }
