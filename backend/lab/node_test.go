package lab

import (
	"strings"
	"testing"
)

const id = "0b2e7c1a-5d0f-4a53-9d52-0f6c5a1e7b10"

func spec() NodeSpec {
	return NodeSpec{ID: id, Name: "web", Image: "tiny", VCPUs: 1, MemoryMiB: 512, MAC: "52:54:00:0a:1b:2c", Generation: 1}
}

func TestSpecOnTheEdge(t *testing.T) {
	for what, change := range map[string]func(*NodeSpec){
		"one letter":            func(s *NodeSpec) { s.Name = "w" },
		"63 letters":            func(s *NodeSpec) { s.Name = strings.Repeat("w", 63) },
		"every sign":            func(s *NodeSpec) { s.Image = "9a.b_c-D" },
		"the most vCPUs":        func(s *NodeSpec) { s.VCPUs = MaxVCPUs },
		"the least memory":      func(s *NodeSpec) { s.MemoryMiB = MinMemoryMiB },
		"the most memory":       func(s *NodeSpec) { s.MemoryMiB = MaxMemoryMiB },
		"the longest stop":      func(s *NodeSpec) { s.StopSeconds = MaxStopSeconds },
		"the longest notes":     func(s *NodeSpec) { s.Notes = strings.Repeat("n", MaxNotesBytes) },
		"a keymap with country": func(s *NodeSpec) { s.Keymap = "pt-br" },
	} {
		s := spec()
		change(&s)
		if err := s.Check(); err != nil {
			t.Errorf("%s: got %v, want it allowed", what, err)
		}
	}
}

func TestSpecBehindTheEdge(t *testing.T) {
	for what, change := range map[string]func(*NodeSpec){
		"no name":               func(s *NodeSpec) { s.Name = "" },
		"64 letters":            func(s *NodeSpec) { s.Name = strings.Repeat("w", 64) },
		"a name with a slash":   func(s *NodeSpec) { s.Name = "a/b" },
		"a name from a dot":     func(s *NodeSpec) { s.Image = ".a" },
		"a name with a newline": func(s *NodeSpec) { s.Name = "web\n" },
		"no vCPU":               func(s *NodeSpec) { s.VCPUs = 0 },
		"too many vCPUs":        func(s *NodeSpec) { s.VCPUs = MaxVCPUs + 1 },
		"too little memory":     func(s *NodeSpec) { s.MemoryMiB = MinMemoryMiB - 1 },
		"too much memory":       func(s *NodeSpec) { s.MemoryMiB = MaxMemoryMiB + 1 },
		"a negative stop":       func(s *NodeSpec) { s.StopSeconds = -1 },
		"too long a stop":       func(s *NodeSpec) { s.StopSeconds = MaxStopSeconds + 1 },
		"too long notes":        func(s *NodeSpec) { s.Notes = strings.Repeat("n", MaxNotesBytes+1) },
		"notes that are no text": func(s *NodeSpec) {
			s.Notes = "\xff"
		},
		"another's MAC":     func(s *NodeSpec) { s.MAC = "00:16:3e:0a:1b:2c" },
		"a MAC in capitals": func(s *NodeSpec) { s.MAC = "52:54:00:0A:1B:2C" },
		"a keymap's path":   func(s *NodeSpec) { s.Keymap = "../de" },
		"no generation":     func(s *NodeSpec) { s.Generation = 0 },
		"no ID":             func(s *NodeSpec) { s.ID = "" },
		"an ID in capitals": func(s *NodeSpec) { s.ID = strings.ToUpper(id) },
		"an ID in braces":   func(s *NodeSpec) { s.ID = "{" + id + "}" },
		"an ID that climbs": func(s *NodeSpec) { s.ID = "../" + id[3:] },
	} {
		s := spec()
		change(&s)
		p := ProblemOf(s.Check())
		if p == nil || p.Kind != KindInvalid {
			t.Fatalf("%s: got %+v, want it refused", what, p)
		}
		byHand := s.ID == id && s.Generation > 0 // those no person is asked for
		if byHand && p.Hint == "" {
			t.Errorf("%s: got %+v, want a remedy", what, p)
		}
	}
}

func TestVolumeNames(t *testing.T) {
	s := spec()
	if gotID, got, ok := ParseOverlayVolume(s.OverlayVolume(12)); gotID != id || got != 12 || !ok {
		t.Errorf("an overlay: got %s, %d, %v, want %s, 12", gotID, got, ok, id)
	}
	if gotID, got, ok := ParseSeedVolume(s.SeedVolume(12)); gotID != id || got != 12 || !ok {
		t.Errorf("a seed: got %s, %d, %v, want %s, 12", gotID, got, ok, id)
	}
	for _, volume := range []string{s.OverlayVolume(12), s.SeedVolume(12)} {
		if gotID, got, ok := ParseNodeVolume(volume); gotID != id || got != 12 || !ok {
			t.Errorf("%s: got %s, %d, %v, want %s, 12", volume, gotID, got, ok, id)
		}
	}
	for _, want := range ImageKinds {
		kind, name, sum, ok := ParseImageVolume(ImageVolume(want, "debian.12", strings.Repeat("0f", 32)))
		if kind != want || name != "debian.12" || sum != "0f0f0f0f0f0f" || !ok {
			t.Errorf("got %s, %s, %s, %v, want a %s of debian.12", kind, name, sum, ok, want)
		}
	}
	for _, volume := range []string{
		"", id + ".qcow2", id + ".0.qcow2", id + ".01.qcow2", id + ".-1.qcow2", id + ".1.qcow2.part",
		id + ".9999999999.qcow2", strings.ToUpper(id) + ".1.qcow2", strings.Repeat("a", 36) + ".1.qcow2", "../" + id + ".1.qcow2",
	} {
		if _, _, ok := ParseOverlayVolume(volume); ok {
			t.Errorf("%q is taken for an overlay", volume)
		}
		if _, _, ok := ParseSeedVolume(strings.Replace(volume, ".qcow2", ".seed.iso", 1)); ok {
			t.Errorf("%q is taken for a seed", volume)
		}
	}
	for _, volume := range []string{"", "tiny.qcow2", "tiny.0f0f0f0f0f0.qcow2", "tiny.0F0F0F0F0F0F.qcow2", ".0f0f0f0f0f0f.qcow2", s.SeedVolume(1), "a/b.0f0f0f0f0f0f.qcow2", "tiny.0f0f0f0f0f0f.img"} {
		if _, _, _, ok := ParseImageVolume(volume); ok {
			t.Errorf("%q is taken for an image", volume)
		}
	}
}
