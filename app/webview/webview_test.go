package webview

import (
	"testing"
	"time"
)

func TestAPageIsLoadedAgainOnceAMinute(t *testing.T) {
	var k keeper
	at := time.Now()
	for _, step := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {time.Second, false}, {30 * time.Second, false}, {patience + time.Second, true}, {time.Second, false}} {
		at = at.Add(step.after)
		if got := k.again(at); got != step.want {
			t.Errorf("after %v: got %v, want %v", step.after, got, step.want)
		}
	}
}
