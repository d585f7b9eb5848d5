package images

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"sandboxlabs/backend/lab"
)

// judge makes sense of an answer.
func (b *body) judge(response *http.Response) (wait time.Duration, err error) {
	host := response.Request.URL.Host
	switch code := response.StatusCode; {
	case code == http.StatusPartialContent && (b.at > 0 || b.peek):
		return 0, b.proceed(response)
	case code == http.StatusOK:
		return 0, b.begin(response)
	case code == http.StatusRequestedRangeNotSatisfiable && b.at > 0:
		return 0, b.another(response)
	case code == http.StatusTooManyRequests || code == http.StatusServiceUnavailable:
		return retryAfter(response), fmt.Errorf("%s is busy (%s)", host, response.Status)
	case code >= http.StatusInternalServerError || code == http.StatusRequestTimeout:
		return 0, fmt.Errorf("%s answers %s", host, response.Status)
	}
	return 0, final{fmt.Errorf("%s answers %s", host, response.Status)}
}

// proceed takes an answer that goes on where the last one ended.
func (b *body) proceed(response *http.Response) error {
	from, total, ok := contentRange(response.Header.Get("Content-Range"))
	if !ok || from != b.at {
		return final{fmt.Errorf("%s answers with another part than was asked for", response.Request.URL.Host)}
	}
	v := validatorOf(response) // there are servers that do not know If-Range
	differs := v != "" && b.validator != "" && v != b.validator && (!b.summed || b.of == b.addresses[b.current])
	if differs || b.total >= 0 && total >= 0 && total != b.total {
		return b.another(response)
	}
	if b.total < 0 {
		b.total = total
	}
	return nil
}

// begin takes an answer that begins at the beginning. If that is too late, what
// is there already is passed over, for servers that can not go on with a file.
func (b *body) begin(response *http.Response) error {
	if b.at > 0 && b.restart == nil {
		same := validatorOf(response) == b.validator || b.summed && b.of != b.addresses[b.current] // of a mirror, the checksum tells
		if !same || b.total >= 0 && response.ContentLength >= 0 && response.ContentLength != b.total {
			return b.another(response)
		}
		_, err := io.CopyN(io.Discard, alive{b, response.Body}, b.at)
		if err != nil {
			return b.ended()
		}
		return nil
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

// another deals with an answer that is not of the file that came so far: it
// begins anew where that can be, and leaves a mirror that has another file.
func (b *body) another(response *http.Response) error {
	other := fmt.Errorf("%s has another file than what came already", response.Request.URL.Host)
	switch {
	case b.restart != nil:
		if err := b.restart(); err != nil {
			return explainStage(err)
		}
		b.at, b.total, b.validator = 0, -1, ""
		return other
	case b.of != b.addresses[b.current]:
		return final{other}
	}
	return lab.Errorf(lab.KindUnavailable, "the file was replaced by another while it was downloaded").WithHint("Try again: it begins anew.")
}

// contentRange reads where a part begins and how long the whole is, -1 if that
// is not said (RFC 9110, 14.4).
func contentRange(header string) (from, total int64, ok bool) {
	span, bytes := strings.CutPrefix(header, "bytes ")
	span, whole, divided := strings.Cut(span, "/")
	first, _, ranged := strings.Cut(span, "-")
	from, err := strconv.ParseInt(first, 10, 64)
	total = -1
	if whole != "*" {
		var bad error
		total, bad = strconv.ParseInt(whole, 10, 64)
		err = errors.Join(err, bad)
	}
	return from, total, bytes && divided && ranged && err == nil
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
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 && seconds <= int(longestPause/time.Second) {
		return time.Duration(seconds) * time.Second
	} else if err == nil && seconds > 0 {
		return longestPause
	}
	if at, err := http.ParseTime(text); err == nil {
		return time.Until(at)
	}
	return 0
}
