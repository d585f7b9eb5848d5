package lab

import "context"

// Limits of the preferences, in bytes.
const (
	MaxPreferenceKey   = 64
	MaxPreferenceValue = 16 << 10
	MaxPreferences     = 256 << 10 // all together
)

// Preferences are what a page wants to find again: what it was shown like, say.
// The keys are the page's own; losing them loses no work.
type Preferences map[string]string

// PreferenceKeeper keeps them, for every page of this user.
type PreferenceKeeper interface {
	// Preferences gives them; empty if there are none, or none that can be read.
	Preferences(ctx context.Context) (Preferences, error)

	// Prefer sets those that are given and leaves the others as they are; an
	// empty value removes one. KindInvalid beyond the limits.
	Prefer(ctx context.Context, p Preferences) error
}
