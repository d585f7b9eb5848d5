package virt

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

// agentPatience is how long a guest's agent may take to answer.
const agentPatience = time.Second

// Inspect implements lab.Inspector.
func (c *Conn) Inspect(ctx context.Context, id string) (seen lab.Inspection, err error) {
	err = c.with(ctx, "inspect the node", func(s *session) error {
		return s.withDomain(id, func(d *libvirt.Domain) error {
			if _, err := c.definitionOf(d); err != nil {
				return err
			}
			text, err := d.GetXMLDesc(0)
			if err != nil {
				return err
			}
			seen = lab.Inspection{XML: text, Addresses: []lab.Address{}}
			now, err := conditionOf(d)
			if err != nil || !now.active() {
				return err
			}
			seen.Addresses, err = c.addresses(ctx, s, d, text)
			return err
		})
	})
	return seen, err
}

// addressSources gives libvirt's name for each source, the better first.
var addressSources = []struct {
	source libvirt.DomainInterfaceAddressesSource
	name   lab.AddressSource
}{
	{libvirt.DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT, lab.AddressOfAgent},
	{libvirt.DOMAIN_INTERFACE_ADDRESSES_SRC_LEASE, lab.AddressOfLease},
	{libvirt.DOMAIN_INTERFACE_ADDRESSES_SRC_ARP, lab.AddressOfARP},
}

// addresses asks every source that may know, and keeps what the better one told
// of an address. A source that does not answer knows nothing, which is no error.
func (c *Conn) addresses(ctx context.Context, s *session, d *libvirt.Domain, text string) ([]lab.Address, error) {
	listening, err := agentConnected(text)
	if err != nil {
		return nil, err
	}
	all := []lab.Address{}
	for _, from := range addressSources {
		var found []libvirt.DomainInterface
		switch {
		case from.name != lab.AddressOfAgent:
			found, err = d.ListAllInterfaceAddresses(from.source)
		case listening:
			found, err = c.askAgent(ctx, s, d)
		}
		if err != nil {
			c.cfg.Log.Debug("a source of addresses does not answer", "source", from.name, "error", plain(err))
		}
		all = append(all, addressesOf(found, from.name)...)
	}
	return distinct(all), nil
}

// agentConnected reports whether a guest's agent has opened its end of the channel.
func agentConnected(text string) (bool, error) {
	var live struct {
		Channels []struct {
			Target struct {
				Name  string `xml:"name,attr"`
				State string `xml:"state,attr"`
			} `xml:"target"`
		} `xml:"devices>channel"`
	}
	if err := xml.Unmarshal([]byte(text), &live); err != nil {
		return false, fmt.Errorf("read domain XML: %w", err)
	}
	for _, c := range live.Channels {
		if c.Target.Name == agentName && c.Target.State == "connected" {
			return true, nil
		}
	}
	return false, nil
}

// askAgent gives up after a moment. libvirt waits longer for an agent that
// hangs; until it has given up too, the agent is not asked again.
func (c *Conn) askAgent(ctx context.Context, s *session, d *libvirt.Domain) ([]libvirt.DomainInterface, error) {
	id, err := d.GetUUIDString()
	if err != nil || !c.asks(id, true) {
		return nil, err
	}
	if err := d.Ref(); err != nil { // the caller frees its handle when we have given up
		c.asks(id, false)
		return nil, err
	}
	s.join()
	answered := make(chan []libvirt.DomainInterface, 1)
	failed := make(chan error, 1)
	go func() {
		defer s.leave()
		defer c.asks(id, false)
		defer free(d)
		found, err := d.ListAllInterfaceAddresses(libvirt.DOMAIN_INTERFACE_ADDRESSES_SRC_AGENT)
		if err != nil {
			failed <- err
			return
		}
		answered <- found
	}()
	ctx, cancel := context.WithTimeout(ctx, agentPatience)
	defer cancel()
	select {
	case found := <-answered:
		return found, nil
	case err := <-failed:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// asks notes whether a guest's agent is being asked, and reports whether that is news.
func (c *Conn) asks(id string, now bool) (news bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	news = c.asked[id] != now
	if now {
		c.asked[id] = true
	} else {
		delete(c.asked, id)
	}
	return news
}

// addressesOf leaves out what leads to nobody: the loopback.
func addressesOf(found []libvirt.DomainInterface, source lab.AddressSource) (all []lab.Address) {
	for _, i := range found {
		for _, a := range i.Addrs {
			ip, err := netip.ParseAddr(a.Addr)
			if err != nil || ip.IsLoopback() {
				continue
			}
			all = append(all, lab.Address{Interface: i.Name, MAC: i.Hwaddr, IP: a.Addr, Prefix: int(a.Prefix), Source: source})
		}
	}
	return all
}

// distinct drops what was told before, and puts addresses that hold on one link
// only behind the others.
func distinct(all []lab.Address) []lab.Address {
	seen := make(map[string]bool)
	all = slices.DeleteFunc(all, func(a lab.Address) bool {
		before := seen[a.IP]
		seen[a.IP] = true
		return before
	})
	slices.SortStableFunc(all, func(a, b lab.Address) int { return onLink(a) - onLink(b) })
	return all
}

func onLink(a lab.Address) int {
	if ip, err := netip.ParseAddr(a.IP); err == nil && ip.IsLinkLocalUnicast() {
		return 1
	}
	return 0
}
