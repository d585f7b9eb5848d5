package virt

import (
	"errors"
	"slices"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

// tellAbilities tells whether nodes can have UEFI and a TPM: libvirt asks QEMU,
// and looks for what is installed beside it, each time anew.
func tellAbilities(s *session, m machine, host *lab.Host) error {
	text, err := s.GetDomainCapabilities("", arch, "q35", virtType(m), 0)
	if errors.Is(err, libvirt.ERR_NO_SUPPORT) {
		host.NoUEFI = "This kind of hypervisor has no UEFI."
		host.NoTPM = "This kind of hypervisor has no TPM."
		return nil
	}
	if err != nil {
		return err
	}
	var caps libvirtxml.DomainCaps
	if err := caps.Unmarshal(text); err != nil {
		return lab.Errorf(lab.KindInternal, "libvirt's capabilities can not be read").WithCause(err)
	}
	host.UEFI, host.TPM = offersUEFI(caps), offersTPM(caps)
	if !host.UEFI {
		host.NoUEFI = "Nodes can not boot by UEFI: libvirt finds no firmware for it."
	}
	if !host.TPM {
		host.NoTPM = "Nodes can not have a TPM: libvirt finds no swtpm."
	}
	return nil
}

func offersUEFI(caps libvirtxml.DomainCaps) bool {
	return caps.OS != nil && offers(caps.OS.Enums, "firmware", "efi")
}

func offersTPM(caps libvirtxml.DomainCaps) bool {
	return caps.Devices != nil && caps.Devices.TPM != nil &&
		offers(caps.Devices.TPM.Enums, "model", "tpm-crb") && offers(caps.Devices.TPM.Enums, "backendModel", "emulator")
}

func offers(enums []libvirtxml.DomainCapsEnum, name, value string) bool {
	return slices.ContainsFunc(enums, func(e libvirtxml.DomainCapsEnum) bool {
		return e.Name == name && slices.Contains(e.Values, value)
	})
}
