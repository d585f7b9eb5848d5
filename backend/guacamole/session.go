package guacamole

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"sandboxlabs/backend/lab"
)

// Limits of logging in.
const (
	freshFor   = time.Second      // a token that was good so short a time ago is not asked about
	loginLimit = 15 * time.Second // for waiting for other programs, the database, and the web application
)

// session is the token of this run, which is good for the whole registry.
type session struct {
	mu      sync.Mutex
	token   string
	user    int64 // entity it belongs to
	checked time.Time
	flight  *flight // somebody makes sure of the token just now
}

// flight is one attempt to get a good token, for all who want it meanwhile.
type flight struct {
	landed chan struct{}
	token  string
	err    error
}

// belongsTo forgets the token if our user is not the one it was given to: the
// web application goes on believing it, and shows nothing to it.
func (s *session) belongsTo(user int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.user != user {
		s.token, s.user, s.checked = "", user, time.Time{}
	}
}

// reject forgets a token that was refused.
func (s *session) reject(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token == token {
		s.token, s.checked = "", time.Time{}
	}
}

// settle waits for the end of an attempt that is under way.
func (s *session) settle(ctx context.Context) {
	s.mu.Lock()
	f := s.flight
	s.mu.Unlock()
	if f == nil {
		return
	}
	select {
	case <-f.landed:
	case <-ctx.Done():
	}
}

// take gives the token away, for the last time.
func (s *session) take() (token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	token, s.token = s.token, ""
	return token
}

// Login implements lab.Registry.
func (r *registry) Login(ctx context.Context) error {
	_, err := r.login(ctx)
	return err
}

// login gives a good token. Callers at the same time share one attempt, which
// none of them cuts short for the others.
func (r *registry) login(ctx context.Context) (token string, err error) {
	if err := r.db.usable(ctx); err != nil {
		return "", err
	}
	s := &r.session
	s.mu.Lock()
	if s.token != "" && time.Since(s.checked) < freshFor {
		defer s.mu.Unlock()
		return s.token, nil
	}
	f := s.flight
	if f == nil {
		f = &flight{landed: make(chan struct{})}
		s.flight = f
		go r.fly(f, s.token)
	}
	s.mu.Unlock()
	select {
	case <-f.landed:
		return f.token, f.err
	case <-ctx.Done():
		return "", lab.Cancelled(ctx)
	}
}

// fly checks the token, gets another if it is not good, and lands.
func (r *registry) fly(f *flight, token string) {
	ctx, cancel := context.WithTimeout(r.db.life, loginLimit)
	defer cancel()
	user := int64(0)
	good := false
	if token != "" {
		good, f.err = r.web.check(ctx, token)
	}
	if !good && f.err == nil {
		token, user, f.err = r.renew(ctx)
	}
	if f.err != nil && r.db.life.Err() != nil {
		f.err = context.Cause(r.db.life)
	}
	s := &r.session
	s.mu.Lock()
	defer s.mu.Unlock()
	defer close(f.landed)
	s.flight = nil
	if f.err != nil {
		return
	}
	f.token = token
	switch {
	case user != 0: // a new one
		s.token, s.user, s.checked = token, user, time.Now()
	case s.token == token: // not forgotten meanwhile
		s.checked = time.Now()
	}
}

// setPassword gives our user another password, and lifts what keeps it out.
const setPassword = `
UPDATE guacamole_user SET password_hash = $2, password_salt = $3, password_date = now()
WHERE entity_id = (SELECT entity_id FROM guacamole_entity WHERE type = 'USER' AND name = $1::text) RETURNING entity_id`

// renew gets a new token with a new password, which nobody keeps. Other programs
// of this owner wait meanwhile, or theirs would not fit any more.
func (r *registry) renew(ctx context.Context) (token string, user int64, err error) {
	err = r.exclusively(ctx, func() (err error) {
		password := rand.Text() // 130 bits of A-Z and 2-7
		if user, err = r.ensure(ctx); err != nil {
			return err
		}
		hash, salt := hashed(password)
		err = r.db.do(ctx, func(ctx context.Context) error {
			return r.db.pool.QueryRow(ctx, setPassword, r.names.user, hash, salt).Scan(&user)
		})
		if err != nil {
			return err
		}
		token, err = r.web.login(ctx, r.names.user, password)
		return err
	})
	if err == nil {
		r.log.Debug("logged in to Guacamole's web application", "user", r.names.user)
	}
	return token, user, err
}

// exclusively does something while no other program of this owner does. The lock
// is that of a transaction that does nothing else: whatever ends that, ends it.
func (r *registry) exclusively(ctx context.Context, do func() error) error {
	err := r.db.usable(ctx)
	if err != nil {
		return err
	}
	var done bool
	var failed error
	err = pgx.BeginFunc(ctx, r.db.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, one, lockOf("login", r.names.user)); err != nil {
			return err
		}
		failed, done = do(), true
		return failed
	})
	if done { // how the lock ended does not matter
		return failed
	}
	return fault(err)
}

// hashed gives what the web application compares a password with
// (SHA256PasswordEncryptionService): the SHA-256 of it and the salt in
// hexadecimal, in upper case.
func hashed(password string) (hash, salt []byte) {
	salt = make([]byte, sha256.Size)
	rand.Read(salt)
	sum := sha256.Sum256([]byte(password + strings.ToUpper(hex.EncodeToString(salt))))
	return sum[:], salt
}
