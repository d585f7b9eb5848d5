package stand

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/jackc/pgx/v5"
)

// dataSource is the name of the PostgreSQL extension.
const dataSource = "postgresql"

// session is what belongs to a token. It holds the number of the user and not
// the name: one who is deleted and made again sees nothing with an old token.
type session struct {
	account
	password string
	ctx      context.Context // done when the token is no more
	end      context.CancelFunc
}

// account is a user of the database.
type account struct {
	Name             string
	EntityID, UserID int32
	Hash, Salt       []byte
	Disabled         bool
	Expired          bool
}

// login gives a token for a name and a password, or tells of the one it is given.
func (w *WebApp) login(r *http.Request) (any, error) {
	token := r.PostFormValue("token")
	if s := w.find(token); s != nil {
		return welcome(token, s), nil
	}
	w.mu.Lock()
	w.logins++
	w.mu.Unlock()
	u, err := w.authenticate(r.Context(), r.PostFormValue("username"), r.PostFormValue("password"))
	if err != nil {
		return nil, err
	}
	s := &session{account: u, password: r.PostFormValue("password")}
	s.ctx, s.end = context.WithCancel(context.Background())
	token = newToken()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sessions[token] = s
	return welcome(token, s), nil
}

func welcome(token string, s *session) any {
	return map[string]any{
		"authToken": token, "username": s.Name,
		"dataSource": dataSource, "availableDataSources": []string{dataSource},
	}
}

// newToken gives 32 random bytes in hexadecimal digits, which are upper case.
func newToken() string {
	token := make([]byte, 32)
	rand.Read(token)
	return fmt.Sprintf("%X", token)
}

// authenticate finds the user with that name and password.
func (w *WebApp) authenticate(ctx context.Context, name, password string) (account, error) {
	const query = `SELECT e.name, e.entity_id, u.user_id, u.password_hash, u.password_salt, u.disabled, u.expired
		FROM guacamole_user u JOIN guacamole_entity e USING (entity_id) WHERE e.type = 'USER' AND e.name = $1`
	u, err := ask(ctx, &w.records, pgx.RowToStructByPos[account], query, name)
	switch {
	case err != nil:
		return account{}, err
	case len(u) == 0 || u[0].Disabled || !bytes.Equal(u[0].Hash, hash(password, u[0].Salt)):
		return account{}, &failure{unauthorized, "INVALID_CREDENTIALS", "Invalid login", []field{
			{"username", "USERNAME"}, {"password", "PASSWORD"},
		}}
	case u[0].Expired:
		return account{}, &failure{unauthorized, "INSUFFICIENT_CREDENTIALS", "Password has expired", []field{
			{"new-password", "PASSWORD"}, {"confirm-new-password", "PASSWORD"},
		}}
	}
	return u[0], nil
}

// hash is that of a password: the salt is part of the text, in hexadecimal digits.
func hash(password string, salt []byte) []byte {
	sum := sha256.Sum256(fmt.Appendf([]byte(password), "%X", salt))
	return sum[:]
}

// revoke makes the token of the path worthless.
func (w *WebApp) revoke(r *http.Request) (any, error) {
	if !w.forget(r.PathValue("token")) {
		return nil, notFoundf("No such token.")
	}
	return nil, nil
}

// session answers for the session itself: by HEAD whether there is one, which 1.5
// has not, and by DELETE it ends.
func (w *WebApp) session(r *http.Request) (any, error) {
	token := tokenOf(r)
	if _, err := w.mustFind(token); err != nil {
		return nil, err
	}
	w.mu.Lock()
	hasHead := w.version != "1.5"
	w.mu.Unlock()
	switch {
	case r.Method == http.MethodDelete:
		w.forget(token)
	case r.Method != http.MethodHead || !hasHead:
		return methodNotAllowed, nil
	}
	return nil, nil
}

// inSession is for what needs a session, and our data source.
func (w *WebApp) inSession(do func(*http.Request, *session) (any, error)) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		s, err := w.mustFind(tokenOf(r))
		if err == nil {
			err = checkSource(r.PathValue("source"))
		}
		if err != nil {
			return nil, err
		}
		return do(r, s)
	}
}

func checkSource(name string) error {
	if name != dataSource {
		return notFoundf("Session not associated with authentication provider %q.", name)
	}
	return nil
}

// tokenOf gives the token of a request.
func tokenOf(r *http.Request) string {
	if token := r.Header.Get("Guacamole-Token"); token != "" {
		return token
	}
	return r.URL.Query().Get("token")
}

// find gives the session of a token, or nil.
func (w *WebApp) find(token string) *session {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sessions[token]
}

func (w *WebApp) mustFind(token string) (*session, error) {
	if s := w.find(token); s != nil {
		return s, nil
	}
	return nil, &failure{status: unauthorized, kind: "PERMISSION_DENIED", message: "Permission Denied."}
}

// forget ends a session and its tunnels, and says whether there was one.
func (w *WebApp) forget(token string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	s, found := w.sessions[token]
	if found {
		s.end()
		delete(w.sessions, token)
	}
	return found
}

// substitute replaces tokens such as ${GUAC_USERNAME} in a parameter by what they
// stand for; $${ is a ${ that stays.
func (s *session) substitute(text string, more ...string) string {
	pairs := append([]string{
		"$${", "${", "${GUAC_USERNAME}", s.Name, "${GUAC_PASSWORD}", s.password,
		"${GUAC_CLIENT_ADDRESS}", "127.0.0.1", "${GUAC_CLIENT_HOSTNAME}", "127.0.0.1",
	}, more...)
	return strings.NewReplacer(pairs...).Replace(text)
}

// errGone is why a tunnel ends when its token does.
var errGone = errors.New("the session is gone")
