package api

import (
	_ "embed"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// fieldsText says of each field of the nouns what it is, and in which unit: one a
// line, "Type.field what it is", or "field what it is" where that holds for all
// types that have one of that name.
//
//go:embed fields.txt
var fieldsText string

//go:embed introduction.md
var introduction string

// enumerations are the values of the types that have but these.
var enumerations = map[reflect.Type][]any{
	reflect.TypeFor[lab.Kind]():              anys([]lab.Kind{lab.KindInvalid, lab.KindNotFound, lab.KindExists, lab.KindBusy, lab.KindUnavailable, lab.KindDenied, lab.KindInternal}),
	reflect.TypeFor[lab.State]():             anys(lab.States),
	reflect.TypeFor[lab.ImageKind]():         anys(lab.ImageKinds),
	reflect.TypeFor[lab.ImageState]():        anys(lab.ImageStates),
	reflect.TypeFor[lab.Firmware]():          anys(lab.Firmwares),
	reflect.TypeFor[lab.OriginKind]():        anys(lab.OriginKinds),
	reflect.TypeFor[lab.StepName]():          anys(lab.StepNames),
	reflect.TypeFor[lab.EventKind]():         anys(lab.EventKinds),
	reflect.TypeFor[lab.MomentKind]():        anys(lab.MomentKinds),
	reflect.TypeFor[lab.AddressSource]():     anys(lab.AddressSources),
	reflect.TypeFor[lab.CheckStatus]():       anys(lab.CheckStatuses),
	reflect.TypeFor[lab.CloseMode]():         anys(lab.CloseModes),
	reflect.TypeFor[lab.Notice]():            anys(lab.Notices),
	reflect.TypeFor[lab.GatewayMode]():       anys(lab.GatewayModes),
	reflect.TypeFor[lab.GatewayState]():      anys(lab.GatewayStates),
	reflect.TypeFor[lab.RegistrationState](): anys(lab.RegistrationStates),
	reflect.TypeFor[lab.SettingKind]():       anys(lab.SettingKinds),
	reflect.TypeFor[lab.FolderName]():        anys(lab.FolderNames),
	reflect.TypeFor[lab.MigrationStatus]():   anys(lab.MigrationStatuses),
	reflect.TypeFor[lab.MoveStatus]():        anys(lab.MoveStatuses),
	reflect.TypeFor[service.BulkVerb]():      anys(service.BulkVerbs),
}

func anys[T ~string](values []T) (all []any) {
	for _, v := range values {
		all = append(all, string(v))
	}
	return all
}

// polish completes what huma made of our types: what fields are, what values
// there are, and what may be null. What we answer may have more fields one day.
func polish(o *huma.OpenAPI) {
	words := descriptions(fieldsText)
	registry := o.Components.Schemas
	asked := requests(o)
	for name, schema := range registry.Map() {
		t := registry.TypeFromRef(schemas + name)
		if t == nil || t.Kind() != reflect.Struct {
			continue
		}
		for _, f := range reflect.VisibleFields(t) {
			if property := schema.Properties[jsonName(f)]; property != nil && !f.Anonymous {
				schema.Properties[jsonName(f)] = finish(property, f, words.of(name, jsonName(f)))
			}
		}
		if !asked[name] {
			schema.AdditionalProperties = nil
		}
		schema.PrecomputeMessages()
	}
}

// requests gives the names of the schemas that clients send.
func requests(o *huma.OpenAPI) map[string]bool {
	names := make(map[string]bool)
	var visit func(s *huma.Schema)
	visit = func(s *huma.Schema) {
		if s == nil {
			return
		}
		if name := strings.TrimPrefix(s.Ref, schemas); s.Ref != "" && !names[name] {
			names[name] = true
			visit(o.Components.Schemas.SchemaFromRef(s.Ref))
		}
		visit(s.Items)
		for _, property := range s.Properties {
			visit(property)
		}
	}
	for _, op := range operations(o) {
		if op.RequestBody != nil {
			for _, media := range op.RequestBody.Content {
				visit(media.Schema)
			}
		}
	}
	return names
}

// operations gives all of them, by path and method.
func operations(o *huma.OpenAPI) (all []*huma.Operation) {
	for _, path := range slices.Sorted(maps.Keys(o.Paths)) {
		p := o.Paths[path]
		for _, op := range []*huma.Operation{p.Get, p.Head, p.Post, p.Put, p.Patch, p.Delete} {
			if op != nil {
				all = append(all, op)
			}
		}
	}
	return all
}

// schemas begins the references to schemas.
const schemas = "#/components/schemas/"

// finish completes the schema of one field.
func finish(s *huma.Schema, f reflect.StructField, words string) *huma.Schema {
	if s.Description == "" {
		s.Description = words
	}
	t := f.Type
	target := s
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		if t.Kind() == reflect.Slice && target.Items != nil {
			target = target.Items
		}
		t = t.Elem()
	}
	if values := enumerations[t]; values != nil && target.Enum == nil {
		target.Enum = values
	}
	if s.Ref == "" || f.Type.Kind() != reflect.Pointer || omitted(f) {
		return s
	}
	return &huma.Schema{Description: s.Description, AnyOf: []*huma.Schema{{Ref: s.Ref}, {Type: "null"}}}
}

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	return name
}

func omitted(f reflect.StructField) bool { return strings.Contains(f.Tag.Get("json"), ",omitempty") }

// lines are the descriptions by what they are of.
type lines map[string]string

func descriptions(text string) lines {
	all := make(lines)
	for line := range strings.Lines(text) {
		what, words, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok {
			all[what] = words
		}
	}
	return all
}

func (l lines) of(typ, field string) string {
	if words, ok := l[typ+"."+field]; ok {
		return words
	}
	return l[field]
}

// clean is the document as JSON, in a stable order.
func clean(o *huma.OpenAPI) ([]byte, error) { return json.Marshal(o) }
