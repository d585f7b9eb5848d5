package images

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
	"strings"

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
	name, err := a.receive(ctx, r, want)
	// What came is of use to whoever tries again, unless it was given up for good or is wrong.
	a.stage.keep = err != nil && lab.KindOf(err) == lab.KindUnavailable && !errors.Is(context.Cause(ctx), lab.ErrGivenUp)
	if err != nil {
		return nil, err
	}
	return a.shape(ctx, a.stage.path(name), true)
}

// receive downloads and verifies a file, and gives its name in the stage.
func (a *addition) receive(ctx context.Context, r lab.Remote, want string) (name string, err error) {
	part, err := a.openPart()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, part.Close()) }()
	sum := newSum(want)
	b, err := a.library.web.open(ctx, r, a.stage, part, sum, want != "")
	if err != nil {
		return "", err
	}
	defer b.close()
	if _, err := a.stage.mustFit(b.total - b.at); err != nil {
		return "", err
	}
	a.begin(lab.StepDownloading, max(b.total, 0), 0.7)
	name = partFile
	if b.at > 0 {
		err = copyBody(part, b, sum, a.at)
	} else {
		name, err = a.receiveNew(ctx, part, b, sum)
	}
	if err == nil {
		err = verify(sum, want)
	}
	return name, err
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
func (a *addition) receiveNew(ctx context.Context, part *os.File, b *body, sum hash.Hash) (name string, err error) {
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
	if err := a.stage.unpackTo(ctx, name, packing, from); err != nil {
		return "", err
	}
	_, err = io.Copy(io.Discard, from) // what follows belongs to the sum
	return name, err
}

// copyBody goes on with a file.
func copyBody(part *os.File, b *body, sum hash.Hash, at func(int64)) error {
	begun := b.at
	counted := &counter{r: io.TeeReader(b, sum), at: func(n int64) { at(begun + n) }}
	_, err := io.Copy(part, counted)
	return explainWrite(err)
}

func explainWrite(err error) error {
	var known *lab.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known
	}
	return errFull.WithCause(err)
}

// newSum is the sum that a checksum is of: SHA-512 by its length, else SHA-256.
func newSum(want string) hash.Hash {
	if len(want) == hex.EncodedLen(sha512.Size) {
		return sha512.New()
	}
	return sha256.New()
}

// verify compares what came with what was to come, if that is known.
func verify(sum hash.Hash, want string) error {
	got := hex.EncodeToString(sum.Sum(nil))
	if want == "" || strings.EqualFold(got, want) {
		return nil
	}
	return lab.Errorf(lab.KindInvalid, "what was downloaded is not what was to come: its checksum is %s, not %s; nothing of it is kept", got, want).
		WithHint("Try again later: a mirror may be behind. If it stays so, do not use this file.")
}
