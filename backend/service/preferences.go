package service

import (
	"cmp"
	"context"
	"maps"
	"strconv"

	"sandboxlabs/backend/lab"
)

// settingsOf gives what pages are told of the settings among the preferences, by
// the settings' keys. They can not be preferred otherwise.
func settingsOf(t lab.Tuning) lab.Preferences {
	return lab.Preferences{
		"bulk.limit":        strconv.Itoa(t.BulkLimit),
		"console.transport": cmp.Or(t.Transport, "auto"),
		"node.memory_mib":   strconv.Itoa(t.MemoryMiB),
		"node.stop_seconds": strconv.Itoa(int(t.StopLimit.Seconds())),
		"node.vcpus":        strconv.Itoa(t.VCPUs),
	}
}

// Preferences gives what pages asked to find again, and the settings that
// concern them, such as bulk.limit.
func (s *Service) Preferences(ctx context.Context) (lab.Preferences, error) {
	all := lab.Preferences{}
	if s.o.Preferences != nil {
		kept, err := s.o.Preferences.Preferences(ctx)
		if err != nil {
			return nil, err
		}
		all = kept
	}
	maps.Copy(all, settingsOf(s.tuned()))
	return all, nil
}

// Prefer keeps what a page wants to find again; an empty value forgets one.
func (s *Service) Prefer(ctx context.Context, p lab.Preferences) error {
	if s.o.Preferences == nil {
		return lab.Errorf(lab.KindUnavailable, "preferences are not kept here")
	}
	for key := range settingsOf(lab.Tuning{}) {
		if _, ok := p[key]; ok {
			return lab.Errorf(lab.KindInvalid, "%s is a setting", key).WithHint("Change it where the settings are.")
		}
	}
	return s.o.Preferences.Prefer(ctx, p)
}
