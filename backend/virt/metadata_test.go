package virt

import (
	"testing"

	"libvirt.org/go/libvirtxml"

	"sandboxlabs/backend/lab/labtest"
)

// FuzzMetadata gives a domain the metadata of anybody: what of ours is in it is read
// or refused, and a new mark of ours is the one that is found.
func FuzzMetadata(f *testing.F) {
	spec := labtest.Spec("seed")
	ours, err := newMark("pool", spec)
	if err != nil {
		f.Fatal(err)
	}
	for _, inner := range []string{
		"", ours, ours + ours, `<app:x xmlns:app="urn:other"><app:y/></app:x>` + ours, `<node xmlns="urn:sandboxlabs:node:1" pool="p">{}</node>`,
		`<node xmlns="urn:sandboxlabs:node:1" pool="p">{"name": 1}</node>`, `<s:node xmlns:s="urn:sandboxlabs:node:1"/>`, "text <!-- comment -->",
	} {
		f.Add(inner)
	}
	f.Fuzz(func(t *testing.T, inner string) {
		if m, err := markOf(&libvirtxml.Domain{Metadata: &libvirtxml.DomainMetadata{XML: inner}}); err == nil {
			_, _ = m.spec() // anything but a panic
		}
		replaced, err := replaceMark(inner, ours)
		if err != nil {
			return
		}
		m, err := markOf(&libvirtxml.Domain{Metadata: &libvirtxml.DomainMetadata{XML: replaced}})
		if err != nil {
			t.Fatalf("got %v of %q, want our mark in it", err, replaced)
		}
		if got, err := m.spec(); err != nil || got.ID != spec.ID || got.Name != spec.Name || m.Pool != "pool" {
			t.Errorf("got %+v, %v of %q, want our spec", got, err, replaced)
		}
	})
}
