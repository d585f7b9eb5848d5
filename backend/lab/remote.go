package lab

import (
	"errors"
	"net/url"
	"regexp"
)

// ErrGivenUp is the cause of the end of a context by which a person gives
// something up, unlike a program that ends.
var ErrGivenUp = errors.New("given up")

// Remote is a file on the network, with how to tell that it came whole.
type Remote struct {
	// Addresses are mirrors of the one file, the first preferred.
	Addresses []string `json:"addresses"`
	// Sum is the file's checksum in lower-case hex, SHA-256 or SHA-512 by its length.
	Sum string `json:"sum,omitempty"`
	// SumFile is the address of the publisher's list of checksums, read over TLS
	// when the file is, where the publisher replaces the file. Without Sum and
	// SumFile nothing is known of it but that it came over TLS.
	SumFile string `json:"sumFile,omitempty"`
	// Bytes is about how large it is; 0: not known.
	Bytes int64 `json:"bytes,omitempty"`
}

// Check checks the rules of a remote file; a breach is KindInvalid. What comes
// without TLS must have a checksum that came with it.
func (r Remote) Check() error {
	_, err := r.check()
	return err
}

// check is Check, and names what is wrong as the catalogue's file does.
func (r Remote) check() (field string, err error) {
	if len(r.Addresses) == 0 {
		return "addresses", Errorf(KindInvalid, "there is no address to download from").WithHint("Give one that begins with https://.")
	}
	for _, address := range r.Addresses {
		if err := checkAddress(address, r.Sum != "" || r.SumFile != ""); err != nil {
			return "addresses", err
		}
	}
	if r.Sum != "" && !sumPattern.MatchString(r.Sum) {
		return "sum", Errorf(KindInvalid, "%q is no SHA-256 or SHA-512 checksum", r.Sum).WithHint("Write its 64 or 128 hexadecimal digits.")
	}
	if r.SumFile != "" {
		return "sum_file", checkAddress(r.SumFile, false)
	}
	return "", nil
}

var sumPattern = regexp.MustCompile(`^([0-9a-fA-F]{64}|[0-9a-fA-F]{128})$`)

func checkAddress(address string, summed bool) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return Errorf(KindInvalid, "%q is not an address to download from", address).WithHint("Give one that begins with https://.")
	case u.Scheme == "http" && !summed && !loopback(u.Hostname()):
		return Errorf(KindInvalid, "%q is not protected on its way, and there is no checksum to tell what came", address).WithHint("Give an https:// address, or the checksum too.")
	}
	return nil
}

// loopback reports whether a host is this one: nobody is on the way to it.
func loopback(host string) bool {
	return host == "localhost" || host == "::1" || host == "127.0.0.1"
}
