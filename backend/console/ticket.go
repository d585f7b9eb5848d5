package console

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"sync"
	"time"

	"sandboxlabs/backend/lab"
)

const (
	ticketLife  = 30 * time.Second
	ticketBytes = 32
	maxTickets  = 256 // outstanding at once: far above any screen full of consoles
)

// grant is what a ticket opens.
type grant struct {
	id   string
	kind lab.ConsoleKind
}

type ticket struct {
	grant
	until time.Time
}

// tickets are those outstanding. They are found by their digest, so that the
// time a look-up takes tells nothing of a token, and memory holds none. The
// zero value is ready.
type tickets struct {
	mu   sync.Mutex
	open map[[sha256.Size]byte]ticket
}

func (t *tickets) issue(g grant) (token string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	maps.DeleteFunc(t.open, func(_ [sha256.Size]byte, k ticket) bool { return !now.Before(k.until) })
	if len(t.open) >= maxTickets {
		return "", lab.Errorf(lab.KindBusy, "%d consoles are being opened already", maxTickets).WithHint("Try again in half a minute.")
	}
	random := make([]byte, ticketBytes)
	rand.Read(random) // never fails: it ends the program rather
	token = base64.RawURLEncoding.EncodeToString(random)
	if t.open == nil {
		t.open = map[[sha256.Size]byte]ticket{}
	}
	t.open[sha256.Sum256([]byte(token))] = ticket{g, now.Add(ticketLife)}
	return token, nil
}

// redeem uses a token up. A token for another kind of console is used up too.
func (t *tickets) redeem(token string, kind lab.ConsoleKind) (id string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	digest := sha256.Sum256([]byte(token))
	k, ok := t.open[digest]
	delete(t.open, digest)
	return k.id, ok && k.kind == kind && time.Now().Before(k.until)
}
