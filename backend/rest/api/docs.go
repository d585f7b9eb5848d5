package api

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sandboxlabs/backend/lab"
)

//go:embed docs.css
var docsStyle []byte

//go:embed docs.html
var docsPage string

// readable makes the page that people read of the document. It has no script,
// and loads nothing but its style sheet, from here.
func readable(o *huma.OpenAPI, order []string) ([]byte, error) {
	t, err := template.New("docs").Funcs(template.FuncMap{"prose": prose, "line": line}).Parse(docsPage)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, docs{o, order})
	return b.Bytes(), err
}

// docs is what the page shows of a document.
type docs struct {
	o     *huma.OpenAPI
	order []string // of the operations, by their ids
}

type docsGroup struct {
	Name       string
	Operations []docsOperation
}

type docsOperation struct {
	*huma.Operation
	Body    *docsType
	Answers []docsAnswer
}

type docsAnswer struct {
	Status, Words string
	Type          template.HTML
}

type docsType struct {
	Name   string
	Kind   string // MIME type, of a body
	Type   template.HTML
	Fields []docsField
}

type docsField struct {
	Name, In, Words string
	Type            template.HTML
	Required        bool
}

type docsKind struct {
	Kind    lab.Kind
	Status  int
	Meaning string
}

func (d docs) Introduction() string { return d.o.Info.Description }

func (d docs) Version() string { return d.o.Info.Version }

// Groups are the operations by their tags, in the order in which they were added.
func (d docs) Groups() (groups []docsGroup) {
	for _, name := range []string{tagNodes, tagImages, tagUploads, tagEvents, tagGateway, tagSettings, tagHost} {
		g := docsGroup{Name: name}
		for _, op := range operations(d.o) {
			if slices.Contains(op.Tags, name) {
				g.Operations = append(g.Operations, docsOperation{op, d.body(op), d.answers(op)})
			}
		}
		slices.SortFunc(g.Operations, func(a, b docsOperation) int {
			return slices.Index(d.order, a.OperationID) - slices.Index(d.order, b.OperationID)
		})
		groups = append(groups, g)
	}
	return groups
}

// Types are the schemas by name.
func (d docs) Types() (types []docsType) {
	all := d.o.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		types = append(types, docsType{Name: name, Fields: d.fields(all[name])})
	}
	return types
}

// Kinds are the kinds of failure.
func (d docs) Kinds() (kinds []docsKind) {
	for _, kind := range enumerations[reflect.TypeFor[lab.Kind]()] {
		k := lab.Kind(kind.(string))
		kinds = append(kinds, docsKind{k, statuses[k], titles[k]})
	}
	return kinds
}

func (d docs) body(op *huma.Operation) *docsType {
	if op.RequestBody == nil {
		return nil
	}
	for kind, media := range op.RequestBody.Content {
		return &docsType{Kind: kind, Type: typeWords(media.Schema), Fields: d.fields(d.o.Components.Schemas.SchemaFromRef(media.Schema.Ref))}
	}
	return nil
}

func (d docs) answers(op *huma.Operation) (all []docsAnswer) {
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		answer := docsAnswer{Status: status, Words: op.Responses[status].Description}
		for kind, media := range op.Responses[status].Content {
			answer.Type = typeWords(media.Schema)
			if media.Schema.Ref == "" && kind != "application/json" {
				answer.Type = template.HTML(template.HTMLEscapeString(kind))
			}
		}
		all = append(all, answer)
	}
	return all
}

func (d docs) fields(s *huma.Schema) (all []docsField) {
	if s == nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		property := s.Properties[name]
		all = append(all, docsField{Name: name, Words: property.Description, Type: typeWords(property), Required: slices.Contains(s.Required, name)})
	}
	return all
}

// Parameters are those of an operation.
func (op docsOperation) Parameters() (all []docsField) {
	for _, p := range op.Operation.Parameters {
		all = append(all, docsField{Name: p.Name, In: p.In, Words: p.Description, Type: typeWords(p.Schema), Required: p.Required})
	}
	return all
}

// typeWords says what a value is, with a link to its type where that has a name.
func typeWords(s *huma.Schema) template.HTML {
	switch {
	case s.Ref != "":
		name := template.HTMLEscapeString(strings.TrimPrefix(s.Ref, schemas))
		return template.HTML(`<a href="#type-` + name + `">` + name + `</a>`)
	case len(s.AnyOf) > 0:
		return typeWords(s.AnyOf[0]) + " or null"
	case s.Type == huma.TypeArray:
		return "list of " + typeWords(s.Items)
	case len(s.Enum) > 0:
		var words []string
		for _, v := range s.Enum {
			words = append(words, template.HTMLEscapeString(fmt.Sprint(v)))
		}
		return template.HTML("<code>" + strings.Join(words, "</code> <code>") + "</code>")
	case s.Type == huma.TypeObject:
		if values, ok := s.AdditionalProperties.(*huma.Schema); ok {
			return "object of " + typeWords(values)
		}
	}
	words := s.Type
	if s.Format != "" && !strings.HasPrefix(s.Format, "int") && s.Format != "double" {
		words += ", " + s.Format
	}
	if s.Minimum != nil && s.Maximum != nil {
		words += fmt.Sprintf(", %.0f to %.0f", *s.Minimum, *s.Maximum)
	}
	if s.Nullable {
		words += " or null"
	}
	return template.HTML(template.HTMLEscapeString(words))
}

var (
	codeMark = regexp.MustCompile("`([^`]+)`")
	boldMark = regexp.MustCompile(`\*\*([^*]+)\*\*`)
)

// prose is Markdown of paragraphs, `code` and **bold** as HTML.
func prose(text string) template.HTML {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if paragraph != "" {
			b.WriteString("<p>" + string(line(paragraph)) + "</p>")
		}
	}
	return template.HTML(b.String())
}

// line is the same for what is no paragraph.
func line(text string) template.HTML {
	escaped := codeMark.ReplaceAllString(template.HTMLEscapeString(text), "<code>$1</code>")
	return template.HTML(boldMark.ReplaceAllString(escaped, "<strong>$1</strong>"))
}
