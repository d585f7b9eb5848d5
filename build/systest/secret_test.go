package systest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"sandboxlabs/backend/lab"
)

// TestNoSecretIsLogged does everything that has to do with a secret while all is logged that
// can be, also what fails, has the program die, and looks for each secret in the log, in the
// report of the crash, and in what a journal would have got.
func TestNoSecretIsLogged(t *testing.T) {
	if testing.Short() {
		t.Skip("needs libvirt; run without -short")
	}
	t.Parallel()
	w := mustWorld(t, session)
	s := &secrets{T: t, world: w}
	w.program(t, "settings", "set", "log_level", "debug")
	w.program(t, "image", "add", w.site.image, "--name", "tiny", "--cloud-init", "--user", "debian")
	p := s.serve()
	g := w.mustGateway(t)
	s.keepDSN(g.Ours)
	n := s.createTold(p)
	s.openConsoles(p, n)
	s.failAtTheGateway(p, g.Ours)
	s.enterByToken(p)
	s.crash()
	s.serve() // writes how the last one ended
	s.wantNone()
}

// secrets are what must not be read anywhere, and what was said.
type secrets struct {
	*testing.T
	*world
	what    []string
	secret  []string
	said    []*bytes.Buffer
	process *os.Process
}

func (s *secrets) keep(what, secret string) {
	s.Helper()
	if len(secret) < 6 {
		s.Fatalf("%s is %q, want a secret", what, secret)
	}
	s.what, s.secret = append(s.what, what), append(s.secret, secret)
}

func (s *secrets) keepDSN(dsn string) {
	s.Helper()
	address, err := url.Parse(dsn)
	if err != nil {
		s.Fatal(err)
	}
	password, _ := address.User.Password()
	s.keep("the database's password", password)
}

// serve runs the page's server, and keeps its token and the cookie of a session.
func (s *secrets) serve() *page {
	s.Helper()
	cmd := s.cmd(context.Background(), "sandboxlabs", "serve", "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.Fatal(err)
	}
	said := new(bytes.Buffer)
	cmd.Stderr = said
	s.said = append(s.said, said)
	if err := cmd.Start(); err != nil {
		s.Fatal(err)
	}
	s.process = cmd.Process
	s.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have been killed
		_ = cmd.Wait()
	})
	link := mustLink(s.T, out)
	_, token, _ := strings.Cut(link, "token=")
	s.keep("the token of the link", token)
	p := open(s.T, link)
	address, err := url.Parse(p.origin)
	if err != nil {
		s.Fatal(err)
	}
	for _, cookie := range p.browser.Jar.Cookies(address) {
		s.keep("the cookie "+cookie.Name, cookie.Value)
	}
	return p
}

// createTold makes a node whose first boot is told a password and more, refused and taken.
func (s *secrets) createTold(p *page) lab.Node {
	s.Helper()
	password, token := rand.Text(), rand.Text()
	s.keep("the password of the first boot", password)
	s.keep("a secret of the user data", token)
	data := "#cloud-config\nwrite_files: [{path: /root/token, content: " + token + "}]\n"
	node := map[string]any{"name": s.node("told"), "image": "tiny"}
	for _, bad := range []map[string]any{{"user": "Not A Name", "password": password}, {"userData": data + "broken: [" + token}} {
		node["firstBoot"] = bad
		var n lab.Node
		if problem, err := p.ask(&n, "Create", node); problem == nil || err != nil {
			s.Errorf("%v: got %+v, %v, want it refused", bad, problem, err)
		}
	}
	node["firstBoot"] = map[string]any{"userData": data}
	p.call(s.T, "Create", node)
	n := p.call(s.T, "Create", map[string]any{
		"name": s.node("run"), "image": "tiny", "start": true, "firstBoot": map[string]any{"user": "ann", "password": password},
	})
	if err := p.waitNode(n.ID, "it to be registered", func(n lab.Node) bool {
		return n.State == lab.Running && n.Gateway.State == lab.Registered
	}); err != nil {
		s.Fatal(err)
	}
	return n
}

var hashPattern = regexp.MustCompile(`\$(?:6|y|5)\$[^"'\s<]+`)

// openConsoles opens each kind of console by its ticket, which is used once more in vain.
func (s *secrets) openConsoles(p *page, n lab.Node) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	_, password := s.live(s.T, n.Name)
	s.keep("the display's password", password)
	c, err := p.openSerial(ctx, n.ID)
	if err != nil {
		s.Fatal(err)
	}
	c.close()
	for _, kind := range lab.ConsoleKinds {
		var ticket lab.Ticket
		if problem, err := p.ask(&ticket, "Console", n.ID, kind); err != nil || problem != nil {
			s.Fatalf("%s: %+v, %v", kind, problem, err)
		}
		s.keep("a ticket for "+string(kind), ticket.URL[strings.LastIndexAny(ticket.URL, "/=")+1:])
		for range 2 {
			p.get(s.T, p.origin+ticket.URL) // no WebSocket, and then used
		}
	}
	mustScreen(s.T, ctx, p, n.ID).mustShow(s.T, ctx)
	link := mustLinkOf(s.T, p, n.ID)
	if _, token, ok := strings.Cut(link, "token="); ok {
		s.keep("the token of the gateway's session", token)
	}
}

// failAtTheGateway tries settings that are wrong.
func (s *secrets) failAtTheGateway(p *page, dsn string) {
	s.Helper()
	wrong := rand.Text()
	s.keep("a wrong password of the database", wrong)
	address, err := url.Parse(dsn)
	if err != nil {
		s.Fatal(err)
	}
	address.User = url.UserPassword(address.User.Username(), wrong)
	var report lab.GatewayReport
	if problem, err := p.ask(&report, "Gateway"); err != nil || problem != nil {
		s.Fatalf("%+v, %v", problem, err)
	}
	for _, bad := range []string{address.String(), strings.Replace(address.String(), "127.0.0.1", "127.0.0.2", 1), "postgres://" + wrong} {
		in := report.Settings
		in.DSN = bad
		for _, verb := range []string{"TestGateway", "SetGateway"} {
			var answer json.RawMessage
			if _, err := p.ask(&answer, verb, in); err != nil {
				s.Fatal(err)
			}
		}
	}
	if r := s.run("sandboxlabs", "gateway", "test", "--dsn", address.String()); r.code == 0 {
		s.Error("a wrong password is taken")
	}
}

// enterByToken has programs enter by a token that is right, and by one that is not.
func (s *secrets) enterByToken(p *page) {
	s.Helper()
	right := mustDecode[struct{ Token string }](s.T, s.program(s.T, "token", "show", "--json")).Token
	wrong := rand.Text()
	s.keep("the token of programs", right)
	s.keep("a wrong token of programs", wrong)
	for _, token := range []string{right, wrong} {
		for _, address := range []string{"/?token=" + token, "/api/v1/nodes"} {
			request, err := http.NewRequestWithContext(s.Context(), http.MethodGet, p.origin+address, nil)
			if err != nil {
				s.Fatal(err)
			}
			request.Header.Set("Authorization", "Bearer "+token)
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				s.Fatal(err)
			}
			if err := answer.Body.Close(); err != nil {
				s.Error(err)
			}
		}
	}
}

// crash ends the program as a crash does.
func (s *secrets) crash() {
	s.Helper()
	if err := s.process.Signal(syscall.SIGABRT); err != nil {
		s.Fatal(err)
	}
	if _, err := s.process.Wait(); err != nil {
		s.Fatal(err)
	}
}

// wantNone looks for the secrets, as they are and in the forms that they go about in, and for
// hashes of passwords. That what should be there is there tells that it is looked in the right place.
func (s *secrets) wantNone() {
	s.Helper()
	all := make(map[string]string)
	for i, said := range s.said {
		all["what serve said, "+string(rune('1'+i))] = said.String()
	}
	err := filepath.WalkDir(s.path(stateDir), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() && entry.Name() != "token" { // in which it is kept
			var content []byte
			content, err = os.ReadFile(path)
			all[path] = string(content)
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	log := all[s.path(stateDir, "sandboxlabs", "log", "sandboxlabs.log")]
	reports, err := filepath.Glob(s.path(stateDir, "sandboxlabs", "crashes", "*"))
	if err != nil || len(reports) == 0 || !strings.Contains(log, "level=DEBUG") {
		s.Errorf("got the reports %v, %v, and a log of %d bytes, want a report and a log with everything", reports, err, len(log))
	}
	for where, text := range all {
		for i, secret := range s.secret {
			for _, form := range []string{secret, url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret))} {
				if at := strings.Index(text, form); at >= 0 {
					s.Errorf("%s has %s: %q", where, s.what[i], text[max(0, at-120):min(len(text), at+len(form)+20)])
				}
			}
		}
		if hash := hashPattern.FindString(text); hash != "" {
			s.Errorf("%s has the hash of a password, %q", where, hash)
		}
	}
}
