package story

import (
	"strings"
	"testing"
)

// TestGerman has the desktop be German: so are the page, the menu of the tray, the
// notification and the dialogs that are GTK's.
func TestGerman(t *testing.T) {
	mustPlay(t)
	const album = "german/window"
	place := newPlace(t, session)
	place.addTiny()
	place.sandboxlabs("node", "create", "web-1", "--image", "tiny")
	s := logIn(newDesk(place))
	panel := s.addPanel("light")
	s.addNotifications()
	cmd := s.command()
	cmd.Env = append(cmd.Env, "LANG=de_DE.UTF-8")
	l := s.begin(cmd)
	p := s.look(l, album)
	p.await(id("node-row", "name", "web-1", "state", "stopped"), "Gestoppt")
	p.awaitLanguage("de")
	p.click(id("nav-images"))
	p.click(id("image-add"))
	p.click(id("image-browse"))
	s.awaitWindow("Image einer Festplatte")
	s.shot(album, "dialog")
	s.do("key", "Escape")
	p.click(id("image-cancel"))

	s.closeWindow() // it is hidden: what happens now is told
	panel.openMenu()
	if got := s.ask("ToolTip"); !strings.Contains(got, "0 von 1 laufen") {
		t.Errorf("the icon says %s, want German", got)
	}
	s.shot(album, "menu")
	s.do("key", "Escape")
	place.sandboxlabs("node", "wipe", "web-1")
	s.awaitShown("Xfce4-notifyd")
	s.shot(album, "notice")

	run(t, s.command())
	s.awaitWindow("SandBoxLabs")
	p.killProcess()
	p.again(id("nav-images"))
	p.killProcess()
	p.left = true
	s.awaitWindow("SandBoxLabs: Die Seite ist beendet")
	s.shot(album, "ended")
}

func (p *page) awaitLanguage(want string) {
	p.Helper()
	var got string
	if !eventually(lookLimit, func() bool { p.ask("return document.documentElement.lang", &got); return got == want }) {
		p.Errorf("the page is in %q, want %q", got, want)
	}
}
