package story

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sandboxlabs/build/stand"
)

// TestPage runs frontend/e2e, which Playwright plays in Chromium, against the program in a place
// of its own. Each of its tests is one here. ONLY in the environment chooses among its files.
func TestPage(t *testing.T) {
	mustPlay(t)
	p := newPlace(t, session)
	p.addTiny()
	lines := must(startPlaywright(p))(t)
	for event := lines.next(t); event.Event != "over"; event = lines.next(t) {
		switch event.Event {
		case "begin":
			t.Run(event.Name, lines.end)
		case "error":
			t.Error(event.Message)
		}
	}
}

// playwrightEvent is a line of frontend/e2e/reporter.ts.
type playwrightEvent struct {
	Event, Name, Status, Message string
	Files                        []string
}

type playwrightLines struct{ *bufio.Scanner }

// startPlaywright starts it; the place ends it.
func startPlaywright(p *place) (*playwrightLines, error) {
	p.t.Helper()
	cert, key, err := stand.WriteCertificate(p.dir)
	if err != nil {
		return nil, err
	}
	told, err := json.Marshal(map[string]any{
		"cert": cert, "key": key,
		"link": serve(p), "uri": p.uri, "program": p.program, "dir": p.dir, "prefix": p.asUser(),
		"image": must(filepath.Abs("../out/tiny.qcow2"))(p.t),
	})
	if err != nil {
		return nil, err
	}
	args := []string{"playwright", "test", "--config", "e2e/playwright.config.ts"}
	cmd := exec.Command("npx", append(args, strings.Fields(os.Getenv("ONLY"))...)...)
	cmd.Dir = "../../frontend"
	cmd.Env = append(os.Environ(), "SANDBOXLABS_PLACE="+string(told), "NO_COLOR=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = in
	p.start(cmd)
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<24)
	return &playwrightLines{lines}, in.Close()
}

// next gives the next event; what else is said goes to the log.
func (l *playwrightLines) next(t *testing.T) playwrightEvent {
	t.Helper()
	for l.Scan() {
		var event playwrightEvent
		if json.Unmarshal(l.Bytes(), &event) == nil && event.Event != "" {
			return event
		}
		t.Log(l.Text())
	}
	err := l.Err()
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	t.Fatal(errors.Join(errors.New("playwright ended early"), err))
	return playwrightEvent{}
}

// end follows the test that has begun to its end.
func (l *playwrightLines) end(t *testing.T) {
	event := l.next(t)
	for event.Event != "end" {
		event = l.next(t)
	}
	switch event.Status {
	case "passed":
	case "skipped":
		t.Skip("an earlier test of its file failed")
	default:
		t.Errorf("%s: %s\nsee %s", event.Status, event.Message, strings.Join(event.Files, ", "))
	}
}
