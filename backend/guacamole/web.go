package guacamole

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"sandboxlabs/backend/lab"
)

const (
	webLimit     = 5 * time.Second // for one request
	mostAnswer   = 1 << 20         // bytes of one; a tree of thousands of connections is shorter
	dataSource   = "postgresql"    // what the web application calls its database
	tokenHeader  = "Guacamole-Token"
	pathTokens   = "/api/tokens"
	pathSession  = "/api/session"
	pathItself   = "/api/session/data/" + dataSource + "/self/permissions"
	pathTree     = "/api/session/data/" + dataSource + "/connectionGroups/ROOT/tree"
	formEncoding = "application/x-www-form-urlencoded"
)

// web is Guacamole's web application. Its token goes in a header, never in an
// address that might be told.
type web struct {
	base   string // without a slash at its end
	client *http.Client
}

func newWeb(base string) *web {
	return &web{base: base, client: &http.Client{
		Transport: &http.Transport{
			Proxy:               http.ProxyFromEnvironment, // which leaves loopback alone
			DialContext:         (&net.Dialer{Timeout: connectLimit, KeepAliveConfig: keepAlive}).DialContext,
			TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout: connectLimit,
			IdleConnTimeout:     time.Minute,
		},
		// What is sent is for nobody else, and a redirection is a wrong address.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// answer is what the web application said.
type answer struct {
	status   int
	location string // where it sends us, without what may be secret
	body     []byte
}

// ask sends a request and gives the answer to it, whatever its status.
func (w *web) ask(ctx context.Context, method, path, token string, form url.Values) (a answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, webLimit)
	defer cancel()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, w.base+path, body)
	if err != nil {
		return a, w.wrong("is not one that can be asked")
	}
	if form != nil {
		req.Header.Set("Content-Type", formEncoding)
	}
	if token != "" {
		req.Header.Set(tokenHeader, token)
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return a, w.fault(ctx, err)
	}
	defer resp.Body.Close()
	a.status = resp.StatusCode
	if to, err := resp.Location(); err == nil {
		a.location = to.Scheme + "://" + to.Host + strings.TrimSuffix(to.Path, path)
	}
	if a.body, err = io.ReadAll(io.LimitReader(resp.Body, mostAnswer)); err != nil {
		return a, w.fault(ctx, err)
	}
	return a, nil
}

// refusal is what the web application answers with when it does not do what was
// asked (APIError).
type refusal struct {
	Message string `json:"message"`
	Type    string `json:"type"`
}

// refusal gives why something was refused; ok is false if that was not said by
// Guacamole.
func (a answer) refusal() (r refusal, ok bool) {
	err := json.Unmarshal(a.body, &r)
	return r, err == nil && r.Type != ""
}

// check asks whether a token is good. What is asked is there in 1.4 to 1.6; HEAD
// of the session is in 1.6 alone.
func (w *web) check(ctx context.Context, token string) (good bool, err error) {
	a, err := w.ask(ctx, http.MethodGet, pathItself, token, nil)
	if err != nil {
		return false, err
	}
	_, refused := a.refusal()
	switch {
	case a.status == http.StatusOK && json.Valid(a.body):
		return true, nil
	case refused && (a.status == http.StatusForbidden || a.status == http.StatusUnauthorized || a.status == http.StatusNotFound):
		return false, nil
	}
	return false, w.unexpected(a)
}

// open reports whether others can listen to what is said to it.
func (w *web) open() bool {
	u, err := url.Parse(w.base)
	return err == nil && u.Scheme == "http" && !isLoopback(u.Hostname())
}

// alive asks whether there is a Guacamole: it refuses what needs a token.
func (w *web) alive(ctx context.Context) error {
	a, err := w.ask(ctx, http.MethodGet, pathItself, "", nil)
	if err != nil {
		return err
	}
	if _, refused := a.refusal(); refused && a.status == http.StatusForbidden {
		return nil
	}
	return w.unexpected(a)
}

// login gets a token.
func (w *web) login(ctx context.Context, user, password string) (token string, err error) {
	a, err := w.ask(ctx, http.MethodPost, pathTokens, "", url.Values{"username": {user}, "password": {password}})
	if err != nil {
		return "", err
	}
	if a.status != http.StatusOK {
		return "", w.refused(a)
	}
	var given struct {
		Token   string   `json:"authToken"`
		Source  string   `json:"dataSource"`
		Sources []string `json:"availableDataSources"`
	}
	if err := json.Unmarshal(a.body, &given); err != nil || given.Token == "" {
		return "", w.unexpected(a)
	}
	for _, source := range append(given.Sources, given.Source) {
		if source == dataSource {
			return given.Token, nil
		}
	}
	return "", lab.Errorf(lab.KindInvalid, "Guacamole's web application at %s lets us in, and not to a PostgreSQL database", w.base).
		WithHint("Have it use the database that is named in the settings of the gateway.")
}

// logout ends a token. One that is not good any more is none to end.
func (w *web) logout(ctx context.Context, token string) error {
	a, err := w.ask(ctx, http.MethodDelete, pathSession, token, nil)
	if err != nil {
		return err
	}
	_, refused := a.refusal()
	switch {
	case a.status < http.StatusMultipleChoices, refused && (a.status == http.StatusNotFound || a.status == http.StatusForbidden):
		return nil
	}
	return w.unexpected(a)
}

// shows tells whether the tree of connections of a token's user has one of that name.
func (w *web) shows(ctx context.Context, token, name string) (bool, error) {
	a, err := w.ask(ctx, http.MethodGet, pathTree, token, nil)
	if err != nil {
		return false, err
	}
	var root branch
	if a.status != http.StatusOK || json.Unmarshal(a.body, &root) != nil {
		return false, w.unexpected(a)
	}
	return root.holds(name), nil
}

// branch is a group of connections, as the web application tells of it.
type branch struct {
	Connections []struct {
		Name string `json:"name"`
	} `json:"childConnections"`
	Groups []branch `json:"childConnectionGroups"`
}

func (b branch) holds(name string) bool {
	for _, c := range b.Connections {
		if c.Name == name {
			return true
		}
	}
	for _, group := range b.Groups {
		if group.holds(name) {
			return true
		}
	}
	return false
}

// errNoAnswer tells what kept us from an answer, without the address that was asked.
func errNoAnswer(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return innermost(err)
}
