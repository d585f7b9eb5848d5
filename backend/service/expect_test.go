package service

import (
	"errors"
	"testing"

	"sandboxlabs/backend/lab"
)

// TestChangeOfWhatIsNotExpectedChangesNothing, and what is expected is what the
// node is once it is reserved: virsh may have been there.
func TestChangeOfWhatIsNotExpectedChangesNothing(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		v := h.made("web", "")
		for _, test := range []struct {
			want bool
			err  error
		}{{false, ErrOutdated}, {true, nil}} {
			var seen lab.Node
			ctx := ExpectNode(t.Context(), func(now lab.Node) bool {
				seen = now
				return test.want
			})
			wiped, err := h.s.Wipe(ctx, v.ID)
			if !errors.Is(err, test.err) {
				t.Errorf("wipe gives %v, want %v", err, test.err)
			}
			if !same(seen, v) {
				t.Errorf("the check was given %+v, want %+v", seen, v)
			}
			if got := wiped.Generation > v.Generation; got != test.want {
				t.Errorf("wiped: %t, want %t", got, test.want)
			}
		}
	})
}

func TestImageThatIsNotExpectedStays(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		ctx := ExpectImage(t.Context(), func(lab.Image) bool { return false })
		before, err := h.s.Images(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, changed := h.s.ChangeImage(ctx, "tiny", lab.Defaults{VCPUs: 4})
		_, verified := h.s.VerifyImage(ctx, "tiny")
		_, renamed := h.s.RenameImage(ctx, "tiny", "other")
		for verb, err := range map[string]error{"change": changed, "verify": verified, "rename": renamed, "remove": h.s.RemoveImage(ctx, "tiny")} {
			if !errors.Is(err, ErrOutdated) {
				t.Errorf("%s gives %v, want %v", verb, err, ErrOutdated)
			}
		}
		if after, err := h.s.Images(t.Context()); err != nil || !same(before, after) {
			t.Errorf("the images are %+v, %v, want %+v", after, err, before)
		}
	})
}
