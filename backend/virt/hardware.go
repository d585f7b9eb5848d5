package virt

import (
	"libvirt.org/go/libvirtxml"
)

// arch is the architecture of the nodes.
const arch = "x86_64"

// agentName is the channel that QEMU's guest agent looks for.
const agentName = "org.qemu.guest_agent.0"

// QEMU's own end of the clipboard, and the channel that spice-vdagent looks for.
const (
	vdagentType = "qemu-vdagent"
	vdagentName = "com.redhat.spice.0"
)

// rootPorts is how many PCIe root ports a node has: six for its own devices and two to plug
// more into while it runs. libvirt adds its own for what is plugged in while it is off. Each
// makes a boot under emulation longer by about 0.1 s.
const rootPorts = 8

// hardware gives a domain with the devices every node has, and nothing of its
// spec (format: libvirt.org/formatdomain.html).
func hardware(m machine) *libvirtxml.Domain {
	return &libvirtxml.Domain{
		Type: virtType(m),
		OS: &libvirtxml.DomainOS{
			Type:        &libvirtxml.DomainOSType{Arch: arch, Machine: "q35", Type: "hvm"},
			BootDevices: []libvirtxml.DomainBootDevice{{Dev: "hd"}},
			SMBios:      &libvirtxml.DomainSMBios{Mode: "sysinfo"},
		},
		Features: &libvirtxml.DomainFeatureList{
			ACPI: &libvirtxml.DomainFeature{},
			APIC: &libvirtxml.DomainFeatureAPIC{},
		},
		CPU:        cpu(m),
		Clock:      clock(m),
		OnPoweroff: "destroy",
		OnReboot:   "restart",
		OnCrash:    "destroy",
		Devices:    devices(),
	}
}

func virtType(m machine) string {
	if m.KVM {
		return "kvm"
	}
	return "qemu"
}

// newerThanQEMU64 is what the guests of today ask of a processor (x86-64-v2, which
// RHEL 9 and its kin do not run without) beyond what QEMU's default has.
var newerThanQEMU64 = []string{"ssse3", "sse4.1", "sse4.2", "popcnt"}

// cpu passes the host's processor on. Emulated, it is QEMU's default with what
// guests of today need: to emulate all there is ("max") makes them slower, and so
// does a model of Intel's, by the cure for Meltdown that kernels then apply.
func cpu(m machine) *libvirtxml.DomainCPU {
	if m.KVM {
		return &libvirtxml.DomainCPU{Mode: "host-passthrough", Migratable: "on"}
	}
	c := &libvirtxml.DomainCPU{Mode: "custom", Match: "exact", Check: "none", Model: &libvirtxml.DomainCPUModel{Fallback: "forbid", Value: "qemu64"}}
	for _, name := range newerThanQEMU64 {
		c.Features = append(c.Features, libvirtxml.DomainCPUFeature{Policy: "require", Name: name})
	}
	return c
}

func clock(m machine) *libvirtxml.DomainClock {
	c := &libvirtxml.DomainClock{Offset: "utc"}
	if m.KVM {
		c.Timer = []libvirtxml.DomainTimer{
			{Name: "rtc", TickPolicy: "catchup"},
			{Name: "pit", TickPolicy: "delay"},
			{Name: "hpet", Present: "no"},
		}
	}
	return c
}

func devices() *libvirtxml.DomainDeviceList {
	pty := func() *libvirtxml.DomainChardevSource {
		return &libvirtxml.DomainChardevSource{Pty: &libvirtxml.DomainChardevSourcePty{}}
	}
	return &libvirtxml.DomainDeviceList{
		Controllers: controllers(),
		Interfaces: []libvirtxml.DomainInterface{{
			Source: &libvirtxml.DomainInterfaceSource{User: &libvirtxml.DomainInterfaceSourceUser{}},
			Model:  &libvirtxml.DomainInterfaceModel{Type: "virtio"},
		}},
		Serials: []libvirtxml.DomainSerial{{
			Source: pty(),
			Target: &libvirtxml.DomainSerialTarget{Type: "isa-serial", Port: new(uint)},
		}},
		Consoles: []libvirtxml.DomainConsole{{
			Source: pty(),
			Target: &libvirtxml.DomainConsoleTarget{Type: "serial", Port: new(uint)},
		}},
		Channels: []libvirtxml.DomainChannel{{
			Source: &libvirtxml.DomainChardevSource{UNIX: &libvirtxml.DomainChardevSourceUNIX{}},
			Target: &libvirtxml.DomainChannelTarget{
				VirtIO: &libvirtxml.DomainChannelTargetVirtIO{Name: agentName},
			},
		}},
		Inputs:   []libvirtxml.DomainInput{{Type: "tablet", Bus: "usb"}},
		Graphics: []libvirtxml.DomainGraphic{{VNC: display()}},
		Videos: []libvirtxml.DomainVideo{{ // a VGA to kernels without its driver, and to the others it takes any size
			Model: libvirtxml.DomainVideoModel{Type: "virtio", Heads: 1, Primary: "yes"},
		}},
		MemBalloon: &libvirtxml.DomainMemBalloon{Model: "virtio"},
		RNGs: []libvirtxml.DomainRNG{{
			Model:   "virtio",
			Backend: &libvirtxml.DomainRNGBackend{Random: &libvirtxml.DomainRNGBackendRandom{Device: "/dev/urandom"}},
		}},
	}
}

// vdagent is the channel that shares the clipboard.
func vdagent() libvirtxml.DomainChannel {
	return libvirtxml.DomainChannel{
		Source: &libvirtxml.DomainChardevSource{QEMUVDAgent: &libvirtxml.DomainChardevSourceQEMUVDAgent{
			ClipBoard: &libvirtxml.DomainChardevSourceQEMUVDAgentClipBoard{CopyPaste: "yes"},
		}},
		Target: &libvirtxml.DomainChannelTarget{VirtIO: &libvirtxml.DomainChannelTargetVirtIO{Name: vdagentName}},
	}
}

func controllers() []libvirtxml.DomainController {
	index := func(i uint) *uint { return &i }
	list := []libvirtxml.DomainController{
		{Type: "usb", Index: index(0), Model: "qemu-xhci"},
		{Type: "pci", Index: index(0), Model: "pcie-root"},
	}
	for i := range uint(rootPorts) {
		list = append(list, libvirtxml.DomainController{Type: "pci", Index: index(i + 1), Model: "pcie-root-port"})
	}
	return list
}

func display() *libvirtxml.DomainGraphicVNC {
	const loopback = "127.0.0.1"
	return &libvirtxml.DomainGraphicVNC{
		Port: -1, AutoPort: "yes", Listen: loopback,
		Listeners: []libvirtxml.DomainGraphicListener{
			{Address: &libvirtxml.DomainGraphicListenerAddress{Address: loopback}},
		},
	}
}

// disk is a node's disk: its overlay, and below it the base, which libvirt must
// neither probe nor take into its possession.
func disk() libvirtxml.DomainDisk {
	return libvirtxml.DomainDisk{
		Device: "disk",
		Driver: &libvirtxml.DomainDiskDriver{Name: "qemu", Type: "qcow2", Discard: "unmap", DetectZeros: "unmap"},
		Target: &libvirtxml.DomainDiskTarget{Dev: "vda", Bus: "virtio"},
	}
}

// seed is the disk that cloud-init finds by its label. It is on the bus of the
// node's own disk, which its kernel must have a driver for: kernels for virtual
// machines, such as Debian's cloud kernel, have none for SATA.
func seed(path string) libvirtxml.DomainDisk {
	return libvirtxml.DomainDisk{
		Device:   "disk",
		Driver:   &libvirtxml.DomainDiskDriver{Name: "qemu", Type: "raw"},
		Source:   file(path),
		Target:   &libvirtxml.DomainDiskTarget{Dev: "vdz", Bus: "virtio"},
		ReadOnly: &libvirtxml.DomainDiskReadOnly{},
	}
}

func file(path string, labels ...libvirtxml.DomainDeviceSecLabel) *libvirtxml.DomainDiskSource {
	return &libvirtxml.DomainDiskSource{File: &libvirtxml.DomainDiskSourceFile{File: path, SecLabel: labels}}
}

// chain is what an overlay stands on; without a base there is no more, and
// libvirt need not look for it.
func chain(base string) *libvirtxml.DomainDiskBackingStore {
	if base == "" {
		return &libvirtxml.DomainDiskBackingStore{}
	}
	return &libvirtxml.DomainDiskBackingStore{
		Format:       &libvirtxml.DomainDiskFormat{Type: "qcow2"},
		Source:       file(base, libvirtxml.DomainDeviceSecLabel{Model: "dac", Relabel: "no"}),
		BackingStore: &libvirtxml.DomainDiskBackingStore{},
	}
}
