package lab

import (
	"context"
	"maps"
	"unicode/utf8"
)

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

// With gives these preferences with others set over them; an empty value removes
// one. KindInvalid beyond the limits.
func (p Preferences) With(set Preferences) (Preferences, error) {
	all := maps.Clone(p)
	if all == nil {
		all = Preferences{}
	}
	for key, value := range set {
		switch {
		case key == "" || len(key) > MaxPreferenceKey || !utf8.ValidString(key):
			return nil, Errorf(KindInvalid, "%.80q is not the name of a preference", key).WithHint("Use 1 to %d letters.", MaxPreferenceKey)
		case len(value) > MaxPreferenceValue || !utf8.ValidString(value):
			return nil, Errorf(KindInvalid, "the preference %s is longer than %d bytes or not UTF-8", key, MaxPreferenceValue)
		case value == "":
			delete(all, key)
			continue
		}
		all[key] = value
	}
	if size := all.size(); size > MaxPreferences {
		return nil, Errorf(KindInvalid, "the preferences take %d bytes, more than %d", size, MaxPreferences)
	}
	return all, nil
}

func (p Preferences) size() (bytes int) {
	for key, value := range p {
		bytes += len(key) + len(value)
	}
	return bytes
}
