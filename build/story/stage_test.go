package story

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"sandboxlabs/build/inspect"
)

// stage is where the page is played.
type stage struct {
	name string
	open func(p *place, album string) *page
}

var stages = []stage{
	{"chromium", openChromium},
	{"window", openWindow},
}

// chromiumFlags keep Chromium from doing anything but show our page, which
// alone it is given: that is why it needs no sandbox, which root can not have.
var chromiumFlags = []string{
	"--no-sandbox", "--test-type", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
	"--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
	"--remote-debugging-port=0", "--window-size=1280,800", "--window-position=40,20",
}

// openChromium shows the page of sandboxlabs serve in Chromium.
func openChromium(p *place, album string) *page {
	p.t.Helper()
	d := newDesk(p)
	browser := os.Getenv("CHROMIUM")
	if browser == "" {
		browser = "/usr/bin/chromium"
	}
	profile := filepath.Join(p.dir, "chromium")
	flags := append([]string{"--user-data-dir=" + profile, "--app=" + serve(p)}, chromiumFlags...)
	p.start(p.command([]string{d.display}, browser, flags...))
	return newPage(d, album, func(ctx context.Context) (*inspect.Page, error) {
		port, err := debuggingPort(profile)
		if err != nil {
			return nil, err
		}
		return inspect.Chromium(ctx, port)
	})
}

// serve starts sandboxlabs serve and gives the link it prints.
func serve(p *place) string {
	p.t.Helper()
	cmd := p.command(nil, p.program, "serve", "--listen", "127.0.0.1:0", "--json")
	out := must(cmd.StdoutPipe())(p.t)
	p.start(cmd)
	var said struct{ URL string }
	check(p.t, json.NewDecoder(bufio.NewReader(out)).Decode(&said))
	return said.URL
}

// debuggingPort reads the port that Chromium chose, which it writes to its profile.
func debuggingPort(profile string) (port int, err error) {
	content, err := os.ReadFile(filepath.Join(profile, "DevToolsActivePort"))
	if err != nil {
		return 0, err
	}
	_, err = fmt.Sscan(string(content), &port)
	return port, err
}

// openWindow opens the program's own window.
func openWindow(p *place, album string) *page { return openWindowWith(p, album) }

// openWindowWith opens it with arguments.
func openWindowWith(p *place, album string, args ...string) *page {
	p.t.Helper()
	d := newDesk(p)
	port := freePort(p.t)
	env := []string{d.display, "NO_AT_BRIDGE=1", fmt.Sprintf("WEBKIT_INSPECTOR_HTTP_SERVER=127.0.0.1:%d", port)}
	if p.bus == nil {
		p.start(p.command(env, "dbus-run-session", append([]string{"--", p.program}, args...)...))
	} else {
		p.start(p.command(append(env, "DBUS_SESSION_BUS_ADDRESS="+p.bus.Address), p.program, args...))
	}
	return newPage(d, album, func(ctx context.Context) (*inspect.Page, error) { return inspect.WebKit(ctx, port) })
}

// freePort gives a port that nobody listens on. WebKit takes no 0.
func freePort(t *testing.T) int {
	t.Helper()
	l := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	port := l.Addr().(*net.TCPAddr).Port
	check(t, l.Close())
	return port
}
