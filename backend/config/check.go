package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// fault is a value that can not be.
type fault struct{ key, text string }

// userPattern is what useradd takes by default.
var userPattern = regexp.MustCompile(`^[a-z_][a-z0-9_-]{0,31}$`)

var poolPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

// rule says what a value may be. What a rule leaves out does not matter.
type rule struct {
	choices  []string               // of a text, and of each in a list
	min, max int                    // of a number
	text     func(text string) bool // of a text, and of each in a list
	must     string                 // what the text is then
}

// rules are those of every setting that has some.
var rules = map[string]rule{
	"connect":               {text: isURI, must: "a libvirt URI such as qemu:///session"},
	"emulation":             {choices: []string{string(EmulationAuto), string(EmulationKVM), string(EmulationTCG)}},
	"pool.name":             {text: poolPattern.MatchString, must: "a name of letters, digits, dots, underscores and hyphens"},
	"pool.path":             {text: isPath, must: "an absolute path"},
	"node.vcpus":            {min: 1, max: 255},
	"node.memory_mib":       {min: 32, max: 1 << 20},
	"node.stop_seconds":     {min: 1, max: 3600},
	"undo.hours":            {min: 1, max: 24 * 365},
	"undo.gib":              {min: 1, max: 1 << 20},
	"bulk.limit":            {min: 1, max: 64},
	"serve.listen":          {text: isLoopback, must: "a loopback address such as 127.0.0.1:3001"},
	"gateway.mode":          {choices: []string{"off", "stack", "external"}},
	"gateway.web_port":      {max: 65535},
	"gateway.guacd_port":    {max: 65535},
	"gateway.database_port": {max: 65535},
	"first_boot.user":       {text: isUser, must: "the name of an account"},
	"first_boot.ssh_keys":   {text: isKey, must: "auto, a file that ends in .pub, or a key"},
	"console.transport":     {choices: []string{"auto", "direct", "guacamole"}},
	"desktop.close":         {choices: []string{"auto", "hide", "quit", "ask"}},
	"desktop.notices":       {choices: []string{"stopped", "images", "wipes", "disk"}},
	"desktop.language":      {choices: []string{"auto", "en", "de"}},
	"desktop.scheme":        {choices: []string{"auto", "dark", "light"}},
	"log_level":             {choices: []string{"debug", "info", "warn", "error"}},
}

// check gives the first value that can not be, in the order of the settings.
func (s Settings) check() *fault {
	for _, f := range fieldsOf(&s) {
		if r, ruled := rules[f.key]; ruled {
			if text := r.breach(f.value); text != "" {
				return &fault{f.key, text}
			}
		}
	}
	return nil
}

// breach says what is wrong with a value, or nothing.
func (r rule) breach(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Int:
		if n := int(v.Int()); n < r.min || n > r.max {
			return fmt.Sprintf("%d is not between %d and %d", n, r.min, r.max)
		}
	case v.Kind() == reflect.Slice:
		for _, word := range v.Interface().([]string) {
			switch {
			case r.choices != nil && !slices.Contains(r.choices, word):
				return fmt.Sprintf("%q is not one of %s", word, listed(r.choices, "and"))
			case r.text != nil && !r.text(word):
				return fmt.Sprintf("%q is not %s", word, r.must)
			}
		}
	case r.choices != nil && !slices.Contains(r.choices, v.String()):
		return fmt.Sprintf("%q is not %s", v.String(), listed(r.choices, "or"))
	case r.text != nil && !r.text(v.String()):
		return fmt.Sprintf("%q is not %s", v.String(), r.must)
	}
	return ""
}

func listed(words []string, last string) string {
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}

func isURI(uri string) bool {
	u, err := url.Parse(uri)
	return uri == "" || err == nil && u.Scheme != ""
}

func isPath(path string) bool { return path == "" || filepath.IsAbs(path) }

func isUser(name string) bool { return name == "" || userPattern.MatchString(name) }

// isKey leaves it to who reads them whether there is such a file, and what a key is worth:
// it has a type and what is coded, with a space between.
func isKey(word string) bool {
	word = strings.TrimSpace(word)
	return word == "auto" || strings.HasSuffix(word, ".pub") || len(strings.Fields(word)) > 1
}

// isLoopback admits no other: the page has the whole libvirt in its hands.
func isLoopback(address string) bool {
	host, port, err := net.SplitHostPort(address)
	_, portErr := strconv.ParseUint(port, 10, 16)
	ip, ipErr := netip.ParseAddr(host)
	return err == nil && portErr == nil && (host == "localhost" || ipErr == nil && ip.IsLoopback())
}
