package images

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// web is how files come from the network. A proxy is taken from the environment.
type web struct {
	client *http.Client
	tries  int           // in a row, without a byte in between, before it is given up
	pause  time.Duration // before the second try; it doubles
	stall  time.Duration // without a byte, after which a connection is taken for dead
}

func newWeb() *web {
	return &web{client: &http.Client{}, tries: 6, pause: time.Second, stall: 30 * time.Second}
}

// longestPause is the longest that a server is waited for, whatever it says.
const longestPause = 2 * time.Minute

// maxRedirects is how often one file may be somewhere else; no publisher needs five.
const maxRedirects = 10

// body is the content of a file that has several addresses. It goes on where it
// was cut, at the next address, and ends with an *lab.Error when that leads nowhere.
type body struct {
	*web
	ctx       context.Context
	addresses []string
	at        int64        // of the next byte
	total     int64        // -1: not known
	validator string       // ETag or date of the file, by which a server knows it is the same
	of        string       // the address that gave it
	summed    bool         // what comes is compared with a checksum in the end, so that any mirror's will do
	peek      bool         // only whether it is there is of interest, and how large it is
	restart   func() error // forgets what came, to begin anew; nil: too late for that

	current  int // the address in use
	failures int // in a row
	response *http.Response
	alive    *time.Timer
	cancel   context.CancelCauseFunc
}

// part is what must be known of a file that came in part.
type part struct {
	Address   string `json:"address"`
	Validator string `json:"validator"`
	Total     int64  `json:"total"`
	Boot      string `json:"boot"` // of the machine, in which it came
}

const partInfo = "part.json"

// open begins a download, or goes on with what is in file, which is summed up
// then. at is told how much of that is done.
func (w *web) open(ctx context.Context, r lab.Remote, s *stage, file *os.File, sum digests, summed bool, at func(int64)) (*body, error) {
	b := &body{web: w, ctx: ctx, addresses: slices.Clone(r.Addresses), total: -1, summed: summed}
	if err := b.resume(s, file, &counter{r: io.TeeReader(file, sum), at: at}); err != nil {
		return nil, err
	}
	b.restart = func() error {
		sum.reset()
		_, err := file.Seek(0, io.SeekStart)
		return errors.Join(err, file.Truncate(0))
	}
	if b.at == 0 {
		if err := b.restart(); err != nil {
			return nil, explainStage(err)
		}
	}
	if b.at == b.total {
		return b, nil
	}
	if err := b.connect(); err != nil {
		return nil, err
	}
	b.restart = nil
	content, err := json.Marshal(part{b.of, b.validator, b.total, bootID()})
	if err != nil {
		return nil, lab.Errorf(lab.KindInternal, "can not write how far a download is as JSON").WithCause(err)
	}
	return b, durable.Write(s.path(partInfo), content)
}

// resume reads what an earlier process left, if it can be gone on with. What
// was not on the disk yet when the machine stopped may be nothing but zeros,
// which only a checksum would tell.
func (b *body) resume(s *stage, file *os.File, content io.Reader) error {
	var known part
	info, err := durable.Read(s.path(partInfo), maxBytes)
	if err != nil || json.Unmarshal(info, &known) != nil || known.Validator == "" || !b.summed && known.Boot != bootID() {
		return nil
	}
	size, err := file.Stat()
	if err != nil || size.Size() == 0 || size.Size() > known.Total {
		return nil
	}
	n, err := io.Copy(io.Discard, reader{b.ctx, content})
	if gone := lab.Cancelled(b.ctx); gone != nil {
		return gone
	}
	if err == nil {
		b.at, b.total, b.validator, b.of = n, known.Total, known.Validator, known.Address
	}
	return nil
}

// bootID tells one run of the machine from the next; empty if it can not be read.
func bootID() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id))
}

// look asks for a file and takes none of it: how large it is, 0 if nobody says,
// and which checksum it must have, empty if there is none.
func (w *web) look(ctx context.Context, r lab.Remote) (size int64, sum string, err error) {
	if sum, err = w.expected(ctx, r); err != nil {
		return 0, "", err
	}
	for _, address := range r.Addresses {
		b := &body{web: w, ctx: ctx, addresses: []string{address}, total: -1, summed: sum != "", peek: true}
		err := b.connect()
		b.close()
		switch {
		case err != nil:
			return 0, "", err
		case size > 0 && b.total > 0 && size != b.total:
			return 0, "", lab.Errorf(lab.KindUnavailable, "the file at %s is not the one at %s: it has %d bytes, not %d", address, r.Addresses[0], b.total, size).
				WithHint("A mirror may be behind: try again later.")
		}
		size = max(size, b.total)
	}
	return size, sum, nil
}

func (b *body) Read(p []byte) (int, error) {
	for {
		if b.total >= 0 {
			p = p[:min(int64(len(p)), max(b.total-b.at, 0))]
			if len(p) == 0 {
				return 0, io.EOF
			}
		}
		if b.response == nil {
			if err := b.connect(); err != nil {
				return 0, err
			}
		}
		n, err := alive{b, b.response.Body}.Read(p)
		b.at += int64(n)
		if n > 0 {
			b.failures = 0
			return n, nil
		}
		if err == nil || errors.Is(err, io.EOF) && b.total < 0 {
			return 0, err
		}
		cause := b.ended()
		b.close()
		if err := b.fail(cause, 0); err != nil {
			return 0, err
		}
	}
}

// ended says how the connection ended.
func (b *body) ended() error {
	host := b.response.Request.URL.Host
	switch {
	case errors.Is(context.Cause(b.response.Request.Context()), errStalled):
		return fmt.Errorf("nothing came from %s for %s", host, b.stall)
	case b.total < 0:
		return fmt.Errorf("the connection to %s ended at byte %d", host, b.at)
	}
	return fmt.Errorf("the connection to %s ended at byte %d of %d", host, b.at, b.total)
}

func (b *body) close() {
	if b.response != nil {
		_ = b.response.Body.Close() // nothing was written
		b.alive.Stop()
		b.cancel(nil)
		b.response = nil
	}
}

// connect asks one address after the other until one answers with the content.
func (b *body) connect() error {
	for {
		wait, err := b.ask()
		if err == nil {
			return nil
		}
		b.close()
		if err := b.fail(err, wait); err != nil {
			return err
		}
	}
}

// final is an answer that will be no other if the same is asked again.
type final struct{ error }

// fail waits before the next try, at the next address, or gives up. Another
// address is tried at once.
func (b *body) fail(cause error, wait time.Duration) error {
	if gone := lab.Cancelled(b.ctx); gone != nil {
		return gone
	}
	var last final
	var known *lab.Error
	switch {
	case errors.As(cause, &known):
		return known
	case errors.As(cause, &last):
		if len(b.addresses) == 1 {
			return lab.Errorf(lab.KindUnavailable, "it can not be downloaded: %s", last.error).
				WithHint("See whether the address is right, in a browser.")
		}
		b.addresses = slices.Delete(b.addresses, b.current, b.current+1)
		wait = 0
	default:
		b.failures++
		if b.failures >= b.tries {
			return lab.Errorf(lab.KindUnavailable, "it can not be downloaded: %s", cause).
				WithHint("See whether the network works, and try again.")
		}
		wait = max(wait, b.pause<<(b.failures-1))
		if b.failures < len(b.addresses) {
			wait = 0
		}
		b.current++
	}
	b.current %= len(b.addresses)
	select {
	case <-time.After(min(wait, longestPause)):
		return nil
	case <-b.ctx.Done():
		return lab.Cancelled(b.ctx)
	}
}

var errStalled = errors.New("stalled")

// ask asks the current address for what is missing.
func (b *body) ask() (wait time.Duration, err error) {
	ctx, cancel := context.WithCancelCause(b.ctx)
	b.cancel, b.alive = cancel, time.AfterFunc(b.stall, func() { cancel(errStalled) })
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.addresses[b.current], nil)
	if err != nil {
		return 0, final{err}
	}
	request.Header.Set("User-Agent", "SandBoxLabs")
	request.Header.Set("Accept-Encoding", "identity") // the checksum is of the file as it is kept there
	switch {
	case b.peek:
		request.Header.Set("Range", "bytes=0-0")
	case b.at > 0:
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", b.at))
		if b.validator != "" && (!b.summed || b.of == b.addresses[b.current]) {
			request.Header.Set("If-Range", b.validator)
		}
	}
	client := *b.client
	client.CheckRedirect = b.redirect
	response, err := client.Do(request)
	b.alive.Stop()
	if err != nil {
		cancel(nil)
		return 0, unreachable(err, request.URL.Host, b.stall)
	}
	b.response = response
	return b.judge(response)
}

// redirect follows a file that is somewhere else, but not from where it is
// protected to where it is not, unless a checksum tells what came.
func (b *body) redirect(to *http.Request, via []*http.Request) error {
	switch {
	case len(via) >= maxRedirects:
		return final{fmt.Errorf("%s sends on to somewhere else again and again", via[0].URL.Host)}
	case !b.summed && via[0].URL.Scheme == "https" && to.URL.Scheme != "https":
		return final{fmt.Errorf("%s sends on to %s, from where it would come unprotected", via[0].URL.Host, to.URL.Host)}
	}
	return nil
}

// unreachable makes sense of a request without an answer.
func unreachable(err error, host string, stall time.Duration) error {
	var last final
	var untrusted *tls.CertificateVerificationError
	var unknown *net.DNSError
	switch {
	case errors.Is(err, errStalled):
		return fmt.Errorf("%s did not answer for %s", host, stall)
	case errors.As(err, &last):
		return last
	case errors.As(err, &untrusted):
		return final{fmt.Errorf("%s can not prove that it is %s: %w", host, host, untrusted.Err)}
	case errors.As(err, &unknown) && unknown.IsNotFound:
		return final{fmt.Errorf("nobody knows a host %s", unknown.Name)}
	}
	var u *url.Error // names the whole address again
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// alive takes a connection for dead from which nothing comes while it is waited
// for; what is done with what came may take as long as it does.
type alive struct {
	*body
	r io.Reader
}

func (a alive) Read(p []byte) (int, error) {
	a.alive.Reset(a.stall)
	defer a.alive.Stop()
	return a.r.Read(p)
}
