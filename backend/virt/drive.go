package virt

import (
	"path"
	"slices"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

// driveAlias marks a node's own drive among those that others give it: libvirt
// keeps an alias with this beginning.
const driveAlias = "ua-sandboxlabs-drive"

// drive is a node's drive for media, without one. It is a SATA drive, since
// every installer has a driver for that.
func drive(target string) libvirtxml.DomainDisk {
	return libvirtxml.DomainDisk{
		Device:   "cdrom",
		Driver:   &libvirtxml.DomainDiskDriver{Name: "qemu", Type: "raw"},
		Target:   &libvirtxml.DomainDiskTarget{Dev: target, Bus: "sata"},
		ReadOnly: &libvirtxml.DomainDiskReadOnly{},
		Alias:    &libvirtxml.DomainAlias{Name: driveAlias},
	}
}

func isDrive(d libvirtxml.DomainDisk) bool { return d.Alias != nil && d.Alias.Name == driveAlias }

// setMedium puts a medium of the pool into the node's drive, which it is given
// with its first one. Without a name the one that is in it is taken out;
// what another program has put there stays.
func setMedium(d *libvirtxml.Domain, at site, name string) {
	i := slices.IndexFunc(d.Devices.Disks, isDrive)
	if i < 0 && name == "" {
		return
	}
	if i < 0 {
		i = len(d.Devices.Disks)
		d.Devices.Disks = append(d.Devices.Disks, drive(freeTarget(d)))
		bootDriveLast(d)
	}
	insert(&d.Devices.Disks[i], at, name)
}

// insert reports whether the drive holds another medium than before.
func insert(drive *libvirtxml.DomainDisk, at site, name string) (changed bool) {
	was := ""
	if drive.Source != nil && drive.Source.File != nil {
		was = drive.Source.File.File
	}
	switch {
	case name == "" && mediumAt(was) == "", name != "" && was == path.Join(at.folder, name):
		return false
	case name == "":
		drive.Source = nil
	case at.system: // it is shared, and stays whose it is
		drive.Source = file(path.Join(at.folder, name), libvirtxml.DomainDeviceSecLabel{Model: "dac", Relabel: "no"})
	default: // a user's own libvirt gives files to nobody, and refuses to hear of it
		drive.Source = file(path.Join(at.folder, name))
	}
	return true
}

// mediumAt is the medium's volume that a file is; empty: it is none of ours.
func mediumAt(file string) string {
	kind, _, _, ok := lab.ParseImageVolume(path.Base(file))
	if !ok || kind != lab.ImageMedium {
		return ""
	}
	return path.Base(file)
}

// freeTarget is a name that no disk has. The drive's own must come before those
// of others: it is the first drive that a firmware boots from.
func freeTarget(d *libvirtxml.Domain) string {
	for name := byte('a'); ; name++ {
		target := "sd" + string(name)
		taken := slices.ContainsFunc(d.Devices.Disks, func(disk libvirtxml.DomainDisk) bool {
			return disk.Target != nil && disk.Target.Dev == target
		})
		if !taken {
			return target
		}
	}
}

// bootDriveLast lets the firmware try the drive when there is nothing to boot on
// the disk. An order that somebody gave to the devices themselves stays.
func bootDriveLast(d *libvirtxml.Domain) {
	boot := libvirtxml.DomainBootDevice{Dev: "cdrom"}
	if d.OS != nil && len(d.OS.BootDevices) > 0 && !slices.Contains(d.OS.BootDevices, boot) {
		d.OS.BootDevices = append(d.OS.BootDevices, boot)
	}
}

// changeLiveMedium changes what is in the drive of a domain that runs. Where the
// domain has no drive yet, or its guest has locked it, that is left for the next
// start: what is in it now can be read.
func (c *Conn) changeLiveMedium(d *libvirt.Domain, name string) error {
	now, err := conditionOf(d)
	if err != nil || !now.active() {
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
	i := slices.IndexFunc(x.Devices.Disks, isDrive)
	if i < 0 || !insert(&x.Devices.Disks[i], c.site(), name) {
		return nil
	}
	device, err := x.Devices.Disks[i].Marshal()
	if err != nil {
		return err
	}
	if err := d.UpdateDeviceFlags(device, libvirt.DOMAIN_DEVICE_MODIFY_LIVE); err != nil {
		c.cfg.Log.Info("a guest does not let go of its medium before its next start", "error", plain(err))
	}
	return nil
}
