package api

import (
	"bytes"
	"container/list"
	"crypto/sha256"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"sandboxlabs/backend/lab"
)

// How long, and how many, answers are kept for requests that come again.
const (
	repliesKept  = 24 * time.Hour
	repliesLimit = 1000
	repliesBytes = 16 << 20 // of all their bodies together, but for the newest
)

// replies remembers what was answered to requests with an Idempotency-Key
// (draft-ietf-httpapi-idempotency-key-header), in memory: it ends with the
// process. What failed is forgotten at once, since nothing was made of it.
type replies struct {
	mu    sync.Mutex
	byKey map[string]*list.Element // of *reply
	order *list.List               // oldest first
	bytes int                      // of the bodies
	now   func() time.Time
}

// reply is one answer, or one that is being made.
type reply struct {
	key  string
	what [sha256.Size]byte // of the request
	at   time.Time
	done chan struct{} // closed when the rest is known

	ok     bool
	status int
	header http.Header
	body   []byte
}

func newReplies() *replies {
	return &replies{byKey: make(map[string]*list.Element), order: list.New(), now: time.Now}
}

// once answers a POST whose key was seen before with what was answered then, and
// makes concurrent ones wait for the first of them.
func (k *replies) once(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := r.Header.Values(keyHeader)
		if r.Method != http.MethodPost || len(header) == 0 {
			next.ServeHTTP(w, r)
			return
		}
		key, err := parseKey(strings.Join(header, ","))
		if err != nil {
			fail(w, problemOf(err))
			return
		}
		k.answer(w, r, key, next)
	})
}

func (k *replies) answer(w http.ResponseWriter, r *http.Request, key string, next http.Handler) {
	what := fingerprint(r)
	for {
		one, mine := k.claim(key, what)
		if mine {
			k.make(one, w, r, next)
			return
		}
		if one.what != what {
			fail(w, problem(lab.KindInvalid, http.StatusUnprocessableEntity, "this Idempotency-Key was used for another request", "Use a new key for each request, and the same only to send one again."))
			return
		}
		select {
		case <-one.done:
		case <-r.Context().Done():
			return // nobody waits for it any more
		}
		if one.ok {
			one.send(w)
			return
		}
	}
}

// claim gives the reply of a key; mine: it is new, and for the caller to make.
func (k *replies) claim(key string, what [sha256.Size]byte) (one *reply, mine bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sweep()
	if e := k.byKey[key]; e != nil {
		return e.Value.(*reply), false
	}
	one = &reply{key: key, what: what, at: k.now(), done: make(chan struct{})}
	k.byKey[key] = k.order.PushBack(one)
	return one, true
}

// sweep forgets what is too old or too much, but nothing that is being made.
// k.mu must be held.
func (k *replies) sweep() {
	for e := k.order.Front(); e != nil; {
		one, next := e.Value.(*reply), e.Next()
		if k.order.Len() < repliesLimit && k.bytes <= repliesBytes && k.now().Sub(one.at) < repliesKept {
			return
		}
		select {
		case <-one.done:
			k.forget(one)
		default:
		}
		e = next
	}
}

// forget removes a reply. k.mu must be held.
func (k *replies) forget(one *reply) {
	if e := k.byKey[one.key]; e != nil && e.Value == one {
		k.order.Remove(e)
		k.bytes -= len(one.body)
		delete(k.byKey, one.key)
	}
}

// make has a request answered, and keeps the answer. It is made to its end though
// the client goes: others may wait for it.
func (k *replies) make(one *reply, w http.ResponseWriter, r *http.Request, next http.Handler) {
	tape := &tape{header: make(http.Header), status: http.StatusOK}
	defer func() {
		k.mu.Lock()
		one.ok = tape.whole && tape.status < http.StatusMultipleChoices
		if one.ok {
			one.status, one.header, one.body = tape.status, tape.header, tape.body.Bytes()
			k.bytes += len(one.body)
		} else {
			k.forget(one)
		}
		k.mu.Unlock()
		close(one.done)
	}()
	next.ServeHTTP(tape, r)
	tape.whole = true
	(&reply{status: tape.status, header: tape.header, body: tape.body.Bytes()}).send(w)
}

func (one *reply) send(w http.ResponseWriter) {
	for name, values := range one.header {
		w.Header()[name] = values
	}
	w.WriteHeader(one.status)
	_, _ = w.Write(one.body) // a client that is gone can ask again
}

// tape takes down an answer.
type tape struct {
	header http.Header
	status int
	body   bytes.Buffer
	whole  bool // no panic cut it short
}

func (t *tape) Header() http.Header         { return t.header }
func (t *tape) WriteHeader(status int)      { t.status = status }
func (t *tape) Write(b []byte) (int, error) { return t.body.Write(b) }

const (
	keyHeader = "Idempotency-Key"
	maxKey    = 255 // bytes
)

// parseKey reads an Idempotency-Key: a quoted string (RFC 9651), or bare.
func parseKey(header string) (string, error) {
	key := strings.Trim(header, " \t")
	if bare, ok := strings.CutPrefix(key, `"`); ok {
		if key, ok = strings.CutSuffix(bare, `"`); !ok {
			key = ""
		}
	}
	bad := func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' || r == ',' }
	if key == "" || len(key) > maxKey || strings.ContainsFunc(key, bad) {
		return "", lab.Errorf(lab.KindInvalid, "%.80q is not an Idempotency-Key", header).WithHint("Use 1 to %d letters and digits, such as a UUID.", maxKey)
	}
	return key, nil
}

// fingerprint tells requests apart. The body has been read, and is given back.
func fingerprint(r *http.Request) (sum [sha256.Size]byte) {
	body, _ := io.ReadAll(r.Body) // from memory: it can not fail
	r.Body = io.NopCloser(bytes.NewReader(body))
	h := sha256.New()
	for _, part := range []string{r.Method, r.URL.RequestURI(), r.Header.Get("Content-Type"), string(body)} {
		sha := sha256.Sum256([]byte(part))
		h.Write(sha[:])
	}
	return [sha256.Size]byte(h.Sum(nil))
}
