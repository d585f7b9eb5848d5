package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"sandboxlabs/build/inspect"
)

// desk is an X server with a window manager on it: without one no window has
// the keyboard, and none can be minimised.
type desk struct {
	*xserver
	env     []string
	display string
	running []*exec.Cmd // the last begun is the first to end
	stop    func()      // ends the X server
}

const deskWidth, deskHeight = 1280, 900

// newDesk sets a desk up; its windows have the environment of the bed.
func (b *bed) newDesk(ctx context.Context) (d *desk, err error) {
	display, stop, err := startDisplay()
	if err != nil {
		return nil, err
	}
	d = &desk{display: display, stop: stop, env: append(b.env, "DISPLAY="+display, "NO_AT_BRIDGE=1")}
	if d.xserver, err = dialX(display); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if _, err := d.start(nil, "openbox", "--sm-disable"); err != nil {
		return nil, errors.Join(err, d.close())
	}
	err = eventually(ctx, "a window manager", func() bool {
		out, err := run(ctx, d.env, "xprop", "-root", "_NET_SUPPORTING_WM_CHECK")
		return err == nil && bytes.Contains(out, []byte("window id"))
	})
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

// start starts a process that lives as long as the desk at most.
func (d *desk) start(env []string, name string, args ...string) (*exec.Cmd, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(d.env, env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	d.running = append(d.running, cmd)
	return cmd, nil
}

func (d *desk) close() error {
	var errs []error
	for len(d.running) > 0 {
		errs = append(errs, d.end(d.running[len(d.running)-1]))
	}
	if d.xserver != nil {
		errs = append(errs, d.conn.Close())
	}
	d.stop()
	return errors.Join(errs...)
}

// end ends a process of the desk and its group.
func (d *desk) end(cmd *exec.Cmd) error {
	for i, c := range d.running {
		if c == cmd {
			d.running = append(d.running[:i], d.running[i+1:]...)
			break
		}
	}
	return endGroup(cmd)
}

// startDisplay starts an X server without a screen to it; the server picks a
// free number itself, and tells it on a pipe.
func startDisplay() (display string, stop func(), err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return "", nil, err
	}
	size := fmt.Sprintf("%dx%dx24", deskWidth, deskHeight)
	cmd := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", size, "-noreset")
	cmd.ExtraFiles = []*os.File{write}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // killed: it has no other way to end
	}
	if err := write.Close(); err != nil {
		return "", stop, err
	}
	number, err := io.ReadAll(io.LimitReader(read, 8))
	if len(number) == 0 {
		stop()
		return "", nil, fmt.Errorf("the X server told no display: %w", errors.Join(err, read.Close()))
	}
	return ":" + string(bytes.TrimSpace(number)), stop, read.Close()
}

// eventually waits until yes says so.
func eventually(ctx context.Context, what string, yes func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for !yes() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited in vain for %s: %w", what, ctx.Err())
		case <-time.After(5 * time.Millisecond):
		}
	}
	return nil
}

// pane is the page on a desk: in the program's window, or in Chromium.
type pane struct {
	*inspect.Page
	desk *desk
	cmd  *exec.Cmd
}

func (p *pane) close() error {
	p.Close()
	return p.desk.end(p.cmd)
}

// face is where the page is looked at.
type face struct {
	name string
	open func(*bed, context.Context, *desk) (*pane, error)
}

var faces = []face{{"window", (*bed).openWindow}, {"Chromium", (*bed).openChromium}}

// openWindow opens the program's window.
func (b *bed) openWindow(ctx context.Context, d *desk) (*pane, error) {
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	inspector := fmt.Sprintf("WEBKIT_INSPECTOR_HTTP_SERVER=127.0.0.1:%d", port)
	cmd, err := d.start([]string{inspector}, "dbus-run-session", "--", b.program)
	if err != nil {
		return nil, err
	}
	return d.pane(ctx, cmd, func(ctx context.Context) (*inspect.Page, error) { return inspect.WebKit(ctx, port) })
}

// pane waits until a page can be looked into.
func (d *desk) pane(ctx context.Context, cmd *exec.Cmd, look func(context.Context) (*inspect.Page, error)) (*pane, error) {
	p := &pane{desk: d, cmd: cmd}
	err := eventually(ctx, "the inspector", func() bool {
		ctx, cancel := context.WithTimeout(ctx, inspect.Limit)
		defer cancel()
		page, err := look(ctx)
		p.Page = page
		return err == nil
	})
	return p, err
}

// freePort gives a port that nobody listens on. WebKit takes no 0.
func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// chromiumFlags keep Chromium from doing anything but show our page, which
// alone it is given: that is why it needs no sandbox, which root can not have.
var chromiumFlags = []string{
	"--no-sandbox", "--test-type", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
	"--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
	"--remote-debugging-port=0", "--window-size=1280,800", "--window-position=0,0",
}

// openChromium shows the page of the bed's server.
func (b *bed) openChromium(ctx context.Context, d *desk) (*pane, error) {
	browser := os.Getenv("CHROMIUM")
	if browser == "" {
		browser = "/usr/bin/chromium"
	}
	profile, err := os.MkdirTemp(b.dir, "chromium-")
	if err != nil {
		return nil, err
	}
	// it is turned away there at first, but about:blank would be no window of its own
	cmd, err := d.start(nil, browser, append([]string{"--user-data-dir=" + profile, "--app=" + b.server.base}, chromiumFlags...)...)
	if err != nil {
		return nil, err
	}
	p, err := d.pane(ctx, cmd, func(ctx context.Context) (*inspect.Page, error) {
		port, err := debuggingPort(profile)
		if err != nil {
			return nil, err
		}
		return inspect.Chromium(ctx, port)
	})
	if err != nil {
		return nil, err
	}
	return p, b.admit(ctx, p)
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

// admit gives Chromium our session with the server, which lets in one alone,
// and opens the page.
func (b *bed) admit(ctx context.Context, p *pane) error {
	base, err := url.Parse(b.server.base)
	if err != nil {
		return err
	}
	for _, c := range b.server.client.Jar.Cookies(base) {
		cookie := map[string]any{"name": c.Name, "value": c.Value, "url": b.server.base, "httpOnly": true, "sameSite": "Strict"}
		if _, err := p.Call(ctx, "Network.setCookie", cookie); err != nil {
			return err
		}
	}
	return p.open(ctx, b.server.base)
}

// open loads an address into Chromium.
func (p *pane) open(ctx context.Context, address string) error {
	_, err := p.Call(ctx, "Page.navigate", map[string]any{"url": address})
	return err
}

// until waits until an expression is true in the page.
func (p *pane) until(ctx context.Context, expression string) error {
	var last error
	err := eventually(ctx, expression, func() bool {
		var yes bool
		last = p.Evaluate("return Boolean("+expression+")", &yes) // a page that is being loaded has no answer
		return last == nil && yes
	})
	if err != nil {
		return errors.Join(err, last)
	}
	return nil
}
