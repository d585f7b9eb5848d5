package images

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
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

// maxSums is far above any list of checksums.
const maxSums = 4 << 20

// expected gives the checksum a file must have; empty if nobody said.
func (w *web) expected(ctx context.Context, r lab.Remote) (string, error) {
	if r.Sum != "" || r.SumFile == "" {
		return strings.ToLower(r.Sum), nil
	}
	b := &body{web: w, ctx: ctx, addresses: []string{r.SumFile}, total: -1}
	defer b.close()
	text, err := io.ReadAll(io.LimitReader(b, maxSums))
	if err != nil {
		return "", err
	}
	for _, address := range r.Addresses {
		u, err := url.Parse(address)
		if err != nil {
			continue
		}
		if sum := findSum(string(text), path.Base(u.Path)); sum != "" {
			return sum, nil
		}
	}
	return "", lab.Errorf(lab.KindUnavailable, "the publisher's list of checksums, %s, does not name the file", r.SumFile).
		WithHint("The publisher may just be replacing it: try again later.")
}

// The lines of a list of checksums: as sha256sum writes them, as BSD's tools do,
// and the sum alone.
var (
	sumGNU  = regexp.MustCompile(`^([0-9a-fA-F]{64}|[0-9a-fA-F]{128})[ \t]+[* ]?(.+)$`)
	sumBSD  = regexp.MustCompile(`^SHA(?:256|512) ?\((.+)\) ?= ?([0-9a-fA-F]{64}|[0-9a-fA-F]{128})$`)
	sumOnly = regexp.MustCompile(`^\s*([0-9a-fA-F]{64}|[0-9a-fA-F]{128})\s*$`)
)

// findSum finds the checksum of a file in a list, the longest if it has several.
func findSum(list, file string) (sum string) {
	if m := sumOnly.FindStringSubmatch(list); m != nil {
		return strings.ToLower(m[1])
	}
	lines := bufio.NewScanner(strings.NewReader(list))
	for lines.Scan() {
		line, name, found := strings.TrimSpace(lines.Text()), "", ""
		if m := sumGNU.FindStringSubmatch(line); m != nil {
			found, name = m[1], m[2]
		} else if m := sumBSD.FindStringSubmatch(line); m != nil {
			found, name = m[2], m[1]
		}
		if path.Base(strings.TrimSpace(name)) == file && len(found) > len(sum) {
			sum = strings.ToLower(found)
		}
	}
	return sum
}

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
	restart   func() error // forgets what came, to begin anew; nil: too late for that

	current  int // the address in use
	failures int // in a row
	response *http.Response
	alive    *time.Timer
	cancel   context.CancelFunc
}

// part is what must be known of a file that came in part.
type part struct {
	Address   string `json:"address"`
	Validator string `json:"validator"`
	Total     int64  `json:"total"`
}

const partInfo = "part.json"

// open begins a download, or goes on with what is in file, which is summed up then.
func (w *web) open(ctx context.Context, r lab.Remote, s *stage, file *os.File, sum hash.Hash, summed bool) (*body, error) {
	b := &body{web: w, ctx: ctx, addresses: slices.Clone(r.Addresses), total: -1, summed: summed}
	var known part
	if content, err := durable.Read(s.path(partInfo), maxBytes); err == nil && json.Unmarshal(content, &known) == nil && known.Validator != "" {
		if n, err := io.Copy(sum, reader{ctx, file}); err == nil && n > 0 && n <= known.Total {
			b.at, b.total, b.validator, b.of = n, known.Total, known.Validator, known.Address
		}
	}
	b.restart = func() error {
		sum.Reset()
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
	content, err := json.Marshal(part{b.of, b.validator, b.total})
	if err != nil {
		return nil, lab.Errorf(lab.KindInternal, "can not write how far a download is as JSON").WithCause(err)
	}
	return b, durable.Write(s.path(partInfo), content)
}

func (b *body) Read(p []byte) (int, error) {
	for {
		if b.total >= 0 && b.at >= b.total {
			return 0, io.EOF
		}
		if b.response == nil {
			if err := b.connect(); err != nil {
				return 0, err
			}
		}
		n, err := b.response.Body.Read(p)
		b.alive.Reset(b.stall)
		b.at += int64(n)
		if n > 0 {
			b.failures = 0
			return n, nil
		}
		if errors.Is(err, io.EOF) && b.total < 0 {
			return 0, io.EOF
		}
		b.close()
		if err := b.fail(fmt.Errorf("the connection ended at byte %d of %d", b.at, b.total), 0); err != nil {
			return 0, err
		}
	}
}

func (b *body) close() {
	if b.response != nil {
		_ = b.response.Body.Close() // nothing was written
		b.alive.Stop()
		b.cancel()
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

// fail waits before the next try, at the next address, or gives up.
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
		b.addresses = append(b.addresses[:b.current:b.current], b.addresses[b.current+1:]...)
		if len(b.addresses) == 0 {
			return lab.Errorf(lab.KindUnavailable, "it can not be downloaded: %s", last.error).
				WithHint("See whether the address is right, in a browser.")
		}
	default:
		b.failures++
		if b.failures >= b.tries {
			return lab.Errorf(lab.KindUnavailable, "it can not be downloaded: %s", plainly(cause)).
				WithHint("See whether the network works, and try again: it goes on where it ended.")
		}
		wait = max(wait, b.pause<<(b.failures-1))
		b.current++
	}
	if len(b.addresses) > 0 {
		b.current %= len(b.addresses)
	}
	select {
	case <-time.After(min(wait, longestPause)):
		return nil
	case <-b.ctx.Done():
		return lab.Cancelled(b.ctx)
	}
}

// plainly is the end of a chain of causes, which is what people understand.
func plainly(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// ask asks the current address for what is missing.
func (b *body) ask() (wait time.Duration, err error) {
	ctx, cancel := context.WithCancel(b.ctx)
	b.cancel, b.alive = cancel, time.AfterFunc(b.stall, cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, b.addresses[b.current], nil)
	if err != nil {
		return 0, final{err}
	}
	request.Header.Set("Accept-Encoding", "identity") // the checksum is of the file as it is kept there
	if b.at > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", b.at))
		if b.validator != "" && (!b.summed || b.of == b.addresses[b.current]) {
			request.Header.Set("If-Range", b.validator)
		}
	}
	response, err := b.client.Do(request)
	if err != nil {
		b.alive.Stop()
		cancel()
		if u := (*url.Error)(nil); errors.As(err, &u) && strings.Contains(u.Err.Error(), "redirects") {
			return 0, final{u.Err}
		}
		return 0, err
	}
	b.response = response
	return b.judge(response)
}

// judge makes sense of an answer.
func (b *body) judge(response *http.Response) (wait time.Duration, err error) {
	switch code := response.StatusCode; {
	case code == http.StatusPartialContent && b.at > 0:
		var from, to, total int64
		if _, err := fmt.Sscanf(response.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &total); err != nil || from != b.at || b.total >= 0 && total != b.total {
			return 0, final{errors.New("the server answers with another part than was asked for")}
		}
		return 0, nil
	case code == http.StatusOK:
		return 0, b.begin(response)
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		return retryAfter(response), fmt.Errorf("the server is busy (%s)", response.Status)
	case code >= 500 || code == http.StatusRequestTimeout:
		return 0, fmt.Errorf("the server answers %s", response.Status)
	}
	return 0, final{fmt.Errorf("the server answers %s", response.Status)}
}

// begin takes an answer that begins at the beginning. If that is too late, what
// is there already is passed over, for servers that can not go on with a file.
func (b *body) begin(response *http.Response) error {
	if b.at > 0 && b.restart == nil {
		if !b.summed && validatorOf(response) != b.validator {
			return lab.Errorf(lab.KindUnavailable, "the file was replaced by another while it was downloaded").WithHint("Try again: it begins anew.")
		}
		_, err := io.CopyN(io.Discard, alive{b, response.Body}, b.at)
		return err
	}
	if b.at > 0 {
		if err := b.restart(); err != nil {
			return explainStage(err)
		}
		b.at = 0
	}
	b.total, b.validator, b.of = response.ContentLength, validatorOf(response), b.addresses[b.current]
	return nil
}

// alive keeps a connection from being taken for dead while something comes.
type alive struct {
	*body
	r io.Reader
}

func (a alive) Read(p []byte) (int, error) {
	n, err := a.r.Read(p)
	a.alive.Reset(a.stall)
	return n, err
}

// validatorOf is what If-Range may be given (RFC 9110, 13.1.5): a strong ETag, or a date.
func validatorOf(response *http.Response) string {
	if tag := response.Header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		return tag
	}
	return response.Header.Get("Last-Modified")
}

// retryAfter reads for how long a server wants to be left alone (RFC 9110, 10.2.3).
func retryAfter(response *http.Response) time.Duration {
	text := response.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return time.Until(at)
	}
	return 0
}
