package story

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestRestart presses the button that has the program begin anew: it comes back alone,
// with the same nodes, as large as it was, and takes to what was set, also to another libvirt than the one
// it was started for.
func TestRestart(t *testing.T) {
	mustPlay(t)
	place := newPlace(t, session)
	place.addStill()
	place.sandboxlabs("node", "create", "web-1", "--image", "still", "--memory", "96", "--start", "--wait")
	place.write("config/gtk-3.0/settings.ini", "[Settings]\ngtk-theme-name=Adwaita-dark\n")
	s := logIn(newDesk(place))
	a := anew{s, s.launchFor("qemu:///session"), t}
	p := a.page("restart/first")
	p.await(id("node-row", "name", "web-1", "state", "running"))
	p.awaitLooks(looks{Dark: true, Accent: "#3d6fe0", Background: darkPage}) // by the theme
	p.click(id("nav-settings"))
	p.fill(setting("serve.listen")+" input", "127.0.0.1:4001")
	p.desk.do("key", "Return")
	p.await(id("restart-note"))
	p.picture("waits")
	const width, height = 1100, 700
	p.desk.do("windowsize", "--sync", p.window, fmt.Sprint(width), fmt.Sprint(height))
	p.findCorner()

	p = a.restart(p, "restart/second")
	p.awaitSize("as large as it was", func(size point) bool { return size == point{width, height} })
	p.await(id("node-row", "name", "web-1", "state", "running"))
	a.wantArguments("--connect", "qemu:///session")
	p.click(id("nav-settings"))
	p.await(setting("serve.listen"))
	p.awaitGone(id("restart-note"))
	place.sandboxlabs("settings", "set", "desktop.scheme", "light")
	p.awaitLooks(looks{Accent: "#2f5fd0", Background: lightPage}) // whatever the theme
	place.sandboxlabs("settings", "set", "connect", "qemu+unix:///session")
	p.await(setting("connect"), "Until then --connect decides.")
	a.wantNoRestartWithAFault(p)
	p.maximise()

	p = a.restart(p, "restart/third")
	p.awaitMaximised()
	p.await(id("node-row", "name", "web-1", "state", "running"))
	p.awaitLooks(looks{Accent: "#2f5fd0", Background: lightPage})
	a.wantArguments()
	a.wantConsoleOfThisLibvirt(p)
	p.picture("another-libvirt")
}

// awaitSize waits until the window is so large, without its frame.
func (p *page) awaitSize(want string, is func(size point) bool) {
	p.Helper()
	p.desk.await("a window "+want, func() bool { return is(p.desk.rectangle(p.window).size) })
}

// maximise has the window fill the desk, as a person does.
func (p *page) maximise() {
	p.Helper()
	title := p.desk.inner(p.window).plus(point{200, -8})
	p.desk.moveMouse(title)
	p.desk.do("click", "--repeat", "2", "--delay", "100", "1")
	p.awaitMaximised()
	p.findCorner()
}

func (p *page) awaitMaximised() {
	p.Helper()
	p.awaitSize("as wide as the desk", func(size point) bool { return size.X == p.desk.size.X })
}

// setting is the row of a setting.
func setting(key string) string { return id("setting", "name", key) }

// anew is a program that begins anew, in one process.
type anew struct {
	seat
	*launch
	*testing.T
}

// launchFor starts the program for a libvirt that its command line alone names.
func (s seat) launchFor(uri string) *launch {
	s.place.t.Helper()
	cmd := s.command("--connect", uri)
	cmd.Env = withoutConnect(cmd.Env)
	return s.begin(cmd)
}

func withoutConnect(env []string) []string {
	return slices.DeleteFunc(env, func(it string) bool { return strings.HasPrefix(it, "SANDBOXLABS_CONNECT=") })
}

func (a anew) page(album string) *page { return a.look(a.launch, album) }

// restart presses the button, and gives the page of what comes.
func (a anew) restart(p *page, album string) *page {
	a.Helper()
	p.click(id("restart"))
	a.await("the window to be another", func() bool { return !strings.Contains(a.windows(), p.window) })
	p.leave()
	next := a.page(album)
	a.wantAlone()
	return next
}

// wantAlone looks for more of the program than its one process, and for what it has left.
func (a anew) wantAlone() {
	a.Helper()
	var others []string
	if !eventually(lookLimit, func() bool { others = a.others(); return len(others) == 0 }) {
		a.Errorf("got the processes %v beside %d, want none", others, a.pid)
	}
	if windows := a.windows(); strings.Contains(windows, "\n") {
		a.Errorf("got the windows %q, want one", windows)
	}
}

// others gives the IDs of the program's other processes, and of its children that are dead.
func (a anew) others() (others []string) {
	for _, dir := range must(filepath.Glob("/proc/[0-9]*"))(a.T) {
		pid := filepath.Base(dir)
		exe, err := os.Readlink(filepath.Join(dir, "exe"))
		if err == nil && exe == a.place.program && pid != fmt.Sprint(a.pid) && a.here(dir) {
			others = append(others, pid)
		}
		status, err := os.ReadFile(filepath.Join(dir, "status"))
		if err == nil && strings.Contains(string(status), "State:\tZ") && strings.Contains(string(status), fmt.Sprintf("PPid:\t%d\n", a.pid)) {
			others = append(others, pid+", dead")
		}
	}
	return others
}

// here reports whether a process is of this place.
func (a anew) here(dir string) bool {
	env, err := os.ReadFile(filepath.Join(dir, "environ"))
	return err == nil && strings.Contains(string(env), a.place.dir)
}

func (a anew) wantArguments(want ...string) {
	a.Helper()
	line := must(os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", a.pid)))(a.T)
	if got := strings.Split(strings.TrimSuffix(string(line), "\x00"), "\x00")[1:]; !slices.Equal(got, want) {
		a.Errorf("it began anew with %q, want %q", got, want)
	}
}

// wantNoRestartWithAFault has nothing happen while the program could not begin.
func (a anew) wantNoRestartWithAFault(p *page) {
	a.Helper()
	const file = "config/sandboxlabs/config.toml"
	before := must(os.ReadFile(filepath.Join(a.place.dir, file)))(a.T)
	a.place.write(file, string(before)+"\n[nonsense\n")
	p.await(id("problem"), "config.toml, line")
	p.click(id("restart"))
	p.await(id("toast"), "Could not restart")
	p.picture("could-not")
	a.place.write(file, string(before))
	p.awaitGone(id("problem"))
}

// wantConsoleOfThisLibvirt asks the window for a console of another libvirt, and of its own.
func (a anew) wantConsoleOfThisLibvirt(p *page) {
	a.Helper()
	other := a.command("--connect", "qemu:///session", "node", "console", "web-1")
	if _, err := output(other); err == nil || !strings.Contains(err.Error(), "shows the nodes of qemu+unix:///session, not those of qemu:///session") {
		a.Errorf("asked for a console of another libvirt, it said %v", err)
	}
	if p.look(id("console-tab")) != nil {
		a.Error("it opened a console of another libvirt")
	}
	own := a.command("node", "console", "web-1")
	own.Env = withoutConnect(own.Env)
	run(a.T, own)
	p.await(id("console", "name", "web-1", "state", "connected"))
}
