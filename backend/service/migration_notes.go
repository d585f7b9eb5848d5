package service

import (
	"cmp"
	"fmt"
	"slices"

	"sandboxlabs/backend/lab"
)

// specFor gives the spec of a node, without its image, and notes on what is other
// than it was.
func (m *migration) specFor(node *lab.MigratedNode, n lab.PrototypeNode, host lab.Host) lab.NodeSpec {
	say := func(format string, args ...any) { node.Notes = append(node.Notes, fmt.Sprintf(format, args...)) }
	if node.Name != n.Name {
		say("In the prototype its name was %q.", n.Name)
	}
	if lab.PrototypeID(n.ID) != n.ID {
		say("Its ID was %q, and is %s here.", n.ID, node.ID)
	}
	t := m.s.tuned()
	node.VCPUs, node.MemoryMiB = cmp.Or(n.VCPUs, t.VCPUs), cmp.Or(n.MemoryMiB, t.MemoryMiB)
	if cpus := min(host.CPUs, lab.MaxVCPUs); node.VCPUs > cpus {
		say("It had %d vCPUs, and gets the %d that this host has.", node.VCPUs, cpus)
		node.VCPUs = cpus
	}
	if memory := max(lab.MinMemoryMiB, min(node.MemoryMiB, host.MemoryMiB)); memory != node.MemoryMiB {
		say("It had %d MiB of memory, and gets %d.", node.MemoryMiB, memory)
		node.MemoryMiB = memory
	}
	spec := lab.NodeSpec{
		ID: node.ID, Name: node.Name, VCPUs: node.VCPUs, MemoryMiB: node.MemoryMiB, MAC: newMAC(), Generation: 1,
		CreatedAt: now(), StartedAt: n.StartedAt, WipedAt: n.WipedAt,
	}
	replace(&spec.CreatedAt, n.CreatedAt)
	return spec
}

// note says what concerns the whole.
func (m *migration) note() {
	say := func(format string, args ...any) {
		m.value.Notes = append(m.value.Notes, fmt.Sprintf(format, args...))
	}
	for _, older := range m.folder.Older {
		say("There is an older state at %s, which was not read.", older)
	}
	for _, disk := range m.folder.Overlays {
		if !slices.ContainsFunc(m.folder.Nodes, func(n lab.PrototypeNode) bool { return n.Disk == disk.Path }) {
			say("No node has the disk %s: it stays where it is.", disk.Path)
		}
	}
}

// imagesStay is said where images are not removed with the nodes that stood on them.
const imagesStay = "The images stay where they are: there are disks left that may stand on them."
