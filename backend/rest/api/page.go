package api

import (
	"encoding/base64"
	"slices"
	"strings"

	"sandboxlabs/backend/lab"
)

// page is one part of a list.
type page[T any] struct {
	Items []T    `json:"items" doc:"In a stable order."`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; missing on the last."`
}

// Paging is which part of a list is asked for.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"How many items at most."`
	Cursor string `query:"cursor" maxLength:"1000" doc:"The next of the page before. What came or went meanwhile moves nothing: no item comes twice, none that was there all the time is left out."`
}

// cut gives a part of a list in the order of its keys, which are unique.
func cut[T any](all []T, p Paging, key func(T) string) (*answer[page[T]], error) {
	after, err := parseCursor(p.Cursor)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b T) int { return strings.Compare(key(a), key(b)) })
	items := []T{}
	next := ""
	for _, v := range all {
		if p.Cursor != "" && key(v) <= after {
			continue
		}
		if len(items) == p.Limit {
			next = cursor(key(items[len(items)-1]))
			break
		}
		items = append(items, v)
	}
	return &answer[page[T]]{page[T]{Items: items, Next: next}}, nil
}

// cursorMark begins what is in a cursor, so that nothing else passes for one.
const cursorMark = "1:"

// cursor is the place behind the item with a key.
func cursor(key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(cursorMark + key))
}

// parseCursor is the inverse of cursor; an empty one is the place before everything.
func parseCursor(text string) (key string, err error) {
	if text == "" {
		return "", nil
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	key, ok := strings.CutPrefix(string(raw), cursorMark)
	if err != nil || !ok {
		return "", lab.Errorf(lab.KindInvalid, "%.80q is not a cursor", text).WithHint("Send the next of a page, or none for the first.")
	}
	return key, nil
}

// holds reports whether text contains part, in whatever case; everything holds an empty one.
func holds(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// among reports whether a value is one of those asked for, or none is.
func among[T comparable](asked []T, v T) bool { return len(asked) == 0 || slices.Contains(asked, v) }
