// Package autostart has the window started with the desktop session, by a file
// in the autostart folder of the desktop, where a person asks for it. Nothing is
// there unless they do.
//
// https://specifications.freedesktop.org/autostart-spec/0.5/ is about the folder,
// https://specifications.freedesktop.org/desktop-entry-spec/1.5/ about the file.
package autostart

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strings"

	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
)

// maxFile is above the largest entry that is read, in bytes.
const maxFile = 64 << 10

// mark is the key that makes a file ours.
const mark = "X-SandBoxLabs-Autostart"

// Entry is a lab.Autostarter: one desktop entry.
type Entry struct{ file, program string }

var _ lab.Autostarter = Entry{}

// New gives the entry at file, which starts program: an absolute path. A program
// that is gone is not missed: the entry names it as what to try first.
func New(file, program string) Entry { return Entry{file, program} }

// Autostart implements lab.Autostarter.
func (e Entry) Autostart(ctx context.Context) (lab.Autostart, error) {
	if err := lab.Cancelled(ctx); err != nil {
		return lab.Autostart{}, err
	}
	content, err := durable.Read(e.file, maxFile)
	if errors.Is(err, fs.ErrNotExist) {
		return lab.Autostart{File: e.file}, nil
	}
	if err != nil {
		return lab.Autostart{}, lab.Errorf(lab.KindUnavailable, "can not read %s", e.file).WithCause(err).
			WithHint("Make it a file that you can read, or remove it.")
	}
	keys := keysOf(content)
	return lab.Autostart{On: isOn(keys), Foreign: keys[mark] == "", File: e.file}, nil
}

// SetAutostart implements lab.Autostarter. An entry that a desktop has switched
// off by a key of its own is written anew.
func (e Entry) SetAutostart(ctx context.Context, on bool) error {
	now, err := e.Autostart(ctx)
	switch {
	case err != nil:
		return err
	case now.Foreign && now.On != on:
		return lab.Errorf(lab.KindExists, "%s is not of SandBoxLabs' making, and left alone", e.file).
			WithHint("Change or remove it, then try again.")
	case now.Foreign:
		return nil
	case on:
		return durable.Write(e.file, e.content())
	}
	return durable.Remove(e.file)
}

func (e Entry) content() []byte {
	return []byte("[Desktop Entry]\n" +
		"Type=Application\n" +
		"Name=SandBoxLabs\n" +
		"Comment=Keep the lab at hand in the tray\n" +
		"Comment[de]=Das Labor im Benachrichtigungsfeld bereithalten\n" +
		"Icon=sandboxlabs\n" +
		"TryExec=" + escaped(e.program) + "\n" +
		"Exec=" + escaped(quoted(e.program)) + " --hidden\n" +
		"Terminal=false\n" +
		mark + "=true\n")
}

// quoted makes one word of an Exec key of a path.
func quoted(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "`", "\\`", `$`, `\$`, `%`, `%%`).Replace(path) + `"`
}

// escaped writes a string as the value of a key.
func escaped(value string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`).Replace(value)
}

// keysOf gives the keys of the first group, in which all that concerns us are.
func keysOf(content []byte) map[string]string {
	keys := make(map[string]string)
	in := false
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "[") {
			in = line == "[Desktop Entry]"
		}
		if key, value, ok := strings.Cut(line, "="); ok && in {
			keys[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return keys
}

// isOn reports whether a desktop follows an entry: Hidden is as good as no file,
// and some desktops switch theirs by a key of their own.
func isOn(keys map[string]string) bool {
	return keys["Exec"] != "" && keys["Hidden"] != "true" && keys["X-GNOME-Autostart-enabled"] != "false"
}
