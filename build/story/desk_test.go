package story

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"time"
)

// desk is an X server with a window manager on it. Its mouse and keyboard are
// real to the programs: their events come from the server (XTEST).
type desk struct {
	place   *place
	display string
	size    point
}

// choosing is held while an X server chooses its display: two that begin at once
// may choose the same.
var choosing sync.Mutex

// newDesk sets a desk up in the place.
func newDesk(p *place) *desk {
	p.t.Helper()
	return newDeskOf(p, point{1400, 900})
}

func newDeskOf(p *place, size point) *desk {
	p.t.Helper()
	choosing.Lock()
	defer choosing.Unlock()
	read, write, err := os.Pipe()
	check(p.t, err)
	defer func() { check(p.t, read.Close()) }()
	screen := fmt.Sprintf("%dx%dx24", size.X, size.Y)
	server := p.command(nil, "Xvfb", "-displayfd", "3", "-screen", "0", screen, "-nolisten", "tcp", "-ac", "-nocursor", "-noreset")
	server.ExtraFiles = []*os.File{write}
	p.start(server)
	check(p.t, write.Close())
	number := must(bufio.NewReader(read).ReadString('\n'))(p.t)
	d := &desk{place: p, display: "DISPLAY=:" + strings.TrimSpace(number), size: size}
	p.start(p.command([]string{d.display}, "openbox", "--sm-disable"))
	d.await("a window manager", func() bool {
		out, err := d.try("xprop", "-root", "_NET_SUPPORTING_WM_CHECK")
		return err == nil && strings.Contains(out, "window id")
	})
	return d
}

func (d *desk) await(what string, yes func() bool) {
	d.place.t.Helper()
	if !eventually(20*time.Second, yes) {
		d.shotOfFailure()
		d.place.t.Fatalf("waited for %s in vain", what)
	}
}

func (d *desk) try(name string, args ...string) (string, error) {
	return output(d.place.command([]string{d.display}, name, args...))
}

// do runs xdotool.
func (d *desk) do(args ...string) string {
	d.place.t.Helper()
	out, err := d.try("xdotool", args...)
	if err != nil {
		d.place.t.Fatalf("xdotool %s: %v", strings.Join(args, " "), err)
	}
	return out
}

// picture writes a part of what the desk shows to a PNG file.
func (d *desk) picture(at, size point, file string) {
	d.place.t.Helper()
	cmd := exec.Command("import", "-window", "root", "-crop", fmt.Sprintf("%dx%d+%d+%d", size.X, size.Y, at.X, at.Y), "+repage", file)
	cmd.Env = append(os.Environ(), d.display)
	run(d.place.t, cmd)
}

// awaitWindow waits for the window whose title begins with title and gives its id.
func (d *desk) awaitWindow(title string) string {
	d.place.t.Helper()
	var window string
	d.await("the window "+title, func() bool {
		out, err := d.try("xdotool", "search", "--onlyvisible", "--name", "^"+title)
		window, _, _ = strings.Cut(out, "\n")
		return err == nil && window != ""
	})
	d.do("windowactivate", "--sync", window)
	return window
}

// point is a place on the desk or in a page, in pixels.
type point struct{ X, Y int }

func (a point) plus(b point) point  { return point{a.X + b.X, a.Y + b.Y} }
func (a point) minus(b point) point { return point{a.X - b.X, a.Y - b.Y} }

// middle is about the middle of a window: xdotool counts the frame twice.
func (d *desk) middle(window string) point {
	d.place.t.Helper()
	value := make(map[string]int)
	for line := range strings.Lines(d.do("getwindowgeometry", "--shell", window)) {
		key, number, _ := strings.Cut(strings.TrimSpace(line), "=")
		value[key] = must(strconv.Atoi(number))(d.place.t)
	}
	return point{value["X"] + value["WIDTH"]/2, value["Y"] + value["HEIGHT"]/2}
}

func (d *desk) moveMouse(to point) {
	d.place.t.Helper()
	d.do("mousemove", fmt.Sprint(to.X), fmt.Sprint(to.Y))
}

// copy puts a text into the desktop's clipboard, as a program does that stays and
// gives it to who asks.
func (d *desk) copy(text string) {
	d.place.t.Helper()
	cmd := d.place.command([]string{d.display}, "xclip", "-quiet", "-i", "-selection", "clipboard")
	cmd.Stdin = strings.NewReader(text)
	d.place.start(cmd)
	d.await("the text in the clipboard", func() bool {
		got, err := d.try("timeout", "2", "xclip", "-o", "-selection", "clipboard")
		return err == nil && got == strings.TrimSpace(text)
	})
}
