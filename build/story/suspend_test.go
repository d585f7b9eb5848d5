package story

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asleep is longer than the program waits for an answer of libvirt (3 s).
const asleep = 5 * time.Second

// TestSuspend has everything of a person stand still and go on, as a computer does that
// is suspended and resumed: the program, its page, libvirt, the guest and the desktop.
// Nothing needs to be told of that: the connection to libvirt is the same, the icon is
// still in the tray, the console goes on, and what happens afterwards is seen.
func TestSuspend(t *testing.T) {
	mustPlay(t)
	place := newPlace(t, session)
	place.newBus()
	tray := must(place.bus.NewTray())(t)
	place.addStill()
	place.sandboxlabs("node", "create", "web-1", "--image", "still", "--memory", "128", "--start", "--wait")
	a := newActor(openWindow(place, "suspend"), "web-1")
	a.await(a.row("running"))
	awaitIcon(t, tray)
	a.click(a.row() + " " + id("node-console"))
	a.await(a.screen("connected"))
	log := filepath.Join(place.dir, "state/sandboxlabs/log/sandboxlabs.log")
	before := strings.Count(string(must(os.ReadFile(log))(t)), "\n")

	place.signal(syscall.SIGSTOP)
	time.Sleep(asleep) // there is nothing to be awaited of what stands still
	place.signal(syscall.SIGCONT)
	a.await(a.screen("connected"))
	a.picture("resumed")
	place.sandboxlabs("node", "off", a.name)
	a.await(a.screen("off"))
	a.awaitState("shut off")
	if said := strings.Split(string(must(os.ReadFile(log))(t)), "\n")[before:]; strings.Contains(strings.Join(said, "\n"), "not connected") {
		t.Errorf("the log says %q, want nothing lost", said)
	}
	select {
	case name := <-tray.Registered:
		t.Errorf("the icon %s came again, want it to have been there all the time", name)
	default:
	}
	check(t, place.bus.Await(t.Context(), fmt.Sprintf("org.kde.StatusNotifierItem-%d-1", place.process())))
}

// processes are those in the place: what was started there has its folder among its
// environment.
func (p *place) processes() (pids []int) {
	p.t.Helper()
	for _, file := range must(filepath.Glob("/proc/[0-9]*/environ"))(p.t) {
		env, err := os.ReadFile(file)
		if err == nil && strings.Contains(string(env), p.dir+"/run") {
			pids = append(pids, must(strconv.Atoi(filepath.Base(filepath.Dir(file))))(p.t))
		}
	}
	return pids
}

// signal sends all of them one.
func (p *place) signal(s syscall.Signal) {
	p.t.Helper()
	pids := p.processes()
	if len(pids) < 5 { // the window's three, libvirt and the guest
		p.t.Fatalf("got the processes %v, want all of the place", pids)
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, s) // one may just have ended
	}
}

// process is the program's own.
func (p *place) process() int {
	p.t.Helper()
	for _, pid := range p.processes() {
		if path, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil && path == p.program {
			return pid
		}
	}
	p.t.Fatal("the program does not run")
	return 0
}
