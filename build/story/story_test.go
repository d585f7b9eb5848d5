package story

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// actor is a node with both sides of it: the page that shows it and the guest.
type actor struct {
	*page
	*guest
}

// newActor makes an actor; its node is yet to be made. What the guest shows when a
// test fails is kept beside what the page shows of it.
func newActor(p *page, name string) actor {
	g := &guest{place: p.desk.place, name: name}
	p.Cleanup(func() {
		if p.Failed() {
			file := filepath.Join(g.place.dir, "tmp", "guest.png")
			_, err := g.query("screenshot", "--file", file)
			p.Logf("the guest's own picture: %v", errors.Join(err, os.Rename(file, filepath.Join(p.album, "guest.png"))))
		}
	})
	return actor{p, g}
}

// row is the node in the list, in a state if one is given.
func (a actor) row(state ...string) string {
	attributes := []string{"name", a.name}
	if len(state) > 0 {
		attributes = append(attributes, "state", state[0])
	}
	return id("node-row", attributes...)
}

// screen is the node's console in a phase.
func (a actor) screen(phase string) string { return id("console", "name", a.name, "state", phase) }

// mustPlay skips a play where there is no time for one, and lets it be played
// beside another where there is: much of each is waiting.
func mustPlay(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("needs libvirt, QEMU and Xvfb; run without -short")
	}
	t.Parallel()
}

// schemes is the desktop's colour scheme of each profile, so that both are seen.
var schemes = map[string]string{system: "dark", session: "light"}

// TestStory plays the whole life of a node on both stages: as an ordinary user in
// Chromium, and as root in the window. TestGateway plays them the other way round.
func TestStory(t *testing.T) {
	mustPlay(t)
	for i, stage := range stages {
		profile := profiles()[(i+1)%len(profiles())]
		t.Run(stage.name+"/"+profile, func(t *testing.T) {
			t.Parallel()
			place := newPlace(t, profile)
			place.addTiny()
			page := stage.open(place, stage.name+"/"+profile)
			page.prefer(schemes[profile])
			play(newActor(page, "web-"+strings.ToLower(rand.Text()[:3])))
		})
	}
}

func play(a actor) {
	a.Helper()
	proof := "lab-" + rand.Text()[:8]
	a.createByClicking()
	a.openConsole()
	a.command(fmt.Sprintf("echo %s > /root/proof; sync; cat /root/proof | tee /dev/ttyS0", proof))
	a.hear(proof, lookLimit)
	a.picture("proof-written")
	a.toggleFit()
	if a.inspector.WebKit { // frontend/e2e plays one that Chromium recorded
		a.recordFilm()
	}
	a.pressCtrlAltDel()
	a.wipe()
	a.command("cat /root/proof 2>&1 | tee /dev/ttyS0")
	a.hear("No such file", lookLimit)
	a.picture("proof-gone")
	a.undoWipe()
	a.command("cat /root/proof | tee /dev/ttyS0")
	a.hear(proof, lookLimit)
	a.picture("proof-back")
	a.stop()
	a.deleteTwice()
	if a.inspector.WebKit { // a browser tells no path: frontend/e2e drops a file on one
		a.dropImage()
	}
}
