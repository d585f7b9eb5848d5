package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// maxPage is above the largest file: JSON may write a byte as six.
const maxPage = 6*lab.MaxPreferences + 1<<20

// Page is a lab.PreferenceKeeper: one JSON file, an object of strings. One that
// can not be read is as good as none, and is renamed to NAME.unreadable-N when
// its place is needed.
type Page struct{ file string }

var _ lab.PreferenceKeeper = (*Page)(nil)

// NewPage gives the preferences in a file, which is made with the first.
func NewPage(file string) *Page { return &Page{file: file} }

// Preferences implements lab.PreferenceKeeper.
func (p *Page) Preferences(ctx context.Context) (lab.Preferences, error) {
	if err := lab.Cancelled(ctx); err != nil {
		return nil, err
	}
	kept, _ := p.read() // what can not be read is none, as the contract says
	return kept, nil
}

// Prefer implements lab.PreferenceKeeper.
func (p *Page) Prefer(ctx context.Context, set lab.Preferences) error {
	if err := lab.Cancelled(ctx); err != nil {
		return err
	}
	_, release, err := durable.Hold(ctx, p.file)
	if err != nil {
		return err
	}
	defer release()
	kept, damage := p.read()
	all, err := kept.With(set)
	if err != nil {
		return err
	}
	if damage != nil {
		if err := durable.SetAside(p.file); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(all); err != nil {
		return lab.Errorf(lab.KindInternal, "the preferences can not be written as JSON").WithCause(err)
	}
	return durable.Write(p.file, b.Bytes())
}

// read gives what is kept, and why it can not be read.
func (p *Page) read() (lab.Preferences, error) {
	content, err := durable.Read(p.file, maxPage)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(content) == 0 { // empty: held for the first time
		return lab.Preferences{}, nil
	}
	kept := lab.Preferences{}
	if err == nil {
		err = json.Unmarshal(content, &kept)
	}
	if err != nil || kept == nil { // null is JSON too
		return lab.Preferences{}, err
	}
	return kept, nil
}
