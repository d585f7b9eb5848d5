package service

import (
	"io"
	"time"

	"sandboxlabs/backend/lab"
)

// Archived tells what is in a backup, or what came of one.
type Archived struct {
	Made    time.Time       `json:"made"`
	Program string          `json:"program"` // version of the one that made it
	Nodes   []ArchivedNode  `json:"nodes"`
	Images  []ArchivedImage `json:"images"`
	DryRun  bool            `json:"dryRun,omitempty"` // nothing came of it, since nothing was to
}

// ArchivedNode is a node in a backup.
type ArchivedNode struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Was     string `json:"was,omitempty"` // its name in the backup, where that is another
	Image   string `json:"image"`
	Bytes   int64  `json:"bytes"`             // of its disk
	Running bool   `json:"running,omitempty"` // it was copied while it ran
	Frozen  bool   `json:"frozen,omitempty"`  // and its guest's agent held its file systems still for a moment
}

// ArchivedImage is an image that the nodes of a backup need.
type ArchivedImage struct {
	Name     string `json:"name"`
	SHA256   string `json:"sha256"`
	Bytes    int64  `json:"bytes,omitempty"`    // of its file, if that is in the backup
	Included bool   `json:"included,omitempty"` // it is
}

// transfer tells now and then how far a stream of files is.
type transfer struct {
	step  lab.Step
	tell  func(lab.Step) // may be nil
	begun time.Time
	told  time.Time
}

func newTransfer(name lab.StepName, total int64, tell func(lab.Step)) *transfer {
	return &transfer{step: lab.Step{Name: name, Total: total}, tell: tell, begun: time.Now()}
}

// of counts what is read of a content.
func (t *transfer) of(content io.Reader) io.Reader { return counted{t, content} }

type counted struct {
	t *transfer
	r io.Reader
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.t.add(int64(n))
	return n, err
}

func (t *transfer) add(n int64) {
	t.step.Done += n
	if t.tell == nil || time.Since(t.told) < tellEvery {
		return
	}
	t.told = time.Now()
	if took := time.Since(t.begun).Seconds(); took > 0 {
		t.step.Rate = int64(float64(t.step.Done) / took)
	}
	t.tell(t.step)
}
