package service

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
)

// A command may end before its chores have begun; the next one does them.
func TestClosingIsNoFailureOfAChore(t *testing.T) {
	inHouse(t, func(t *testing.T, h *house) {
		h.leave()
		var log bytes.Buffer
		h = mustEnter(t, h.World, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		v := h.made("web", "")
		h.leave()
		h.s.tend(t.Context(), v.ID, func(context.Context, *change) error {
			t.Error("a chore was done after the end")
			return nil
		})
		if log.Len() > 0 {
			t.Errorf("the log has %s", &log)
		}
	})
}
