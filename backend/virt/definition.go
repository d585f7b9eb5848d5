package virt

import (
	"encoding/xml"
	"errors"
	"fmt"
	"path"
	"strings"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

// definition is the part of a domain's XML that is read back
// (libvirt.org/formatdomain.html). It is decoded hundreds of times, so it names
// only what is needed.
type definition struct {
	Name     string `xml:"name"`
	UUID     string `xml:"uuid"`
	Memory   int    `xml:"memory"`        // KiB: libvirt writes no other unit
	Balloon  int    `xml:"currentMemory"` // KiB
	VCPU     vcpu   `xml:"vcpu"`
	Metadata struct {
		Mark *mark `xml:"urn:sandboxlabs:node:1 node"`
	} `xml:"metadata"`
	Variables string           `xml:"os>nvram"` // file of the firmware's
	Disks     []definedDisk    `xml:"devices>disk"`
	Graphics  []definedDisplay `xml:"devices>graphics"`

	Clipboard bool `xml:"-"` // of an inactive one only
}

type vcpu struct {
	Current int `xml:"current,attr"` // 0: Max
	Max     int `xml:",chardata"`
}

type definedDisk struct {
	Device string `xml:"device,attr"`
	Source struct {
		File string `xml:"file,attr"`
	} `xml:"source"`
	Alias struct {
		Name string `xml:"name,attr"`
	} `xml:"alias"`
}

type definedDisplay struct {
	Type   string `xml:"type,attr"`
	Port   int    `xml:"port,attr"` // -1: none yet
	Listen string `xml:"listen,attr"`
	Passwd string `xml:"passwd,attr"` // only where secrets were asked for
}

// errNotOurs is the answer for a domain that does not exist for us.
func errNotOurs(id string) *lab.Error {
	return lab.Errorf(lab.KindNotFound, "there is no node %s in libvirt", id)
}

// definitionOf reads what will be true at the domain's next start.
func (c *Conn) definitionOf(d *libvirt.Domain) (definition, error) {
	def, err := readXML(d, libvirt.DOMAIN_XML_INACTIVE)
	if err != nil {
		return def, err
	}
	return def, c.checkOurs(&def)
}

// checkOurs also notes what it finds, for who is to tell without reading.
func (c *Conn) checkOurs(d *definition) error {
	ours := d.Metadata.Mark != nil && d.Metadata.Mark.Pool == c.cfg.PoolName
	c.mu.Lock()
	c.ours[d.UUID] = ours
	c.mu.Unlock()
	if !ours {
		return errNotOurs(d.UUID)
	}
	return nil
}

func readXML(d *libvirt.Domain, flags libvirt.DomainXMLFlags) (definition, error) {
	text, err := d.GetXMLDesc(flags)
	if err != nil {
		return definition{}, err
	}
	if flags&libvirt.DOMAIN_XML_INACTIVE != 0 {
		return parseInactive(text)
	}
	return parseDefinition(text)
}

// parseInactive reads what will be true at the next start. Whether there is a
// channel can be seen without decoding it: a text has no angle brackets.
func parseInactive(text string) (definition, error) {
	def, err := parseDefinition(untilControllers(text))
	def.Clipboard = strings.Contains(text, "<channel type='"+vdagentType+"'>")
	return def, err
}

func parseDefinition(text string) (definition, error) {
	var def definition
	if err := xml.Unmarshal([]byte(text), &def); err != nil {
		return def, fmt.Errorf("read domain XML: %w", err)
	}
	return def, nil
}

// untilControllers cuts a definition off where libvirt writes what is read of a
// running domain only: that is three quarters of it, and of the time to decode it.
func untilControllers(text string) string {
	start := strings.Index(text, "\n  <devices>\n")
	if start < 0 {
		return text
	}
	length := strings.Index(text[start:], "\n    <controller ")
	if length < 0 {
		return text
	}
	return text[:start+length] + "\n  </devices>\n</domain>"
}

// spec rebuilds the node's spec: what virsh can change comes from the
// definition, the rest from our metadata.
func (d *definition) spec() (lab.NodeSpec, error) {
	spec, err := d.Metadata.Mark.spec()
	spec.ID, spec.Name = d.UUID, d.Name
	spec.VCPUs, spec.MemoryMiB, spec.Clipboard = d.VCPU.count(), d.memory()>>10, d.Clipboard
	spec.Medium = d.medium()
	if id, generation, ok := lab.ParseOverlayVolume(path.Base(d.overlay())); ok && id == d.UUID {
		spec.Generation = generation
	}
	return spec, err
}

func (v vcpu) count() int {
	if v.Current > 0 {
		return v.Current
	}
	return v.Max
}

func (d *definition) memory() int {
	if d.Balloon > 0 {
		return d.Balloon
	}
	return d.Memory
}

// overlay is the file of the node's disk: the one named after the node, and
// else the first.
func (d *definition) overlay() string {
	first := ""
	for _, disk := range d.Disks {
		if disk.Device != "disk" {
			continue
		}
		if id, _, ok := lab.ParseOverlayVolume(path.Base(disk.Source.File)); ok && id == d.UUID {
			return disk.Source.File
		}
		if first == "" {
			first = disk.Source.File
		}
	}
	return first
}

// drive is the node's own; nil: it has none.
func (d *definition) drive() *definedDisk {
	for i := range d.Disks {
		if d.Disks[i].Alias.Name == driveAlias {
			return &d.Disks[i]
		}
	}
	return nil
}

// medium is the volume in the drive.
func (d *definition) medium() string {
	if drive := d.drive(); drive != nil {
		return mediumAt(drive.Source.File)
	}
	return ""
}

func (d *definition) vnc() *lab.VNC {
	for _, g := range d.Graphics {
		if g.Type == "vnc" && g.Port > 0 {
			return &lab.VNC{Host: g.Listen, Port: g.Port}
		}
	}
	return nil
}

func (d *definition) vncPassword() string {
	for _, g := range d.Graphics {
		if g.Type == "vnc" && g.Port > 0 {
			return g.Passwd
		}
	}
	return ""
}

// withDomain runs call on the handle of a domain, ours or not.
func (s *session) withDomain(id string, call func(d *libvirt.Domain) error) error {
	if lab.CheckID(id) != nil {
		return errNotOurs(id)
	}
	d, err := s.LookupDomainByUUIDString(id)
	if errors.Is(err, libvirt.ERR_NO_DOMAIN) {
		return errNotOurs(id)
	}
	if err != nil {
		return err
	}
	defer free(d)
	return call(d)
}

// free drops a handle. It can fail only for a handle that is none.
func free(handle interface{ Free() error }) { _ = handle.Free() }
