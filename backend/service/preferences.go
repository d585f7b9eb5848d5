package service

import (
	"context"
	"strconv"

	"sandboxlabs/backend/lab"
)

// bulkLimit is the preference that says how many nodes are worked on at once.
// It comes from the settings and can not be preferred otherwise.
const bulkLimit = "bulk.limit"

// Preferences gives what pages asked to find again, and the settings that
// concern them: bulk.limit.
func (s *Service) Preferences(ctx context.Context) (lab.Preferences, error) {
	all := lab.Preferences{}
	if s.o.Preferences != nil {
		kept, err := s.o.Preferences.Preferences(ctx)
		if err != nil {
			return nil, err
		}
		all = kept
	}
	all[bulkLimit] = strconv.Itoa(s.o.BulkLimit)
	return all, nil
}

// Prefer keeps what a page wants to find again; an empty value forgets one.
func (s *Service) Prefer(ctx context.Context, p lab.Preferences) error {
	if s.o.Preferences == nil {
		return lab.Errorf(lab.KindUnavailable, "preferences are not kept here")
	}
	if _, ok := p[bulkLimit]; ok {
		return lab.Errorf(lab.KindInvalid, "%s is a setting", bulkLimit).WithHint("Change bulk.limit in config.toml.")
	}
	return s.o.Preferences.Prefer(ctx, p)
}
