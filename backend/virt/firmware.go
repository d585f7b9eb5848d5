package virt

import (
	"errors"
	"path"
	"strings"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

// setFirmware gives a domain UEFI where the spec asks for it, and its variables a
// file of their own beside the overlay, which the firmware's template makes at
// the start that finds none. A domain that somebody gave another firmware keeps it.
func setFirmware(d *libvirtxml.Domain, spec lab.NodeSpec, disk lab.Disk) {
	if spec.Firmware != lab.FirmwareUEFI {
		return
	}
	if d.OS.Firmware == "" && d.OS.Loader == nil {
		d.OS.Firmware = "efi"
		// Secure boot needs more of the machine, and refuses much of what a lab boots.
		d.OS.FirmwareInfo = &libvirtxml.DomainOSFirmwareInfo{
			Features: []libvirtxml.DomainOSFirmwareFeature{{Enabled: "no", Name: "secure-boot"}},
		}
	}
	if disk == (lab.Disk{}) {
		return
	}
	vars := libvirtxml.DomainNVRam{NVRam: variablesOf(disk.Overlay)}
	if old := d.OS.NVRam; old != nil { // libvirt has chosen what to make it from
		vars.Template, vars.TemplateFormat, vars.Format = old.Template, old.TemplateFormat, old.Format
	}
	d.OS.NVRam = &vars
}

// variablesOf names the file of the firmware's variables that goes with an overlay.
func variablesOf(overlay string) string { return strings.TrimSuffix(overlay, ".qcow2") + ".nvram" }

// ownVariables reports whether a file is that of one of a node's overlays.
func ownVariables(file, id string) bool {
	stem, ok := strings.CutSuffix(path.Base(file), ".nvram")
	owner, _, isOverlay := lab.ParseOverlayVolume(stem + ".qcow2")
	return ok && isOverlay && owner == id
}

// setTPM gives a domain a TPM where the spec asks for it. One that somebody else
// gave it serves as well.
func setTPM(d *libvirtxml.Domain, on bool) {
	if !on || len(d.Devices.TPMs) > 0 {
		return
	}
	d.Devices.TPMs = []libvirtxml.DomainTPM{{
		Model:   "tpm-crb",
		Backend: &libvirtxml.DomainTPMBackend{Emulator: &libvirtxml.DomainTPMBackendEmulator{Version: "2.0"}},
	}}
}

// forget lets libvirt forget a domain that is off, and what its TPM holds. The
// firmware's variables stay where they go with an overlay of the node.
func forget(d *libvirt.Domain, def definition) error {
	const saved = libvirt.DOMAIN_UNDEFINE_MANAGED_SAVE | libvirt.DOMAIN_UNDEFINE_SNAPSHOTS_METADATA
	variables := libvirt.DOMAIN_UNDEFINE_NVRAM
	if ownVariables(def.Variables, def.UUID) {
		variables = libvirt.DOMAIN_UNDEFINE_KEEP_NVRAM
	}
	err := d.UndefineFlags(saved | variables | libvirt.DOMAIN_UNDEFINE_CHECKPOINTS_METADATA)
	if errors.Is(err, libvirt.ERR_INVALID_ARG) { // a driver that has no such things refuses the flags
		err = d.UndefineFlags(saved)
	}
	return err
}

// renew is edit with a TPM as new. libvirt clears one only with the whole
// domain, so it is undefined and, a moment later, defined again; should we be
// killed in between, the node is missing, and can be restored.
func (s *session) renew(d *libvirt.Domain, def definition, change func(*libvirtxml.Domain) error) error {
	x, err := readDomain(d)
	if err != nil {
		return err
	}
	before, err := x.Marshal()
	if err != nil {
		return err
	}
	if err := change(x); err != nil {
		return err
	}
	after, err := x.Marshal()
	if err != nil {
		return err
	}
	auto, err := d.GetAutostart()
	if err != nil {
		return err
	}
	if err := forget(d, def); err != nil {
		return err
	}
	made, err := s.DomainDefineXML(after)
	if err != nil {
		if back, backErr := s.DomainDefineXML(before); backErr == nil {
			free(back)
		}
		return err
	}
	defer free(made)
	if auto {
		return made.SetAutostart(true)
	}
	return nil
}
