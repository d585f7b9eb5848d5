package lab

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// parameter says what values a connection parameter takes.
type parameter struct {
	values  []string       // one of these
	pattern *regexp.Regexp // or this
	hint    string
}

var (
	yes      = parameter{values: []string{"true", "false"}}
	level    = parameter{values: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}}
	fileName = parameter{
		// of the tokens only those that tell nothing of anybody
		pattern: regexp.MustCompile(`^([A-Za-z0-9_-]|\$\{GUAC_(DATE|TIME)\})([A-Za-z0-9._-]|\$\{GUAC_(DATE|TIME)\}){0,80}$`),
		hint:    "Use letters, digits, dots, underscores and hyphens, and ${GUAC_DATE} and ${GUAC_TIME}; it names a file in the folder for recordings.",
	}
	words = parameter{pattern: regexp.MustCompile(`^[a-z0-9]+( [a-z0-9]+)*$`), hint: "List names of VNC encodings, such as zrle ultra copyrect."}
)

// parameters are those of a VNC connection in Guacamole 1.6
// (guacamole.apache.org/doc/gug/configuring-guacamole.html#vnc) that a person may set.
var parameters = map[string]parameter{
	"read-only":                yes,
	"disable-copy":             yes,
	"disable-paste":            yes,
	"disable-display-resize":   yes,
	"swap-red-blue":            yes,
	"force-lossless":           yes,
	"color-depth":              {values: []string{"8", "16", "24", "32"}},
	"cursor":                   {values: []string{"local", "remote"}},
	"compress-level":           level,
	"quality-level":            level,
	"encodings":                words,
	"clipboard-encoding":       {values: []string{"ISO8859-1", "UTF-8", "UTF-16", "CP1252"}},
	"recording-name":           fileName,
	"recording-exclude-output": yes,
	"recording-exclude-mouse":  yes,
	"recording-include-keys":   yes,
	"recording-write-existing": yes,
}

// refused are the parameters that Guacamole knows and nobody may set, by their
// beginning, each with the reason.
var refused = []struct{ prefix, why string }{
	{"hostname", "SandBoxLabs sets it at every start"},
	{"port", "SandBoxLabs sets it at every start"},
	{"username", "a node's display knows no users"},
	{"password", "SandBoxLabs sets it at every start"},
	{"autoretry", "SandBoxLabs sets it"},
	{"disable-server-input", "QEMU ends the connection of a client that sets it"},
	{"recording-path", "it names a folder of the host; the one for recordings is in the settings"},
	{"create-recording-path", "it makes folders on the host; the one for recordings is in the settings"},
	{"reverse-connect", "guacd would listen for anybody"},
	{"listen-timeout", "guacd would listen for anybody"},
	{"dest-", "it would lead to another display"},
	{"enable-sftp", "it would open another host's files"},
	{"sftp-", "it would open another host's files"},
	{"enable-audio", "a node's display carries no PulseAudio"},
	{"audio-", "a node's display carries no PulseAudio"},
	{"wol-", "a node is started, not woken"},
}

// CheckParameters checks parameters of a node's connection at the gateway; one
// that Guacamole does not know, that is dangerous, or with a wrong value is KindInvalid.
func CheckParameters(set map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(set)) {
		p, known := parameters[name]
		if !known {
			return refusedParameter(name)
		}
		if value := set[name]; !p.takes(value) {
			return Errorf(KindInvalid, "%q is not a value of the parameter %s", value, name).WithHint("%s", p.remedy())
		}
	}
	return nil
}

// PlainParameters gives parameters without those that say what goes without
// saying: a "false", and that the display is not resized.
func PlainParameters(set map[string]string) map[string]string {
	plain := make(map[string]string, len(set))
	for name, value := range set {
		standard := "false"
		if name == "disable-display-resize" { // SandBoxLabs' own: guests do not expect it
			standard = "true"
		}
		if value != standard {
			plain[name] = value
		}
	}
	return plain
}

func refusedParameter(name string) error {
	for _, r := range refused {
		if name == r.prefix || strings.HasSuffix(r.prefix, "-") && strings.HasPrefix(name, r.prefix) {
			return Errorf(KindInvalid, "the parameter %s can not be set: %s", name, r.why).WithHint("Leave it out.")
		}
	}
	return Errorf(KindInvalid, "Guacamole has no parameter %q for VNC", name).
		WithHint("Use %s.", strings.Join(slices.Sorted(maps.Keys(parameters)), ", "))
}

func (p parameter) takes(value string) bool {
	if p.pattern != nil {
		return len(value) <= 255 && p.pattern.MatchString(value)
	}
	return slices.Contains(p.values, value)
}

func (p parameter) remedy() string {
	if p.hint != "" {
		return p.hint
	}
	return "Choose one of " + strings.Join(p.values, ", ") + "."
}
