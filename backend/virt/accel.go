package virt

import (
	"errors"
	"io/fs"
	"os"
	"regexp"

	"libvirt.org/go/libvirt"
	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab"
)

// How nodes are to be run (Config.Emulation).
const (
	EmulationAuto = "auto" // KVM where it works
	EmulationKVM  = "kvm"
	EmulationTCG  = "tcg"
)

// machine is what a new domain must know of the host.
type machine struct {
	KVM    bool
	Reason string // why KVM or not, as a sentence
}

// evidence is what speaks for and against KVM. It may be listed by libvirt, and
// its device may open, on hosts where guests then hang: the flags of the
// processor must say so too.
type evidence struct {
	listed   bool  // in libvirt's capabilities
	remote   bool  // nothing but the list can be seen
	cpuFlag  bool  // vmx or svm
	device   error // of opening /dev/kvm
	asOthers bool  // QEMU runs as another user than ours
}

// decide tells what is in the way on this machine first: that libvirt does not list KVM comes of it.
func (e evidence) decide(emulation string) machine {
	here, denied := !e.remote, errors.Is(e.device, fs.ErrPermission)
	switch {
	case emulation == EmulationKVM:
		return machine{true, "KVM is used because the settings demand it."}
	case emulation == EmulationTCG:
		return machine{false, "Nodes are emulated because the settings demand it."}
	case e.remote && e.listed:
		return machine{true, "KVM is used: libvirt on the remote host offers it."}
	case here && !e.cpuFlag:
		return machine{false, "Nodes are emulated, which is slow: the processor shows no virtualization (vmx or svm). Enable it in the firmware, or nested virtualization in the host above."}
	case here && denied && !e.asOthers:
		return machine{false, "Nodes are emulated, which is slow: you may not open /dev/kvm. Join the group kvm and log in again."}
	case here && e.device != nil && !denied:
		return machine{false, "Nodes are emulated, which is slow: /dev/kvm can not be opened. Load the module kvm_intel or kvm_amd."}
	case !e.listed:
		return machine{false, "Nodes are emulated, which is slow: QEMU and libvirt offer no KVM on this host."}
	}
	return machine{true, "KVM is used: the processor, /dev/kvm and libvirt all offer it."}
}

// inspect gathers the evidence for the host of a connection.
func (c *Conn) inspect(conn *libvirt.Connect) (machine, error) {
	text, err := conn.GetCapabilities()
	if err != nil {
		return machine{}, err
	}
	var caps libvirtxml.Caps
	if err := caps.Unmarshal(text); err != nil {
		return machine{}, lab.Errorf(lab.KindInternal, "libvirt's capabilities can not be read").WithCause(err)
	}
	e := evidence{listed: offersKVM(caps), remote: !c.uri.local(), asOthers: c.uri.system}
	if !e.remote {
		e.cpuFlag, e.device = hasVirtualization(), openKVM()
	}
	return e.decide(c.cfg.Emulation), nil
}

func offersKVM(caps libvirtxml.Caps) bool {
	for _, g := range caps.Guests {
		for _, d := range g.Arch.Domains {
			if g.OSType == "hvm" && g.Arch.Name == arch && d.Type == "kvm" {
				return true
			}
		}
	}
	return false
}

var virtualization = regexp.MustCompile(`(?m)^flags\s*:.* (vmx|svm)( |$)`)

func hasVirtualization() bool {
	info, err := os.ReadFile("/proc/cpuinfo")
	return err == nil && virtualization.Match(info)
}

func openKVM() error {
	f, err := os.OpenFile("/dev/kvm", os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}
