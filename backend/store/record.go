package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// schema is the version of the files. It grows when a reader of the old ones
// would misunderstand the new.
const schema = 1

// maxBytes is far above any spec: notes are the largest part of one.
const maxBytes = 1 << 20

// record is a file: {"schema": 1, "id": ..., the rest of lab.NodeSpec}.
type record struct {
	Schema int `json:"schema"`
	lab.NodeSpec
}

func encode(spec lab.NodeSpec) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // for the person who reads it
	e.SetIndent("", "  ")
	if err := e.Encode(record{schema, spec}); err != nil {
		return nil, lab.Errorf(lab.KindInternal, "can not write the spec of %s as JSON", spec.Name).WithCause(err)
	}
	return b.Bytes(), nil
}

// read gives the spec in a file. KindNotFound if there is none, KindInvalid,
// naming the file and the fault, if it can not be read.
func read(path string) (lab.NodeSpec, error) {
	content, err := durable.Read(path, maxBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return lab.NodeSpec{}, lab.Errorf(lab.KindNotFound, "%s is not there", path)
	}
	var spec lab.NodeSpec
	if err == nil {
		spec, err = decode(content, idOf(path))
	}
	if err != nil {
		return lab.NodeSpec{}, lab.Errorf(lab.KindInvalid, "%s can not be read", path).WithCause(err).
			WithHint("Mend the file in an editor, or remove it. Until then it is left as it is.")
	}
	return spec, nil
}

func decode(content []byte, id string) (lab.NodeSpec, error) {
	d := json.NewDecoder(bytes.NewReader(content))
	d.DisallowUnknownFields() // a misspelt key must not be dropped by the next save
	var r record
	if err := d.Decode(&r); err != nil {
		return lab.NodeSpec{}, place(content, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return lab.NodeSpec{}, atLine(content, d.InputOffset(), errors.New("there is more after the end"))
	}
	switch {
	case r.Schema != schema:
		return lab.NodeSpec{}, fmt.Errorf("its schema is %d, this program knows %d", r.Schema, schema)
	case r.ID != id:
		return lab.NodeSpec{}, fmt.Errorf("its id is %q, not that of its name", r.ID)
	}
	return r.NodeSpec, r.Check()
}

// place says where in content a JSON error is, where that is known, and rids it
// of the names of our Go types.
func place(content []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return atLine(content, syntax.Offset, err)
	case errors.As(err, &kind):
		return atLine(content, kind.Offset, fmt.Errorf("%s can not be a %s", strings.TrimPrefix(kind.Field, "NodeSpec."), kind.Value))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return atLine(content, int64(len(content)), errors.New("it ends too early"))
	}
	return errors.New(strings.TrimPrefix(err.Error(), "json: "))
}

func atLine(content []byte, offset int64, err error) error {
	return fmt.Errorf("line %d: %w", 1+bytes.Count(content[:offset], []byte("\n")), err)
}
