package systest

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"sandboxlabs/backend/lab"
	"sandboxlabs/build/stand"
)

// TestTunnel looks at a guest through guacd, types into it, and opens it again
// after guacd was killed, or its token has expired.
func TestTunnel(t *testing.T) {
	in(t, []string{session}, func(t *testing.T, w *world) {
		var own gatewaySite // guacd is killed
		t.Cleanup(func() {
			if err := own.close(); err != nil {
				t.Error(err)
			}
		})
		if err := own.open(w.site.path("pg-" + w.name)); err != nil {
			t.Fatal(err)
		}
		node := w.node("far")
		w.program(t, "image", "add", w.site.image, "--name", "tiny")
		g := w.mustGatewayAt(t, &own, own.database)
		p := mustPage(t, w)
		n := p.call(t, "Create", map[string]any{"name": node, "image": "tiny", "start": true})
		if err := p.waitNode(n.ID, "it to be registered", func(n lab.Node) bool {
			return n.State == lab.Running && n.Gateway.State == lab.Registered
		}); err != nil {
			t.Fatal(err)
		}
		guest := mustGuest(t, w, node)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		s := mustScreen(t, ctx, p, n.ID)
		s.mustShow(t, ctx)
		s.mustType(t, ctx, "echo Typed$((6*7)) >/dev/ttyS0\n")
		if _, err := guest.await(ctx, regexp.MustCompile(`Typed42`), ""); err != nil {
			t.Error(err)
		}
		if got := g.row(t).Opened; got != 1 {
			t.Errorf("got %d lines of history, want that of the one opening", got)
		}
		if err := own.guacd.Kill(); err != nil {
			t.Fatal(err)
		}
		if end := s.mustEnd(t, ctx); !regexp.MustCompile(`^\d+ `).MatchString(end) { // the web application calls that a success
			t.Errorf("got the end %q, want a status", end)
		}
		if end := mustScreen(t, ctx, p, n.ID).mustEnd(t, ctx); !regexp.MustCompile(`^5\d\d `).MatchString(end) {
			t.Errorf("got the end %q without guacd, want the status of a server that failed", end)
		}
		if err := own.guacd.Start(); err != nil {
			t.Fatal(err)
		}
		g.web.ExpireTokens()
		mustScreen(t, ctx, p, n.ID).mustShow(t, ctx)
		if got := g.row(t); got.Opened < 2 || got.Number != g.row(t).Number {
			t.Errorf("got %d lines of history, want one for each opening", got.Opened)
		}
		link := mustLinkOf(t, p, n.ID)
		if !strings.HasPrefix(link, g.web.URL()+"/#/client/") {
			t.Errorf("got the link %q, want one of the web application", link)
		}
		if to := mustVisit(t, p, n.ID); to != link {
			t.Errorf("a browser was sent to %q, want %q", to, link)
		}
	})
}

func mustLinkOf(t *testing.T, p *page, id string) (link string) {
	t.Helper()
	if problem, err := p.ask(&link, "ConsoleLink", id); err != nil || problem != nil {
		t.Fatalf("got the problem %+v and the error %v, want a link", problem, err)
	}
	return link
}

// mustVisit gives where a browser is sent that opens a node's console.
func mustVisit(t *testing.T, p *page, id string) string {
	t.Helper()
	var ticket lab.Ticket
	if problem, err := p.ask(&ticket, "Console", id, lab.ConsoleVisit); err != nil || problem != nil {
		t.Fatalf("got the problem %+v and the error %v, want a ticket", problem, err)
	}
	stays := *p.browser
	stays.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := stays.Get(p.origin + ticket.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	return answer.Header.Get("Location")
}

// Keysyms that are not the character itself (X11's keysymdef.h).
const (
	keyReturn = 0xff0d
	keyShift  = 0xffe1
)

// shifted are the characters for which people hold Shift, beside capitals: QEMU
// presses the keys it is told of, and no other.
const shifted = `~!@#$%^&*()_+{}|:"<>?`

func keysym(r rune) int {
	if r == '\n' {
		return keyReturn
	}
	return int(r)
}

// keystrokes are the instructions that type a text, a key after the other.
func keystrokes(text string) (strokes []string) {
	press := func(key int, pressed string) {
		strokes = append(strokes, stand.Instruction{Opcode: "key", Args: []string{strconv.Itoa(key), pressed}}.Encode())
	}
	for _, r := range text {
		shift := strings.ContainsRune(shifted, r) || unicode.IsUpper(r)
		if shift {
			press(keyShift, "1")
		}
		press(keysym(r), "1")
		press(keysym(r), "0")
		if shift {
			press(keyShift, "0")
		}
	}
	return strokes
}
