package story

import (
	"bytes"
	"os"
	"regexp"
	"time"
)

// createByClicking makes the node in the dialog and starts it, after a try with
// a name that breaks the rule.
func (a actor) createByClicking() {
	a.Helper()
	a.await(id("no-nodes"))
	a.picture("no-nodes")
	a.click(id("no-nodes") + " button")
	a.await(id("create-image"), "tiny")
	a.write("web 1!") // over the suggestion, which is selected
	if got := a.await(id("create-name"), "web 1!").Text; got != "web 1!" {
		a.Errorf("got the name %q, want what was typed", got)
	}
	a.await(id("create-dialog")+" "+id("fault"), "letters, digits, dots, underscores or hyphens")
	if a.look(id("create-submit")).Free {
		a.Error("got a dialog that takes a bad name, want it to refuse")
	}
	a.picture("bad-name")
	a.fill(id("create-name"), a.name)
	a.fill(id("create-memory"), "128")
	a.picture("good-name")
	if a.defined() {
		a.Error("got a domain before the dialog was sent, want none")
	}
	a.click(id("create-submit"))
	a.awaitGone(id("create-dialog"))
	a.await(a.row("running"))
	a.awaitState("running")
	a.picture("running")
}

// openConsole opens the console's tab and waits for the guest's prompt.
func (a actor) openConsole() {
	a.Helper()
	a.click(a.row() + " " + id("node-console"))
	a.await(a.screen("connected"))
	a.picture("booting")
	a.awaitBoot()
	a.picture("prompt")
}

// command types a line into the display of the guest. QEMU's keyboard keeps five
// keys and drops the rest while an emulated processor waits for its turn.
func (a actor) command(line string) {
	a.Helper()
	a.await(a.screen("connected"))
	a.click(a.screen("connected"))
	a.desk.do("type", "--delay", "120", line)
	a.desk.do("key", "Return")
}

// toggleFit shows the display at its own size and back.
func (a actor) toggleFit() {
	a.Helper()
	for _, scale := range []string{"actual", "fit"} {
		a.click(id("console-scale"))
		a.click(id("scale-" + scale))
		a.await(id("console-scale", "scale", scale))
		if scale == "actual" {
			a.picture("actual-size")
		}
	}
}

var size = regexp.MustCompile(`\d+(\.\d+)? ([KMGT]i)?B\b`)

// wipe wipes the running node from its console, which connects again by itself.
func (a actor) wipe() {
	a.Helper()
	wipe := id("console-toolbar") + " " + id("node-wipe")
	if told := a.await(wipe).Tip; !size.MatchString(told) {
		a.Errorf("got %q on the wipe button, want the size it discards", told)
	}
	a.click(wipe)
	if toast := a.await(id("undo-toast"), a.name).Text; !size.MatchString(toast) {
		a.Errorf("got %q after the wipe, want the size it discarded", toast)
	}
	a.picture("wiped")
	a.awaitBoot()
	a.awaitState("running")
	a.await(a.screen("connected"))
}

// undoWipe has the node's menu undo it: the toast may just be going.
func (a actor) undoWipe() {
	a.Helper()
	a.click(id("console-toolbar") + " " + id("node-menu"))
	a.picture("menu")
	a.click(id("menu-undo"))
	a.awaitBoot()
	a.awaitState("running")
	a.await(a.screen("connected"))
}

var filmPath = regexp.MustCompile(`/\S+\.webm`)

// recordFilm films the display while it changes. The film is WebM with VP8, in the
// person's folder for films, and has more than its first picture.
func (a actor) recordFilm() {
	a.Helper()
	a.click(id("console-capture"))
	a.click(id("capture-record"))
	a.await(id("tab-recording"))
	a.command("ls -l /bin; echo filmed >/dev/ttyS0")
	a.hear("filmed", lookLimit)
	a.picture("recording")
	a.click(id("record-stop"))
	path := filmPath.FindString(a.await(id("toast"), "Kept the recording of "+a.name).Text)
	film := must(os.ReadFile(path))(a.T)
	const ebml, simpleBlock = "\x1a\x45\xdf\xa3", "\xa3"
	if !bytes.HasPrefix(film, []byte(ebml)) || !bytes.Contains(film, []byte("V_VP8")) || bytes.Count(film, []byte(simpleBlock)) < 5 {
		a.Errorf("got %d bytes in %s that begin with %q, want a film in WebM", len(film), path, film[:min(64, len(film))])
	}
}

// pressCtrlAltDel restarts the guest from inside, from the menu of the keys that
// a desktop keeps to itself.
func (a actor) pressCtrlAltDel() {
	a.Helper()
	a.click(id("console-keys"))
	a.click(id("console-cad"))
	a.hear("Restarting system", lookLimit)
	a.picture("ctrl-alt-del")
}

// stop stops the node from the list by its power button.
func (a actor) stop() {
	a.Helper()
	a.click(id("nav-nodes"))
	a.click(a.row() + " " + id("node-stop"))
	a.awaitFor(time.Minute, a.row("stopped"))
	a.awaitState("shut off")
	a.picture("stopped")
}

// deleteTwice deletes the node, takes that back, and deletes it for good.
func (a actor) deleteTwice() {
	a.Helper()
	a.delete()
	a.picture("deleted")
	a.click(id("undo"))
	a.await(a.row("stopped"))
	a.awaitState("shut off")
	a.picture("restored")
	a.delete()
	a.await(id("no-nodes"))
}

func (a actor) delete() {
	a.Helper()
	a.click(a.row() + " " + id("node-menu"))
	a.picture("menu")
	a.click(id("menu-delete"))
	a.awaitGone(a.row())
	a.await(id("undo-toast"), a.name)
	if !eventually(lookLimit, func() bool { return !a.defined() }) {
		a.Errorf("got %s in virsh list after it was deleted, want it gone", a.name)
	}
}
