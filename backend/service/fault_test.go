package service

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"sandboxlabs/backend/lab/labtest"
)

// Makes every call of every verb fail once, before and after its work. In the
// same process and in the next one the node is whole and nothing is lost, and
// the verb can be repeated.
func TestFault(t *testing.T) {
	for _, c := range crashCases {
		for _, fault := range []labtest.Fault{labtest.FailBefore, labtest.FailAfter} {
			for n, hit := 0, true; hit; n++ {
				t.Run(fmt.Sprintf("%s/%s call %d", c.name, fault, n), func(t *testing.T) {
					inHouse(t, func(t *testing.T, h *house) { hit = c.fail(h, n, fault) })
				})
			}
		}
	}
}

// fail makes call n of the verb fail, and reports whether it made so many.
func (c crashCase) fail(h *house, n int, fault labtest.Fault) (hit bool) {
	if c.prepare != nil {
		c.prepare(h)
	}
	synctest.Wait()
	before := len(h.Calls())
	h.FailAt(n, fault)
	_, err := c.verb(context.Background(), h.s)
	if err != nil && !errors.Is(err, labtest.ErrPlanned) {
		h.Errorf("the verb fails with %v", err)
	}
	synctest.Wait()
	hit = len(h.Calls())-before > n
	time.Sleep(reconcileEvery)
	h.wantWhole()
	h.leave()
	h.Reboot()
	next := mustEnter(h.T, h.World, Options{})
	next.wantSound()
	if c.check != nil {
		c.check(next)
	}
	c.repeat(next)
	next.wantSound()
	return hit
}
