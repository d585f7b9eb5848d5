package virt

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"libvirt.org/go/libvirt"

	"sandboxlabs/backend/lab"
)

func TestUsageOfStats(t *testing.T) {
	id, at := "11111111-1111-4111-8111-111111111111", time.Unix(1, 0)
	got := usageOf(id, at, &libvirt.DomainStats{
		Cpu:     &libvirt.DomainStatsCPU{Time: 2_500_000_000},
		Balloon: &libvirt.DomainStatsBalloon{Rss: 3},
		Block: []libvirt.DomainStatsBlock{
			{Path: "/seed.iso", RdBytes: 1, Physical: 9},
			{Path: "/pool/" + id + ".2.qcow2", RdBytes: 10, WrBytes: 20, Allocation: 100, Physical: 200},
		},
		Net: []libvirt.DomainStatsNet{{RxBytes: 4, TxBytes: 5}, {RxBytes: 6, TxBytes: 7}},
	})
	want := lab.Usage{
		ID: id, At: at, CPUMillis: 2500, MemoryBytes: 3072, DiskBytes: 200,
		ReadBytes: 11, WrittenBytes: 20, ReceivedBytes: 10, SentBytes: 12,
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got, want := usageOf(id, at, &libvirt.DomainStats{}), (lab.Usage{ID: id, At: at}); got != want {
		t.Errorf("of a busy domain: got %+v, want %+v", got, want)
	}
}

func TestAddressesInOrder(t *testing.T) {
	told := func(name, mac string, ips ...string) libvirt.DomainInterface {
		i := libvirt.DomainInterface{Name: name, Hwaddr: mac}
		for _, ip := range ips {
			i.Addrs = append(i.Addrs, libvirt.DomainIPAddress{Addr: ip, Prefix: 24})
		}
		return i
	}
	agent := addressesOf([]libvirt.DomainInterface{
		told("lo", "00:00:00:00:00:00", "127.0.0.1", "::1"), told("eth0", "52:54:00:00:00:01", "fe80::1", "192.0.2.7"),
	}, lab.AddressOfAgent)
	lease := addressesOf([]libvirt.DomainInterface{told("vnet0", "52:54:00:00:00:01", "192.0.2.7", "192.0.2.8")}, lab.AddressOfLease)
	var got []string
	for _, a := range distinct(slices.Concat(agent, lease)) {
		got = append(got, a.IP+" "+string(a.Source)+" "+a.Interface)
	}
	if want := []string{"192.0.2.7 agent eth0", "192.0.2.8 lease vnet0", "fe80::1 agent eth0"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAgentIsAskedOnlyIfThere(t *testing.T) {
	for state, want := range map[string]bool{" state='connected'": true, " state='disconnected'": false, "": false} {
		text := "<domain><devices><channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'" + state + "/></channel></devices></domain>"
		if got, err := agentConnected(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", state, got, err, want)
		}
	}
}

// TestUsageTellsOfOurs makes sure that a foreign domain is not measured, and
// that ours is by whoever has not read it before.
func TestUsageTellsOfOurs(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	mustPower(t, c, spec.ID, lab.PowerStart)
	other := mustOpen(t) // another pool
	foreign := mustDefine(t, other)
	mustPower(t, other, foreign.ID, lab.PowerStart)
	fresh := Open(c.cfg)
	defer mustClose(t, fresh)
	for _, conn := range []*Conn{c, fresh} {
		all, err := conn.Usage(t.Context())
		if err != nil || len(all) != 1 || all[0].ID != spec.ID {
			t.Fatalf("got %+v, %v, want the node alone", all, err)
		}
		t.Logf("%+v", all[0])
		u := all[0]
		v, err := c.Volume(t.Context(), spec.OverlayVolume(1))
		if err != nil || u.DiskBytes <= 0 || u.DiskBytes > v.Bytes+1<<20 {
			t.Errorf("got a disk of %d bytes, want about %d (%v)", u.DiskBytes, v.Bytes, err)
		}
		if u.CPUMillis <= 0 || u.MemoryBytes < 1<<20 || time.Since(u.At) > time.Minute {
			t.Errorf("got %+v, want time and memory used", u)
		}
	}
}

// TestInspectReal inspects a node whose guest has no agent.
func TestInspectReal(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefine(t, c)
	mustPower(t, c, spec.ID, lab.PowerStart)
	begun := time.Now()
	seen, err := c.Inspect(t.Context(), spec.ID)
	if err != nil || len(seen.Addresses) != 0 {
		t.Errorf("got %+v, %v, want no addresses", seen.Addresses, err)
	}
	if took := time.Since(begun); took > agentPatience {
		t.Errorf("took %v", took)
	}
	if def, err := parseDefinition(seen.XML); err != nil || def.UUID != spec.ID || def.vnc() == nil || def.vncPassword() != "" {
		t.Errorf("got %+v, %v, want the live definition without its password", def, err)
	}
}
