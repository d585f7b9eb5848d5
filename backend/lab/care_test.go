package lab

import "testing"

func TestSaved(t *testing.T) {
	for _, tt := range []struct {
		nodes                int
		base, overlays, want int64
	}{
		{0, 100, 0, 0},
		{1, 100, 5, 0},
		{2, 100, 10, 90},
		{10, 100, 50, 850},
		{2, 100, 150, 0},
	} {
		if got := Saved(tt.nodes, tt.base, tt.overlays); got != tt.want {
			t.Errorf("%d nodes on %d with %d: got %d, want %d", tt.nodes, tt.base, tt.overlays, got, tt.want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{"512M": 512 << 20, "20G": 20 << 30, "20GiB": 20 << 30, "20GB": 20 << 30, "1T": 1 << 40, "0G": 0} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "20", "G", "-1G", "1.5G", "20 G", "20g", "1K", "9999999T", "20Gi B"} {
		if got, err := ParseSize(text); KindOf(err) != KindInvalid {
			t.Errorf("%q: got %d, %v, want it refused", text, got, err)
		}
	}
}
