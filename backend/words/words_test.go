package words

import (
	"testing"
)

const german = `
msgid ""
msgstr ""
"Language: de\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

#: program
msgid "{0} has {1} disks"
msgstr "{1} Festplatten hat {0}"

#: program
msgid "{0} node runs"
msgid_plural "{0} nodes run"
msgstr[0] "{0} Node läuft"
msgstr[1] "{0} Nodes laufen"

#: program
msgid "image {0} is not there"
msgstr "Image {0} ist nicht da"

#: program
msgid "{0} is not there"
msgstr "{0} gibt es nicht"

#: program
msgid "{0} can not be read"
msgstr "{0} ist nicht lesbar"

#: program
msgid "could not {0}: it is {1}"
msgstr "{0} ging nicht: Zustand {1}"

msgid "stop"
msgstr "Anhalten"

msgid "Try again."
msgstr "Noch einmal versuchen."

msgid "not yet"
msgstr ""
`

func mustSpeakGerman(t *testing.T) {
	t.Helper()
	spoken.Store(read("de", []byte(german)))
	t.Cleanup(func() { spoken.Store(read("en", nil)) })
}

func TestKey(t *testing.T) {
	for format, want := range map[string]string{
		"plain":            "plain",
		"%s has %d":        "{0} has {1}",
		"%[2]q, %[1]v":     "{1}, {0}",
		"%.1f GiB, 100 %%": "{0} GiB, 100 %",
		"%#x":              "{0}",
	} {
		if got := Key(format); got != want {
			t.Errorf("Key(%q) is %q, want %q", format, got, want)
		}
	}
}

func TestText(t *testing.T) {
	if got, want := Text("%s has %d disks", "web", 2), "web has 2 disks"; got != want {
		t.Errorf("in English %q, want %q", got, want)
	}
	mustSpeakGerman(t)
	for want, got := range map[string]string{
		"2 Festplatten hat web":      Text("%s has %d disks", "web", 2),
		"Image 3,2 GiB ist nicht da": Text("image %v is not there", "3.2 GiB"),
		"unknown 7":                  Text("unknown %d", 7),
		"not yet":                    Text("not yet"),
		"1 Node läuft":               Number(1, "%d node runs", "%d nodes run"),
		"0 Nodes laufen":             Number(0, "%d node runs", "%d nodes run"),
		"3 nodes wait for web":       Number(3, "%d node waits for %s", "%d nodes wait for %s", "web"),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestTold(t *testing.T) {
	mustSpeakGerman(t)
	for english, want := range map[string]string{
		"Try again.":                               "Noch einmal versuchen.",
		"image base is not there":                  "Image base ist nicht da",
		"Image base is not there.":                 "Image base ist nicht da.",
		"web is not there":                         "web gibt es nicht",
		"image a is not there: /a can not be read": "Image a ist nicht da: /a ist nicht lesbar",
		"/a can not be read: permission denied":    "/a ist nicht lesbar: permission denied",
		"web is not there. Try again.":             "web gibt es nicht. Noch einmal versuchen.",
		"could not stop: it is paused":             "Anhalten ging nicht: Zustand paused",
		"somebody else's words":                    "somebody else's words",
		"qemu:///session can not be read. Try it.": "qemu:///session ist nicht lesbar. Try it.",
		"": "",
	} {
		if got := Told(english); got != want {
			t.Errorf("Told(%q) is %q, want %q", english, got, want)
		}
	}
}

func TestSpeak(t *testing.T) {
	t.Cleanup(func() { Speak("en") })
	for _, test := range []struct{ wish, all, lang, list, want string }{
		{"de", "", "en_GB.UTF-8", "", "de"},
		{"de-AT", "", "", "", "de"},
		{"", "", "de_DE.UTF-8", "", "de"},
		{"", "en_US.UTF-8", "de_DE.UTF-8", "", "en"},
		{"", "", "en_GB.UTF-8", "de:en", "de"},
		{"", "", "C.UTF-8", "de", "en"},
		{"", "", "", "", "en"},
		{"xx", "", "de_DE", "", "en"},
	} {
		t.Setenv("LC_ALL", test.all)
		t.Setenv("LC_MESSAGES", "")
		t.Setenv("LANG", test.lang)
		t.Setenv("LANGUAGE", test.list)
		Speak(test.wish)
		if got := Language(); got != test.want {
			t.Errorf("%+v: got %q", test, got)
		}
	}
}

// TestWished: the page is told a tag, as browsers have it.
func TestWished(t *testing.T) {
	for lang, want := range map[string]string{
		"de_AT.UTF-8": "de-AT", "de": "de", "ca_ES.UTF-8@valencia": "ca-ES", "C.UTF-8": "", "POSIX": "", "": "en",
	} {
		t.Setenv("LC_ALL", lang)
		t.Setenv("LC_MESSAGES", "")
		t.Setenv("LANG", "")
		t.Setenv("LANGUAGE", "")
		if got := Wished(); got != want {
			t.Errorf("%q: got %q, want %q", lang, got, want)
		}
	}
}
