package images

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"strings"
	"syscall"

	"sandboxlabs/backend/lab"
)

// atOnce is how many downloads go on at a time; more do not make a line faster.
const atOnce = 3

// download brings a file from the network into the stage, summing it up on the
// way, and goes on with what it holds. A packed one is unpacked on the way too.
func (a *addition) download(ctx context.Context, r lab.Remote) (*source, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	a.begin(lab.StepWaiting, 0, 0)
	select {
	case a.library.downloads <- struct{}{}:
		defer func() { <-a.library.downloads }()
	case <-ctx.Done():
		return nil, lab.Cancelled(ctx)
	}
	want, err := a.library.web.expected(ctx, r)
	if err != nil {
		return nil, err
	}
	name, sum, err := a.receive(ctx, r, want)
	a.stage.keep = a.worthKeeping(ctx, err)
	if err != nil {
		return nil, err
	}
	path := a.stage.path(name)
	from, err := a.shape(ctx, path, true)
	if err == nil && from.path == path {
		from.sha256 = sum
	}
	return from, err
}

// worthKeeping reports whether what came is of use to whoever tries again: not
// if it was given up for good, is wrong, or filled the disk.
func (a *addition) worthKeeping(ctx context.Context, err error) bool {
	if lab.KindOf(err) != lab.KindUnavailable || errors.Is(err, syscall.ENOSPC) || errors.Is(context.Cause(ctx), lab.ErrGivenUp) {
		return false
	}
	info, err := os.Stat(a.stage.path(partFile))
	return err == nil && info.Size() > 0
}

// receive downloads and verifies a file. It gives its name in the stage and, if
// it is there as it came, its SHA-256.
func (a *addition) receive(ctx context.Context, r lab.Remote, want string) (name, sha string, err error) {
	part, err := a.openPart()
	if err != nil {
		return "", "", err
	}
	defer func() { err = errors.Join(err, part.Close()) }()
	sum := newDigests(want)
	b, err := a.openBody(ctx, r, part, sum, want != "")
	if err != nil {
		return "", "", err
	}
	defer b.close()
	if _, err := a.stage.mustFit(b.total - b.at); err != nil {
		return "", "", err
	}
	a.begin(lab.StepDownloading, max(b.total, 0), 0.7)
	a.skip(b.at)
	name = partFile
	if b.at > 0 {
		err = copyBody(part, b, sum, a.at)
	} else {
		name, err = a.receiveNew(ctx, part, b, sum, want)
	}
	if err == nil {
		err = sum.verify(want)
	}
	if name == partFile {
		sha = hex.EncodeToString(sum.sha256.Sum(nil))
	}
	return name, sha, err
}

// openBody begins a download, and tells of its going on with one.
func (a *addition) openBody(ctx context.Context, r lab.Remote, part *os.File, sum digests, summed bool) (*body, error) {
	if info, err := part.Stat(); err == nil && info.Size() > 0 {
		a.begin(lab.StepChecking, info.Size(), 0)
	}
	return a.library.web.open(ctx, r, a.stage, part, sum, summed, a.at)
}

func (a *addition) openPart() (*os.File, error) {
	f, err := os.OpenFile(a.stage.path(partFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, explainStage(err)
	}
	return f, nil
}

// receiveNew looks at what the file begins with: what is packed is not kept
// packed, so that it can not be gone on with should the program end.
func (a *addition) receiveNew(ctx context.Context, part *os.File, b *body, sum digests, want string) (name string, err error) {
	counted := &counter{r: io.TeeReader(b, sum), at: a.at}
	from := bufio.NewReaderSize(counted, 1<<20)
	head, err := from.Peek(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	packing := longest(packed, head)
	if packing == none || unpackers[packing] == nil {
		_, err = io.Copy(part, from)
		return partFile, explainWrite(err)
	}
	if err := os.Remove(part.Name()); err != nil {
		return "", explainStage(err)
	}
	name = unpackFile + "-0"
	damage := a.stage.unpackTo(ctx, name, packing, from)
	if damage != nil && lab.KindOf(damage) != lab.KindInvalid {
		return "", damage
	}
	_, err = io.Copy(io.Discard, from) // what follows belongs to the sum
	if err == nil && damage != nil {
		err = cmp.Or(sum.verify(want), damage) // the checksum says more of why
	}
	return name, err
}

// copyBody goes on with a file.
func copyBody(part *os.File, b *body, sum digests, at func(int64)) error {
	begun := b.at
	counted := &counter{r: io.TeeReader(b, sum), at: func(n int64) { at(begun + n) }}
	_, err := io.Copy(part, counted)
	return explainWrite(err)
}

// explainWrite is why a file could not be copied into the stage.
func explainWrite(err error) error {
	var known *lab.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return errFull.WithCause(err)
	}
	return lab.Errorf(lab.KindUnavailable, "what comes can not be written").WithHint(readable).WithCause(err)
}

// digests are the checksums of what comes, taken in one pass: the one that is
// wanted, and the SHA-256 that names the volume.
type digests struct{ sha256, wanted hash.Hash }

// newDigests makes them for a checksum that is wanted: SHA-512 by its length,
// else SHA-256.
func newDigests(want string) digests {
	d := digests{sha256: sha256.New()}
	if d.wanted = d.sha256; len(want) == hex.EncodedLen(sha512.Size) {
		d.wanted = sha512.New()
	}
	return d
}

func (d digests) Write(p []byte) (int, error) {
	d.sha256.Write(p)
	if d.wanted != d.sha256 {
		d.wanted.Write(p)
	}
	return len(p), nil
}

func (d digests) reset() {
	d.sha256.Reset()
	d.wanted.Reset()
}

// verify compares what came with what was to come, if that is known.
func (d digests) verify(want string) error {
	got := hex.EncodeToString(d.wanted.Sum(nil))
	if want == "" || strings.EqualFold(got, want) {
		return nil
	}
	return lab.Errorf(lab.KindInvalid, "what was downloaded is not what was to come: its checksum is %s, not %s; nothing of it is kept", got, want).
		WithHint("Try again later: a mirror may be behind. If it stays so, do not use this file.")
}
