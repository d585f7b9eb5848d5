package service

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sandboxlabs/backend/lab"
)

// Health is the doctor's report: it asks everything afresh and tells what is
// wrong, with the one command that mends it.
func (s *Service) Health(ctx context.Context) (lab.Health, error) {
	host, hostErr := s.o.Hypervisor.Host(ctx)
	volumes, poolErr := s.o.Pool.Volumes(ctx)
	_, problems, storeErr := s.o.Store.Specs(ctx)
	images, imagesErr := s.o.Library.Images(ctx)
	if err := lab.Cancelled(ctx); err != nil {
		return lab.Health{}, err
	}
	report := lab.Health{Checks: []lab.Check{s.checkLibvirt(host, hostErr), checkPermissions(hostErr, poolErr, storeErr)}}
	if hostErr == nil {
		report.Host = &host
		report.Checks = append(report.Checks, checkAcceleration(host), checkSpace(host))
		report.Checks = append(report.Checks, checkAbility("UEFI", host.UEFI, host.NoUEFI, installUEFI), checkAbility("TPM", host.TPM, host.NoTPM, installTPM))
	}
	report.Checks = append(report.Checks, checkPool(host, poolErr), checkImages(images, imagesErr))
	report.Checks = append(report.Checks, checkSpecs(problems, storeErr)...)
	if hostErr == nil { // else nobody knows
		report.Checks = append(report.Checks, s.checkMissing()...)
	}
	if poolErr == nil {
		report.Checks = append(report.Checks, s.checkOrphans(volumes))
	}
	if s.hasGateway() == nil {
		report.Checks = append(report.Checks, s.checkGateway(ctx))
	}
	return report, nil
}

// sentence is what a person is told of an error: what happened, and the way out.
func sentence(err error) string {
	p := lab.ProblemOf(err)
	return strings.TrimSpace(p.Message + ". " + p.Hint)
}

func failed(name, remedy string, err error) lab.Check {
	return lab.Check{Name: name, Status: lab.CheckFailed, Message: sentence(err), Remedy: remedy}
}

func fine(name, format string, args ...any) lab.Check {
	return lab.Check{Name: name, Status: lab.CheckOK, Message: fmt.Sprintf(format, args...)}
}

const joinLibvirt = "sudo usermod -aG libvirt $USER"

func (s *Service) checkLibvirt(host lab.Host, err error) lab.Check {
	const name = "libvirt"
	switch {
	case err == nil:
		return fine(name, "Connected to %s, %s.", host.URI, host.Hypervisor)
	case lab.KindOf(err) == lab.KindDenied:
		return failed(name, joinLibvirt, err)
	case lab.KindOf(err) == lab.KindInvalid: // no command mends the user's environment
		return failed(name, "", err)
	case strings.HasSuffix(s.o.URI, "/session"):
		return failed(name, "sudo apt install libvirt-daemon qemu-system-x86", err)
	}
	return failed(name, "sudo systemctl enable --now libvirtd", err)
}

func checkPermissions(errs ...error) lab.Check {
	for _, err := range errs {
		if lab.KindOf(err) == lab.KindDenied {
			return failed("permissions", joinLibvirt, err)
		}
	}
	return fine("permissions", "Nothing refused this user.")
}

func checkAcceleration(host lab.Host) lab.Check {
	c := fine("acceleration", "%s", host.Acceleration)
	if !host.Accelerated {
		c.Status, c.Remedy = lab.CheckWarning, "virt-host-validate qemu"
	}
	return c
}

// checkAbility tells of what only some nodes need.
func checkAbility(name string, able bool, why, remedy string) lab.Check {
	if able {
		return fine(name, "Nodes can have it.")
	}
	return lab.Check{Name: name, Status: lab.CheckWarning, Message: why, Remedy: remedy}
}

func checkPool(host lab.Host, err error) lab.Check {
	if err != nil {
		return failed("pool", "virsh pool-list --all --details", err)
	}
	return fine("pool", "Disks are in %s.", host.PoolPath)
}

func checkSpace(host lab.Host) lab.Check {
	c := fine("disk space", "%s of %s are free on %s.", size(host.PoolFree), size(host.PoolBytes), host.PoolPath)
	if c.Status = host.Room().Status; c.Status != lab.CheckOK {
		c.Remedy = fmt.Sprintf("du -ah '%s' | sort -h | tail", host.PoolPath)
		c.Message += " Wipe or delete what you no longer need."
	}
	return c
}

// size writes a number of bytes for a person.
func size(n int64) string {
	const mib, gib = 1 << 20, 1 << 30
	if n < gib {
		return fmt.Sprintf("%d MiB", n/mib)
	}
	return fmt.Sprintf("%.1f GiB", float64(n)/gib)
}

func checkImages(images []lab.Image, err error) lab.Check {
	const name = "images"
	if err != nil {
		return failed(name, "", err)
	}
	var bad []string
	for _, i := range images {
		if i.State == lab.ImageChanged {
			bad = append(bad, i.Name)
		}
	}
	if len(bad) == 0 {
		return fine(name, "%d in the library, each as it was added.", len(images))
	}
	return lab.Check{
		Name: name, Status: lab.CheckFailed, Remedy: "sandboxlabs image add FILE --name " + bad[0],
		Message: "Gone or changed since they were added: " + strings.Join(bad, ", ") + ". Nodes on them will not start. Add the same files again.",
	}
}

func checkSpecs(problems []lab.Problem, err error) []lab.Check {
	const name = "specs"
	if err != nil {
		return []lab.Check{failed(name, "", err)}
	}
	if len(problems) == 0 {
		return []lab.Check{fine(name, "Every node's file can be read.")}
	}
	var checks []lab.Check
	for _, p := range problems {
		message := strings.TrimSpace(p.Message + ". " + p.Hint)
		checks = append(checks, lab.Check{Name: name, Status: lab.CheckWarning, Message: message})
	}
	return checks
}

func (s *Service) checkMissing() []lab.Check {
	s.mu.Lock()
	defer s.mu.Unlock()
	var checks []lab.Check
	for _, v := range s.list() {
		if v.State == lab.Missing {
			checks = append(checks, lab.Check{
				Name: "missing node", Status: lab.CheckWarning, Remedy: "sandboxlabs node restore " + v.Name,
				Message: v.Problem.Message + ". Make it again, or forget it with sandboxlabs node rm " + v.Name + ".",
			})
		}
	}
	if len(checks) == 0 {
		checks = append(checks, fine("missing nodes", "Every node is in libvirt."))
	}
	return checks
}

// checkOrphans tells of the overlays that no node refers to and the sweep does not delete.
func (s *Service) checkOrphans(volumes []lab.Volume) lab.Check {
	var remedies []string
	var sum int64
	for _, v := range volumes {
		id, generation, ok := lab.ParseOverlayVolume(v.Name)
		if ok && !s.inUse(id, generation, v.Path) && !s.changing(id) {
			remedies = append(remedies, fmt.Sprintf("vol-delete %q", v.Path)) // virsh takes words in double quotes
			sum += v.Bytes
		}
	}
	if len(remedies) == 0 {
		return fine("orphans", "Every disk belongs to a node.")
	}
	return lab.Check{
		Name: "orphans", Status: lab.CheckWarning,
		Message: fmt.Sprintf("%d disks with %s belong to no node. They are kept, in case they are missed.", len(remedies), size(sum)),
		Remedy:  fmt.Sprintf("virsh -c %s '%s'", s.o.URI, strings.Join(remedies, "; ")),
	}
}

func (s *Service) changing(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes[id] != nil
}

// gatewayLimit is how long the doctor waits for a gateway that does not answer.
const gatewayLimit = 5 * time.Second

// checkGateway tells how the gateway is. Without it consoles are direct, which is
// why its failure is a warning.
func (s *Service) checkGateway(ctx context.Context) lab.Check {
	const name = "gateway"
	ctx, cancel := context.WithTimeout(ctx, gatewayLimit)
	defer cancel()
	s.mu.Lock()
	status, busy := s.gate.status, s.gate.stack != nil
	s.mu.Unlock()
	var err error
	if !busy {
		status, err = s.WaitGateway(ctx)
	}
	switch {
	case busy || ctx.Err() != nil:
		c := fine(name, "It is %s. Consoles go straight over VNC meanwhile.", status.State)
		c.Status = lab.CheckWarning
		return c
	case err != nil:
		c := failed(name, "sandboxlabs gateway test", err)
		c.Status, c.Message = lab.CheckWarning, c.Message+" Consoles go straight over VNC meanwhile."
		if status.Mode == lab.GatewayStack {
			c.Remedy = "sandboxlabs gateway up"
		}
		return c
	case status.State == lab.GatewayIsOff:
		return fine(name, "None is set up; consoles go straight over VNC.")
	}
	return fine(name, "Consoles are at %s too, schema %s.", status.URL, status.Schema)
}
