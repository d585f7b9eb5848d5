package lab

import "context"

// Inspection is what libvirt tells of a node beyond what we keep of it.
type Inspection struct {
	XML       string    `json:"xml"`       // the domain's definition, live while it is active; no passwords
	Addresses []Address `json:"addresses"` // of its guest; empty where nobody knows
}

// Address is an IP address of a guest.
type Address struct {
	Interface string        `json:"interface,omitempty"` // as the guest names it, if it told
	MAC       string        `json:"mac"`
	IP        string        `json:"ip"` // IPv4 or IPv6, without its prefix
	Prefix    int           `json:"prefix"`
	Source    AddressSource `json:"source"`
}

// AddressSource says who knows an address.
type AddressSource string

// The sources of addresses, the better first.
const (
	AddressOfAgent AddressSource = "agent" // QEMU's agent in the guest
	AddressOfLease AddressSource = "lease" // libvirt's DHCP server
	AddressOfARP   AddressSource = "arp"   // the host's table of neighbours
)

// AddressSources lists every source of addresses.
var AddressSources = []AddressSource{AddressOfAgent, AddressOfLease, AddressOfARP}

// Inspector is a Hypervisor that can tell what stands behind a node.
type Inspector interface {
	// Inspect tells of one node. A guest that does not answer MUST NOT keep it
	// waiting for more than a second; its addresses are left out then.
	Inspect(ctx context.Context, id string) (Inspection, error)
}
