package api

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// tags are what If-Match or If-None-Match names (RFC 9110, section 13.1).
type tags struct {
	any    bool     // *
	strong []string // with their quotes
	weak   []string
}

// maxTags is how many tags a request may name.
const maxTags = 100

// parseTags reads such a header; an empty one names nothing.
func parseTags(header string) (tags, error) {
	var t tags
	rest := strings.Trim(header, " \t")
	if rest == "*" {
		t.any = true
		return t, nil
	}
	for rest != "" {
		tag, weak := strings.CutPrefix(rest, "W/")
		length := tagLength(tag)
		if length == 0 || len(t.strong)+len(t.weak) == maxTags {
			return tags{}, lab.Errorf(lab.KindInvalid, "%.80q is not a list of entity tags", header).WithHint("Send what ETag said, with its quotes.")
		}
		if weak {
			t.weak = append(t.weak, tag[:length])
		} else {
			t.strong = append(t.strong, tag[:length])
		}
		rest = strings.TrimLeft(tag[length:], " \t")
		if rest != "" && rest[0] != ',' {
			return tags{}, lab.Errorf(lab.KindInvalid, "%.80q is not a list of entity tags", header).WithHint("Put a comma between two.")
		}
		rest = strings.TrimLeft(rest, ", \t")
	}
	return t, nil
}

// tagLength is how long the quoted tag is that text begins with; 0: it does with none.
func tagLength(text string) int {
	if !strings.HasPrefix(text, `"`) {
		return 0
	}
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return i + 1
		case c < 0x21 || c == 0x7f:
			return 0
		}
	}
	return 0
}

// strongly reports whether a tag is among those, as If-Match compares.
func (t tags) strongly(tag string) bool { return t.any || slices.Contains(t.strong, tag) }

// weakly reports the same as If-None-Match compares.
func (t tags) weakly(tag string) bool { return t.strongly(tag) || slices.Contains(t.weak, tag) }

// nodeTag is the entity tag of a node: of all but the sizes that grow by
// themselves while it runs, which nobody changes by a request.
func nodeTag(v lab.Node) string {
	v.Overlay.Bytes = 0
	if v.Undo != nil {
		undo := *v.Undo
		undo.Bytes = 0
		v.Undo = &undo
	}
	return tagOf(v)
}

// imageTag is that of an image: of all but who uses it, what that takes, and how
// far the work on it is.
func imageTag(v lab.Image) string {
	v.UsedBy, v.OverlayBytes, v.SavedBytes, v.Progress, v.Step = nil, 0, 0, 0, nil
	return tagOf(v)
}

func tagOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // they are our own nouns
	}
	sum := sha256.Sum256(text)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
}

// Conditional lets a change happen only to what the client has seen.
type Conditional struct {
	IfMatch string `header:"If-Match" doc:"The ETag that was seen: another since then is answered with 412, and nothing is changed. The check and the change are one step."`
}

// node makes the service check the tag of the node that it changes.
func (m Conditional) node(ctx context.Context) (context.Context, error) {
	t, err := parseTags(m.IfMatch)
	if err != nil || m.IfMatch == "" {
		return ctx, err
	}
	return service.ExpectNode(ctx, func(v lab.Node) bool { return t.strongly(nodeTag(v)) }), nil
}

// image is the same for images.
func (m Conditional) image(ctx context.Context) (context.Context, error) {
	t, err := parseTags(m.IfMatch)
	if err != nil || m.IfMatch == "" {
		return ctx, err
	}
	return service.ExpectImage(ctx, func(v lab.Image) bool { return t.strongly(imageTag(v)) }), nil
}

// outdated documents what Conditional does.
var outdated = map[int]string{412: "It is not any more what If-Match names; nothing was changed."}

// notModified documents what If-None-Match does.
var notModified = map[int]string{304: fmt.Sprintf("It is what %s names: nothing is sent again.", "If-None-Match")}
