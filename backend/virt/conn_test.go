package virt

import (
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab"
)

// Every attempt that fails is told with its number, and since when there is no
// connection; the pauses between them grow to their limit.
func TestAttemptsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		c := open(Config{URI: "qemu:///session"}, func(string, *Conn) (*session, error) {
			time.Sleep(time.Second) // that libvirt takes to say no
			return nil, lab.Errorf(lab.KindUnavailable, "the daemon does not start")
		})
		hints := make(chan lab.Hint, 100)
		c.Watch(t.Context(), func(h lab.Hint) { hints <- h })
		wait := firstWait
		want := begin.Add(time.Second)
		for n := 1; n <= 8; n++ {
			l := (<-hints).Link
			if l == nil || l.Connected || l.Attempts != n || l.Since == nil || !l.Since.Equal(begin.Add(time.Second)) {
				t.Fatalf("got link %+v, want attempt %d, lost since %v", l, n, begin.Add(time.Second))
			}
			if !time.Now().Equal(want) {
				t.Errorf("attempt %d was told after %v, want %v", n, time.Since(begin), want.Sub(begin))
			}
			want = want.Add(wait + time.Second)
			wait = min(2*wait, lastWait)
		}
		mustClose(t, c)
	})
}
