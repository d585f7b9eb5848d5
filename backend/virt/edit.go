package virt

import (
	"crypto/rand"
	"path"
	"slices"

	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

// site is where a domain is defined.
type site struct {
	pool    string // whose nodes they are
	folder  string // of the pool's volumes
	system  bool   // by the system's libvirt, whose QEMU is another user
	sockets string // directory in which libvirt makes the sockets of channels
}

// newDomain is the definition of a new node.
func newDomain(m machine, at site, spec lab.NodeSpec, disk lab.Disk) (*libvirtxml.Domain, error) {
	d := hardware(m)
	d.UUID, d.Name = spec.ID, spec.Name
	return d, applySpec(d, at, spec, disk)
}

// applySpec brings a definition to a spec. What is so already, and whatever the
// spec does not speak of, stays as it is; so does the name.
func applySpec(d *libvirtxml.Domain, at site, spec lab.NodeSpec, disk lab.Disk) error {
	spec.Name = d.Name
	setVCPUs(d, uint(spec.VCPUs))
	setMemory(d, uint(spec.MemoryMiB))
	if disk != (lab.Disk{}) {
		setDisk(d, spec.ID, disk)
	}
	setMedium(d, at, spec.Medium)
	setFirmware(d, spec, disk)
	setTPM(d, spec.TPM)
	setMAC(d, spec.MAC)
	if v := vnc(d); v != nil {
		v.Keymap = spec.Keymap
	}
	setClipboard(d, spec.Clipboard)
	followName(d, at)
	return setMark(d, at.pool, spec)
}

func setVCPUs(d *libvirtxml.Domain, n uint) {
	if d.VCPU == nil {
		d.VCPU = &libvirtxml.DomainVCPU{}
	}
	switch v := d.VCPU; {
	case v.Current == 0 && v.Value == n:
		return
	case v.Current > 0 && v.Value >= n: // somebody left room to plug more
		v.Current = n
		return
	}
	d.VCPU.Value, d.VCPU.Current, d.VCPUs = n, 0, nil
	if d.CPU != nil { // it would have to add up to the old number
		d.CPU.Topology = nil
	}
}

func setMemory(d *libvirtxml.Domain, mib uint) {
	if d.CurrentMemory != nil && d.CurrentMemory.Value>>10 == mib { // in KiB, as libvirt writes it
		return
	}
	if d.Memory == nil {
		d.Memory = &libvirtxml.DomainMemory{}
	}
	d.Memory.Value, d.Memory.Unit = mib, "MiB"
	d.CurrentMemory = &libvirtxml.DomainCurrentMemory{Value: mib, Unit: "MiB"}
}

// setDisk points the node's disk to its files. It is the one named after the
// node, else the one that boots; foreign disks are not touched.
func setDisk(d *libvirtxml.Domain, id string, to lab.Disk) {
	own := -1
	for i, candidate := range d.Devices.Disks {
		if own < 0 && candidate.Target != nil && candidate.Target.Dev == "vda" || owner(candidate, lab.ParseOverlayVolume) == id {
			own = i
		}
	}
	if own < 0 {
		d.Devices.Disks = append([]libvirtxml.DomainDisk{disk()}, d.Devices.Disks...)
		own = 0
	}
	at := &d.Devices.Disks[own]
	if at.Source == nil || at.Source.File == nil || at.Source.File.File != to.Overlay {
		at.Source = file(to.Overlay)
	}
	at.BackingStore = chain(to.Base)
	setSeed(d, id, to.Seed)
}

// setSeed gives the domain the disk of its first boot, in the place of another
// generation's; an empty path takes it away.
func setSeed(d *libvirtxml.Domain, id, path string) {
	own := slices.IndexFunc(d.Devices.Disks, func(disk libvirtxml.DomainDisk) bool { return owner(disk, lab.ParseSeedVolume) == id })
	switch {
	case own < 0 && path == "":
	case own < 0:
		d.Devices.Disks = append(d.Devices.Disks, seed(path))
	case path == "":
		d.Devices.Disks = slices.Delete(d.Devices.Disks, own, own+1)
	case d.Devices.Disks[own].Source.File.File != path:
		d.Devices.Disks[own].Source = file(path)
	}
}

// owner gives the ID of the node whose volume a disk is, by the names that parse
// knows; empty if it is none.
func owner(d libvirtxml.DomainDisk, parse func(volume string) (id string, generation int, ok bool)) string {
	if d.Source == nil || d.Source.File == nil {
		return ""
	}
	id, _, _ := parse(path.Base(d.Source.File.File))
	return id
}

func setMAC(d *libvirtxml.Domain, mac string) {
	if len(d.Devices.Interfaces) > 0 {
		d.Devices.Interfaces[0].MAC = &libvirtxml.DomainInterfaceMAC{Address: mac}
	}
}

// setClipboard gives the domain the channel by which QEMU shares the clipboard,
// or takes it away. One that somebody else gave it stays as it is.
func setClipboard(d *libvirtxml.Domain, on bool) {
	has := slices.ContainsFunc(d.Devices.Channels, isVDAgent)
	switch {
	case on && !has:
		d.Devices.Channels = append(d.Devices.Channels, vdagent())
	case !on:
		d.Devices.Channels = slices.DeleteFunc(d.Devices.Channels, isVDAgent)
	}
}

func isVDAgent(c libvirtxml.DomainChannel) bool {
	return c.Source != nil && c.Source.QEMUVDAgent != nil
}

// followName brings in line what hangs on the domain's name.
func followName(d *libvirtxml.Domain, at site) {
	setHostName(d)
	d.Devices.Channels = slices.DeleteFunc(d.Devices.Channels, func(c libvirtxml.DomainChannel) bool {
		return isAgent(c) && !agentFits(at, d.Name)
	})
}

// isAgent tells a guest agent's channel whose socket libvirt places.
func isAgent(c libvirtxml.DomainChannel) bool {
	return c.Target != nil && c.Target.VirtIO != nil && c.Target.VirtIO.Name == agentName &&
		c.Source != nil && c.Source.UNIX != nil && c.Source.UNIX.Path == ""
}

// agentFits reports whether the path of the agent's socket, into which libvirt
// puts a number and up to 20 letters of the name, is one that Linux can take.
// Below a long home directory it is not, and the node would not start.
func agentFits(at site, name string) bool {
	const longest = 107
	return len(path.Join(at.sockets, "domain-99999-"+name[:min(len(name), 20)], agentName)) <= longest
}

// setHostName tells the guest its name through the serial number of the system
// in SMBIOS, where it can be read without touching the disk.
func setHostName(d *libvirtxml.Domain) {
	if d.OS.SMBios == nil {
		d.OS.SMBios = &libvirtxml.DomainSMBios{Mode: "sysinfo"}
	}
	system := smbiosSystem(d)
	for i := range system.Entry {
		if system.Entry[i].Name == "serial" {
			system.Entry[i].Value = d.Name
			return
		}
	}
	system.Entry = append(system.Entry, libvirtxml.DomainSysInfoEntry{Name: "serial", Value: d.Name})
}

func smbiosSystem(d *libvirtxml.Domain) *libvirtxml.DomainSysInfoSystem {
	for _, info := range d.SysInfo {
		if info.SMBIOS == nil {
			continue
		}
		if info.SMBIOS.System == nil {
			info.SMBIOS.System = &libvirtxml.DomainSysInfoSystem{}
		}
		return info.SMBIOS.System
	}
	system := &libvirtxml.DomainSysInfoSystem{}
	d.SysInfo = append(d.SysInfo, libvirtxml.DomainSysInfo{SMBIOS: &libvirtxml.DomainSysInfoSMBIOS{System: system}})
	return system
}

func setMark(d *libvirtxml.Domain, pool string, spec lab.NodeSpec) error {
	element, err := newMark(pool, spec)
	if err != nil {
		return err
	}
	if d.Metadata == nil {
		d.Metadata = &libvirtxml.DomainMetadata{}
	}
	d.Metadata.XML, err = replaceMark(d.Metadata.XML, element)
	return err
}

// vnc gives the domain's VNC display; nil if somebody removed it.
func vnc(d *libvirtxml.Domain) *libvirtxml.DomainGraphicVNC {
	for _, g := range d.Devices.Graphics {
		if g.VNC != nil {
			return g.VNC
		}
	}
	return nil
}

// newPassword gives 8 characters, the most that VNC takes, out of 64.
func newPassword() string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails, by its documentation
	for i := range b {
		b[i] = letters[b[i]%64]
	}
	return string(b)
}
