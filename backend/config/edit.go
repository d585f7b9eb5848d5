package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"sandboxlabs/backend/document"
)

// Edit changes the content of a settings file.
type Edit struct {
	set map[string]reflect.Value // by key; nil: back to the default
	ask []string                 // of their keys, in the order they were asked for
}

// Fault is what is wrong with a change.
type Fault struct {
	Key  string
	Text string // as in "0 is not between 1 and 255"
}

func (f *Fault) Error() string { return f.Key + ": " + f.Text }

// Set asks for a value, given as in Field. A *Fault tells that there is no such
// setting, or that it can not have this value.
func (e *Edit) Set(key, text string) error {
	v, err := settable(key)
	if err != nil {
		return err
	}
	if !read(v, text) {
		return &Fault{key, fmt.Sprintf("%q is no %s", text, map[reflect.Kind]string{reflect.Int: "number", reflect.Bool: "true or false"}[v.Kind()])}
	}
	if r, ruled := rules[key]; ruled && r.breach(v) != "" {
		return &Fault{key, r.breach(v)}
	}
	e.put(key, v)
	return nil
}

// Reset asks for the default. A *Fault tells that there is no such setting.
func (e *Edit) Reset(key string) error {
	_, err := settable(key)
	if err == nil {
		e.put(key, reflect.Value{})
	}
	return err
}

// Gateway asks for all settings of the gateway.
func (e *Edit) Gateway(g Gateway) {
	wanted, defaults := Defaults(), Defaults()
	wanted.Gateway = g
	were := fieldsOf(&defaults)
	for i, f := range fieldsOf(&wanted) {
		switch {
		case !strings.HasPrefix(f.key, apart):
		case f.value.Equal(were[i].value):
			e.put(f.key, reflect.Value{})
		default:
			e.put(f.key, f.value)
		}
	}
}

func (e *Edit) put(key string, v reflect.Value) {
	if e.set == nil {
		e.set = map[string]reflect.Value{}
	}
	e.set[key] = v
	e.ask = append(e.ask, key)
}

// settable gives a place for the value of a setting that can be changed by itself.
func settable(key string) (reflect.Value, error) {
	s := Defaults()
	for _, f := range fieldsOf(&s) {
		if f.key == key && !strings.HasPrefix(key, apart) {
			return f.value, nil
		}
	}
	return reflect.Value{}, &Fault{key, "there is no such setting"}
}

// Apply gives the content of a settings file with what was asked for, and what
// it says then. Every other line stays as it is, comments too. A fault in it
// before is a *document.Error, and a way of setting that can not be edited by
// its lines an error.
func (e *Edit) Apply(file string, content []byte) ([]byte, Settings, error) {
	wanted, err := parse(file, content)
	if err != nil {
		return nil, wanted, err
	}
	defaults := Defaults()
	were := fieldsOf(&defaults)
	for i, f := range fieldsOf(&wanted) {
		v, asked := e.set[f.key]
		if !asked {
			continue
		}
		bare := false
		if !v.IsValid() {
			v = were[i].value
			content, bare = document.Unset(content, f.key)
		}
		if f.value.Set(v); !bare {
			content = document.Set(content, f.key, literal(v))
		}
	}
	got, err := parse(file, content)
	if err != nil || !reflect.DeepEqual(got, wanted) {
		return nil, wanted, fmt.Errorf("%s sets %s in a way that is not changed by itself", file, strings.Join(e.ask, ", "))
	}
	return content, got, nil
}

// literal writes a value in TOML, which takes the texts and lists of JSON
// (toml.io/en/v1.0.0#string).
func literal(v reflect.Value) string {
	var out bytes.Buffer
	j := json.NewEncoder(&out)
	j.SetEscapeHTML(false)
	value := v.Interface()
	if list, ok := value.([]string); ok && list == nil {
		value = []string{}
	}
	if err := j.Encode(value); err != nil {
		panic(err) // texts, numbers and lists of them can be written
	}
	return strings.ReplaceAll(strings.TrimSpace(out.String()), `","`, `", "`)
}
