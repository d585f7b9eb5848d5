package images

import (
	"context"
	"io"
	"net/url"
	"path"
	"regexp"
	"strings"

	"sandboxlabs/backend/lab"
)

// maxSums is far above any list of checksums, in bytes.
const maxSums = 4 << 20

// expected gives the checksum a file must have; empty if nobody said.
func (w *web) expected(ctx context.Context, r lab.Remote) (string, error) {
	if r.Sum != "" || r.SumFile == "" {
		return strings.ToLower(r.Sum), nil
	}
	list, err := w.list(ctx, r.SumFile)
	if err != nil {
		return "", err
	}
	for _, address := range r.Addresses {
		u, err := url.Parse(address)
		if err != nil {
			continue
		}
		if sum := findSum(list, path.Base(u.Path)); sum != "" {
			return sum, nil
		}
	}
	return "", lab.Errorf(lab.KindUnavailable, "the publisher's list of checksums, %s, does not name the file", r.SumFile).
		WithHint("The publisher may just be replacing it: try again later.")
}

// list gives the text of a list of checksums.
func (w *web) list(ctx context.Context, address string) (string, error) {
	b := &body{web: w, ctx: ctx, addresses: []string{address}, total: -1}
	defer b.close()
	text, err := io.ReadAll(io.LimitReader(b, maxSums+1))
	if gone := lab.Cancelled(ctx); gone != nil {
		return "", gone
	}
	if err == nil && len(text) > maxSums {
		err = lab.Errorf(lab.KindUnavailable, "it is larger than %s", lab.Size(maxSums))
	}
	if err != nil {
		return "", lab.Errorf(lab.KindUnavailable, "the publisher's list of checksums, %s, can not be read", address).WithCause(err).
			WithHint("See whether the network works, and whether the address is right.")
	}
	return string(text), nil
}

// The lines of a list of checksums: as sha256sum writes them, as BSD's tools do,
// and the sum alone.
var (
	sumGNU  = regexp.MustCompile(`^([0-9a-fA-F]{64}|[0-9a-fA-F]{128})[ \t]+[* ]?(.+)$`)
	sumBSD  = regexp.MustCompile(`^SHA(?:256|512) ?\((.+)\) ?= ?([0-9a-fA-F]{64}|[0-9a-fA-F]{128})$`)
	sumOnly = regexp.MustCompile(`^\s*([0-9a-fA-F]{64}|[0-9a-fA-F]{128})\s*$`)
)

// findSum finds the checksum of a file in a list, the longest if it has several.
// It may be of a file in any folder, and signed in the clear.
func findSum(list, file string) (sum string) {
	if m := sumOnly.FindStringSubmatch(list); m != nil {
		return strings.ToLower(m[1])
	}
	for line := range strings.Lines(list) {
		line, name, found := strings.TrimSpace(line), "", ""
		if m := sumGNU.FindStringSubmatch(line); m != nil {
			found, name = m[1], m[2]
		} else if m := sumBSD.FindStringSubmatch(line); m != nil {
			found, name = m[2], m[1]
		}
		if name != "" && path.Base(strings.TrimSpace(name)) == file && len(found) > len(sum) {
			sum = strings.ToLower(found)
		}
	}
	return sum
}
