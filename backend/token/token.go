// Package token keeps the token by which programs enter what sandboxlabs serve
// serves: in a file that nobody but its owner may read, and known to a running
// server as it is, whoever gives the file another.
package token

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"regexp"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// maxFile is far above the size of a file with a token, in bytes.
const maxFile = 4 << 10

// pattern is what rand.Text gives: at least 128 random bits in base32, with what tells
// a person, and a scanner of leaked secrets, whose it is.
var pattern = regexp.MustCompile(`^sbl_[A-Z2-7]{26,64}$`)

// Parse reads a token as its file has it: one line. Anything else is KindInvalid.
func Parse(content []byte) (string, error) {
	text := string(content)
	if n := len(text); n > 0 && text[n-1] == '\n' {
		text = text[:n-1]
	}
	if !pattern.MatchString(text) {
		return "", lab.Errorf(lab.KindInvalid, "there is no token in its file").
			WithHint("Make a new one: sandboxlabs token rotate.")
	}
	return text, nil
}

// Show gives the token in a file, which is made where there is none.
func Show(ctx context.Context, file string) (string, error) {
	token, err := read(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return token, err
	}
	f, release, err := durable.Hold(ctx, file) // of two who make it, the second shows the first's
	if err != nil {
		return "", err
	}
	defer release()
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		return read(file)
	}
	return put(file)
}

// Rotate puts a new token into the file, and gives it: the old one is worth
// nothing from then on, in running servers too.
func Rotate(file string) (string, error) { return put(file) }

func put(file string) (string, error) {
	token := "sbl_" + rand.Text()
	return token, durable.Write(file, []byte(token+"\n"))
}

// read gives the token in a file that its owner alone may read: what others may
// have read keeps nobody out. fs.ErrNotExist is in the chain where there is none,
// or not yet.
func read(file string) (string, error) {
	info, err := os.Lstat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && info.Size() == 0 && info.Mode().IsRegular():
		return "", lab.Errorf(lab.KindNotFound, "there is no token yet").WithHint("Make one: sandboxlabs token show.").WithCause(fs.ErrNotExist)
	case err != nil:
		return "", lab.Errorf(lab.KindUnavailable, "the token can not be read").WithCause(err)
	case info.Mode().Perm()&0o077 != 0:
		return "", lab.Errorf(lab.KindDenied, "others may have read the token in %s", file).
			WithHint("Make a new one: sandboxlabs token rotate.")
	}
	content, err := durable.Read(file, maxFile)
	if err != nil {
		return "", err
	}
	return Parse(content)
}
