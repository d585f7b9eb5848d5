package service

import (
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
)

// stocked is a catalogue with one entry, which the fake network offers.
func stocked(w *labtest.World) *labtest.Catalogue {
	const address = "https://publisher.invalid/disk.qcow2"
	w.Library.Offer(address, labtest.QCOW2(8<<20, labtest.NoFlaw))
	return &labtest.Catalogue{Has: lab.Offers{Entries: []lab.CatalogueEntry{{
		ID: "os-1", Title: "OS", Remote: lab.Remote{Addresses: []string{address}},
		Defaults: lab.Defaults{MemoryMiB: 256, CloudInit: true, User: "os"},
	}}}}
}

func TestAddImageOfTheCatalogue(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.leave()
		h = mustEnter(t, h.World, Options{Catalogue: stocked(h.World)})
		for name, in := range map[string]AddImageInput{
			"os-1": {Entry: "os-1"},
			"mine": {Entry: "os-1", Name: "mine", Defaults: &lab.Defaults{MemoryMiB: 512}},
		} {
			v, err := h.s.AddImage(h.Context(), in)
			if err != nil || v.Name != name || v.Origin.Kind != lab.OriginCatalogue || v.Origin.Of != "os-1" {
				t.Fatalf("got %+v, %v, want %s of the catalogue's os-1", v, err, name)
			}
			if v, err = h.s.WaitImage(h.Context(), name); err != nil {
				t.Fatal(err)
			}
			want := lab.Defaults{MemoryMiB: 256, CloudInit: true, User: "os"}
			if in.Defaults != nil {
				want = *in.Defaults
			}
			if v.Defaults != want {
				t.Errorf("%s: got the defaults %+v, want %+v", name, v.Defaults, want)
			}
		}
		_, err := h.s.AddImage(h.Context(), AddImageInput{Entry: "os-2"})
		h.wantError(err, lab.KindNotFound, "os-2")
		_, err = h.s.AddImage(h.Context(), AddImageInput{Entry: "os-1", Address: "https://publisher.invalid/disk.qcow2"})
		h.wantError(err, lab.KindInvalid, "one of them")
		_, err = h.s.AddImage(h.Context(), AddImageInput{Entry: "os-1", Sum: "abc"})
		h.wantError(err, lab.KindInvalid, "no SHA-256")
		_, err = h.s.AddImage(h.Context(), AddImageInput{Entry: "os-1", Defaults: &lab.Defaults{VCPUs: -1}})
		h.wantError(err, lab.KindInvalid, "out of range")
	})
}

func TestNoCatalogue(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		offers, err := h.s.Catalogue(h.Context())
		if err != nil || offers.Entries == nil || len(offers.Entries) > 0 {
			t.Errorf("got %+v, %v, want an empty list", offers, err)
		}
		_, err = h.s.CheckEntry(h.Context(), "os-1")
		h.wantError(err, lab.KindNotFound, "os-1")
	})
}
