package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

const (
	journalSuffix = ".jsonl"
	maxJournal    = 16 << 20 // bytes, far above MaxMoments of them
	slack         = 64       // moments beyond lab.MaxMoments that a file may hold before it is written anew
)

var newLine = []byte{'\n'}

// Journal is a lab.Journal: a file per node, <dir>/<uuid>.jsonl, with a moment a
// line. A line is written at once, or torn by a crash; whoever writes the next
// begins a new one.
type Journal struct{ dir string }

var _ lab.Journal = (*Journal)(nil)

// NewJournal gives the journal in the folder dir, which is made with the first moment.
func NewJournal(dir string) *Journal { return &Journal{dir: dir} }

// Append implements lab.Journal. What is written is not forced to the disk: a
// history is worth no wait.
func (j *Journal) Append(ctx context.Context, id string, m lab.Moment) error {
	path, err := j.path(ctx, id)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) && lab.AlreadyTold(nil, m) {
		return nil // nor is a file made for it
	}
	f, release, err := durable.Hold(ctx, path)
	if err != nil {
		return err
	}
	defer release()
	content, err := io.ReadAll(io.LimitReader(f, maxJournal))
	if err != nil {
		return unusable(path, err)
	}
	switch {
	case m.Kind.Turn() && lab.AlreadyTold(lastTurn(content), m):
		return nil
	case bytes.Count(content, newLine) >= lab.MaxMoments+slack || len(content) == maxJournal:
		moments := append(decodeMoments(content), m)
		return durable.Write(path, encodeMoments(moments[max(0, len(moments)-lab.MaxMoments):]))
	}
	line := encodeMoments([]lab.Moment{m})
	if len(content) > 0 && !bytes.HasSuffix(content, newLine) {
		line = append(newLine[:1:1], line...)
	}
	if _, err := f.Write(line); err != nil {
		return unusable(path, err)
	}
	return nil
}

// Moments implements lab.Journal.
func (j *Journal) Moments(ctx context.Context, id string) ([]lab.Moment, error) {
	path, err := j.path(ctx, id)
	if err != nil {
		return nil, err
	}
	content, err := durable.Read(path, maxJournal)
	if errors.Is(err, fs.ErrNotExist) {
		return []lab.Moment{}, nil
	}
	if err != nil {
		return nil, unusable(path, err)
	}
	moments := decodeMoments(content)
	return moments[max(0, len(moments)-lab.MaxMoments):], nil
}

// Forget implements lab.Journal.
func (j *Journal) Forget(ctx context.Context, id string) error {
	path, err := j.path(ctx, id)
	if err != nil {
		return err
	}
	return durable.Remove(path)
}

func (j *Journal) path(ctx context.Context, id string) (string, error) {
	if err := lab.CheckID(id); err != nil {
		return "", err
	}
	return filepath.Join(j.dir, id+journalSuffix), lab.Cancelled(ctx)
}

func unusable(path string, err error) error {
	return lab.Errorf(lab.KindUnavailable, "the history in %s can not be used", path).WithCause(err).
		WithHint("See whether the disk is full, or remove the file.")
}

// decodeMoments leaves out the lines that are none.
func decodeMoments(content []byte) []lab.Moment {
	moments := []lab.Moment{}
	for line := range bytes.Lines(content) {
		var m lab.Moment
		if json.Unmarshal(line, &m) == nil && m.Kind != "" {
			moments = append(moments, m)
		}
	}
	return moments
}

// lastTurn is the part of a history by which lab.AlreadyTold judges: its last
// start or stop.
func lastTurn(content []byte) []lab.Moment {
	for len(content) > 0 {
		content = bytes.TrimSuffix(content, newLine)
		begin := bytes.LastIndex(content, newLine) + 1
		for _, m := range decodeMoments(content[begin:]) {
			if m.Kind.Turn() {
				return []lab.Moment{m}
			}
		}
		content = content[:begin]
	}
	return nil
}

func encodeMoments(moments []lab.Moment) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b) // ends each with a new line
	e.SetEscapeHTML(false)
	for _, m := range moments {
		_ = e.Encode(m) // plain data can be encoded, and a buffer takes everything
	}
	return b.Bytes()
}
