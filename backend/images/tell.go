package images

import (
	"sync"
	"time"

	"sandboxlabs/backend/lab"
)

// An addition tells of its progress after every hundredth, and after this long.
const (
	leastPart = 0.01
	leastTime = 250 * time.Millisecond
)

// teller keeps what an addition, or the care of an image, has come to, and tells it.
type teller struct {
	progress func(lab.Image)

	mu          sync.Mutex
	now         lab.Image // replaced, never changed in place
	from, until float64   // of the step in the whole
	told        time.Time
	mark        time.Time // when the rate was last taken
	marked      int64     // bytes done by then
}

// newTeller tells of an image as it is now.
func newTeller(now lab.Image, progress func(lab.Image)) *teller {
	if progress == nil {
		progress = func(lab.Image) {}
	}
	return &teller{progress: progress, now: now}
}

// image is what was told last, or will be next.
func (t *teller) image() lab.Image {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.now
}

func (t *teller) change(change func(*lab.Image)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.now)
}

func (t *teller) tell() {
	t.mu.Lock()
	t.told = time.Now()
	now := t.now
	t.mu.Unlock()
	t.progress(now)
}

// begin is the beginning of a step of so many bytes, 0 if that is not known,
// which ends where the whole is at until.
func (t *teller) begin(step lab.StepName, total int64, until float64) {
	t.mu.Lock()
	t.from, t.until = t.now.Progress, max(until, t.now.Progress)
	t.mark, t.marked = time.Now(), 0
	t.now.Step = &lab.Step{Name: step, Total: total}
	t.mu.Unlock()
	t.tell()
}

// skip says that so much of the step was done before, and tells nothing of the rate.
func (t *teller) skip(done int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.marked = done
}

// total is how many bytes the step has.
func (t *teller) total() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now.Step == nil {
		return 0
	}
	return t.now.Step.Total
}

// at says how many bytes of the step are done.
func (t *teller) at(done int64) {
	if t.advance(done) {
		t.tell()
	}
}

func (t *teller) advance(done int64) (worthTelling bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.now.Step == nil {
		return false
	}
	step := *t.now.Step
	step.Done, step.Rate = done, t.rate(step.Rate, done)
	t.now.Step = &step
	part := t.now.Progress
	if step.Total > 0 {
		part = max(part, t.from+(t.until-t.from)*min(1, float64(done)/float64(step.Total)))
	}
	if part-t.now.Progress < leastPart && time.Since(t.told) < leastTime {
		return false
	}
	t.now.Progress = part
	return true
}

// rate follows the bytes a second, half a second at a time.
func (t *teller) rate(before, done int64) int64 {
	passed := time.Since(t.mark)
	if passed < time.Second/2 {
		return before
	}
	latest := int64(float64(done-t.marked) / passed.Seconds())
	t.mark, t.marked = time.Now(), done
	if before == 0 {
		return latest
	}
	return (2*before + latest) / 3
}
