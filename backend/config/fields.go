package config

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Field is one setting that can be changed by itself.
type Field struct {
	Key     string   // dotted, as in node.vcpus
	Value   string   // as text; of a list, one a line
	Default string   // the same of what holds where the file says nothing
	Kind    Kind     // what its value is
	Choices []string // that there are; nil: any
	Min     int      // of a number
	Max     int
	AtStart bool // it takes effect at the next start of the program
}

// Kind is what a value is.
type Kind string

// The kinds of value.
const (
	KindText   Kind = "text"
	KindNumber Kind = "number"
	KindSwitch Kind = "switch" // true or false
	KindChoice Kind = "choice" // one of the choices
	KindList   Kind = "list"   // words; of the choices, where there are
)

// atStart are the settings by which everything is wired.
var atStart = []string{"connect", "emulation", "pool.name", "pool.path", "serve.listen"}

// apart is the table of what is set together, and has a secret in it.
const apart = "gateway."

// Fields gives every setting that can be changed by itself: all but the gateway's.
func (s Settings) Fields() []Field {
	defaults := Defaults()
	were := fieldsOf(&defaults)
	var all []Field
	for i, f := range fieldsOf(&s) {
		if strings.HasPrefix(f.key, apart) {
			continue
		}
		r := rules[f.key]
		all = append(all, Field{
			Key: f.key, Value: text(f.value), Default: text(were[i].value), Kind: kindOf(f.value, r),
			Choices: slices.Clone(r.choices), Min: r.min, Max: r.max, AtStart: slices.Contains(atStart, f.key),
		})
	}
	return all
}

// field is a setting within its struct.
type field struct {
	key   string
	value reflect.Value
}

// fieldsOf gives every setting, in the order of the struct.
func fieldsOf(s *Settings) (all []field) {
	collect("", reflect.ValueOf(s).Elem(), &all)
	return all
}

func collect(prefix string, v reflect.Value, all *[]field) {
	for i := range v.NumField() {
		key := prefix + v.Type().Field(i).Tag.Get("toml")
		if f := v.Field(i); f.Kind() == reflect.Struct {
			collect(key+".", f, all)
		} else {
			*all = append(*all, field{key, f})
		}
	}
}

func kindOf(v reflect.Value, r rule) Kind {
	switch {
	case v.Kind() == reflect.Bool:
		return KindSwitch
	case v.Kind() == reflect.Int:
		return KindNumber
	case v.Kind() == reflect.Slice:
		return KindList
	case r.choices != nil:
		return KindChoice
	}
	return KindText
}

// text writes a value as people see it.
func text(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.Int:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Slice:
		return strings.Join(v.Interface().([]string), "\n")
	}
	return v.String()
}

// read takes a value from its text, and reports whether it could.
func read(v reflect.Value, text string) bool {
	switch v.Kind() {
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		v.SetBool(b)
		return err == nil
	case reflect.Int:
		n, err := strconv.Atoi(strings.TrimSpace(text))
		v.SetInt(int64(n))
		return err == nil
	case reflect.Slice:
		v.Set(reflect.ValueOf(slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return line == "" })))
	default:
		v.SetString(text)
	}
	return true
}
