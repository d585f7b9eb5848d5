package backend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layer is what a package of ours may import of ours, and why it is no more.
type layer struct {
	may []string
	why string
}

const (
	whyFace    = "a face is a table over the service: what it did by itself, the other faces would lack"
	whyAdapter = "adapters never know one another: what two of them share is a noun or a rule, and belongs below them"
	whyTool    = "it measures or tests the built program from outside, as a person has it"
)

// layers are all packages of ours. Arrows point down only.
var layers = map[string]layer{
	"sandboxlabs": {
		[]string{"app", "backend/autostart", "backend/cli", "backend/config", "backend/console", "backend/durable", "backend/guacamole", "backend/images", "backend/lab", "backend/page", "backend/prototype", "backend/rest", "backend/rest/api", "backend/rest/prototype", "backend/rest/upload", "backend/seed", "backend/service", "backend/settings", "backend/stack", "backend/store", "backend/token", "backend/upkeep", "backend/virt", "backend/words"},
		"main wires the program, and nothing else",
	},
	"app":                    {[]string{"app/notify", "app/portal", "app/toolkit", "app/tray", "app/webview", "backend/service", "backend/lab", "backend/page", "backend/words"}, whyFace},
	"app/tray":               {[]string{"backend/lab", "backend/words"}, "it shows what nodes are, and says what was chosen; what comes of that is decided above it"},
	"app/notify":             {[]string{"backend/lab", "backend/words"}, "it tells what nodes and images are, and that something was clicked; what comes of that is decided above it"},
	"app/portal":             {nil, "it tells what a desktop says, whatever program it is for"},
	"app/toolkit":            {[]string{"backend/lab"}, "it loads libraries, whatever is done with them"},
	"app/webview":            {[]string{"backend/words"}, "it knows a widget, not what is shown in it"},
	"app/bindgen":            {[]string{"app"}, "it only describes package app to the page"},
	"backend/rest":           {[]string{"backend/durable", "backend/rest/upload", "backend/service", "backend/lab", "backend/page"}, whyFace},
	"backend/rest/prototype": {[]string{"backend/rest", "backend/service", "backend/lab"}, whyFace},
	"backend/rest/api":       {[]string{"backend/rest", "backend/rest/upload", "backend/service", "backend/lab"}, whyFace},
	"backend/rest/upload":    {[]string{"backend/durable", "backend/service", "backend/lab"}, "what is sent is kept for whichever face it came by"},
	"backend/cli":            {[]string{"backend/service", "backend/lab"}, whyFace},
	"backend/archive":        {[]string{"backend/lab"}, "it knows how a backup is written, not where its files come from, nor where they go"},
	"backend/service":        {[]string{"backend/archive", "backend/lab"}, "a use case reaches the world through the ports of lab, or it cannot be tested without it; an archive is a way to write, and no world"},
	"backend/virt":           {[]string{"backend/lab"}, whyAdapter},
	"backend/console":        {[]string{"backend/lab"}, whyAdapter},
	"backend/guacamole":      {[]string{"backend/lab"}, whyAdapter},
	"backend/images":         {[]string{"backend/document", "backend/durable", "backend/lab"}, whyAdapter},
	"backend/autostart":      {[]string{"backend/durable", "backend/lab"}, whyAdapter},
	"backend/page":           {[]string{"backend/lab"}, "it knows how the page begins, not what it is shown in"},
	"backend/prototype":      {[]string{"backend/lab"}, whyAdapter},
	"backend/seed":           {[]string{"backend/lab"}, whyAdapter},
	"backend/settings":       {[]string{"backend/config", "backend/durable", "backend/lab"}, whyAdapter},
	"backend/stack":          {[]string{"backend/durable", "backend/lab"}, whyAdapter},
	"backend/store":          {[]string{"backend/durable", "backend/lab"}, whyAdapter},
	"backend/token":          {[]string{"backend/durable", "backend/lab"}, whyAdapter},
	"backend/upkeep":         {[]string{"backend/durable", "backend/lab"}, whyAdapter},
	"backend/durable":        {[]string{"backend/lab"}, whyAdapter},
	"backend/config":         {[]string{"backend/document"}, "settings are read before anything else is there, by whoever needs them"},
	"backend/document":       {nil, "it knows how a file is written, not what is in it"},
	"backend/words":          {nil, "whoever says something may ask for its words; they say nothing themselves"},
	"backend/lab":            {nil, "everything stands on the nouns; they stand on nothing"},
	"backend/lab/labtest":    {[]string{"backend/lab"}, "the fakes obey the contracts of lab, not how somebody fulfils them"},
	"backend":                {nil, "it has tests only"},
	"build/bench":            {[]string{"backend/lab", "build/bus", "build/inspect", "build/stand"}, whyTool},
	"build/dist":             {[]string{"backend/cli", "backend/lab"}, "it packs the program, and runs nothing of it"},
	"build/bus":              {nil, "it plays a desktop to any program"},
	"build/inspect":          {nil, "it looks into any page"},
	"build/stand":            {[]string{"backend/lab"}, whyTool},
	"build/story":            {[]string{"backend/lab", "build/bus", "build/inspect", "build/stand"}, whyTool},
	"build/systest":          {[]string{"backend/lab", "build/stand"}, whyTool},
	"build/tally":            {nil, "it counts the tests of others"},
	"build/words":            {[]string{"backend/words"}, "it finds in the sources alone what is said"},
	"images/tiny":            {nil, "the guest knows nothing of what runs it"},
}

// fence keeps a foreign module in the packages that are there to hide it.
type fence struct {
	module string
	in     []string
	why    string
}

var fences = []fence{
	{"libvirt.org/go/", []string{"backend/virt"}, "a domain handle or a libvirt error elsewhere would make the port a fiction"},
	// build/stand plays the web application, which reads the same database.
	{"github.com/jackc/pgx", []string{"backend/guacamole", "build/stand"}, "the gateway's database is nobody else's business"},
	{"github.com/danielgtaylor/huma", []string{"backend/rest/api"}, "the document of the API is made of its own types, which nobody else needs"},
	{"github.com/adrg/xdg", []string{"backend/config"}, "every name that touches disk is in one place"},
	{"github.com/fsnotify/fsnotify", []string{"backend/settings", "backend/token"}, "who keeps a file hears of what others do to it; nobody else looks at files"},
	{"github.com/wailsapp/wails", []string{"app", "app/bindgen"}, "everything but the desktop must work without one"},
	{"github.com/godbus/dbus", []string{"app", "app/notify", "app/portal", "app/tray", "build/bus"}, "everything but the desktop must work without one"},
	// build/dist makes the manual of the commands.
	{"github.com/spf13/cobra", []string{"backend/cli", "build/dist"}, "flags and help are one face among others"},
}

// foreignToLab is all that lab may import beside the standard library.
var foreignToLab = []string{"github.com/google/uuid"}

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath string
	Imports    []string
}

func TestArrowsPointDown(t *testing.T) {
	packages := mustList(t)
	if got, least := len(packages), 10; got < least {
		t.Fatalf("%d packages listed, want at least %d", got, least)
	}
	for _, breach := range breaches(packages) {
		t.Error(breach)
	}
}

func TestBreachesAreSeen(t *testing.T) {
	for _, test := range []struct {
		from, to, want string
	}{
		{"sandboxlabs/backend/virt", "sandboxlabs/backend/store", "adapters never know one another"},
		{"sandboxlabs/backend/lab", "sandboxlabs/backend/service", "they stand on nothing"},
		{"sandboxlabs/backend/lab", "github.com/adrg/xdg", "in one place"},
		{"sandboxlabs/backend/lab", "golang.org/x/sync/errgroup", "standard library"},
		{"sandboxlabs/backend/service", "sandboxlabs/backend/virt", "through the ports"},
		{"sandboxlabs/backend/service", "libvirt.org/go/libvirt", "make the port a fiction"},
		{"sandboxlabs/backend/rest", "sandboxlabs/backend/images", "the other faces would lack"},
		{"sandboxlabs/backend/rest", "github.com/wailsapp/wails/v2/pkg/runtime", "must work without one"},
		{"sandboxlabs/backend/cli", "sandboxlabs/backend/lab/labtest", "the other faces would lack"},
		{"sandboxlabs/backend/util", "strings", "no place"},
		{"sandboxlabs/backend/virt", "libvirt.org/go/libvirtxml", ""},
		{"sandboxlabs/backend/lab", "github.com/google/uuid", ""},
		{"sandboxlabs/app", "sandboxlabs/backend/service", ""},
		{"sandboxlabs", "sandboxlabs/backend/virt", ""},
	} {
		got := breaches([]listed{{test.from, []string{test.to}}})
		if test.want == "" && len(got) > 0 {
			t.Errorf("%s -> %s: %q, want no breach", test.from, test.to, got)
		}
		if test.want != "" && !strings.Contains(strings.Join(got, "\n"), test.want) {
			t.Errorf("%s -> %s: %q, want %q in it", test.from, test.to, got, test.want)
		}
	}
}

// breaches says which arrows must not be, and why.
func breaches(packages []listed) []string {
	var found []string
	for _, p := range packages {
		from := ours(p.ImportPath)
		l, placed := layers[from]
		if !placed {
			found = append(found, fmt.Sprintf("%s has no place among the layers: give it one, or put its content where it belongs", from))
		}
		for _, imported := range p.Imports {
			if why := l.forbids(from, imported); why != "" {
				found = append(found, fmt.Sprintf("%s must not import %s: %s", from, imported, why))
			}
		}
	}
	return found
}

// forbids says why a package must not import another, or nothing.
func (l layer) forbids(from, imported string) string {
	if to := ours(imported); to != "" {
		if slices.Contains(l.may, to) {
			return ""
		}
		return l.why
	}
	for _, f := range fences {
		if strings.HasPrefix(imported, f.module) && !slices.Contains(f.in, from) {
			return f.why
		}
	}
	domain, _, _ := strings.Cut(imported, "/")
	if from == "backend/lab" && strings.Contains(domain, ".") && !slices.Contains(foreignToLab, imported) {
		return "the nouns need the standard library and uuid only"
	}
	return ""
}

// ours is the path of a package within this module, or nothing for a foreign one.
func ours(path string) string {
	const module = "sandboxlabs"
	if path == module {
		return module
	}
	within, _ := strings.CutPrefix(path, module+"/")
	if within == path {
		return ""
	}
	return within
}

// mustList lists the packages of this module, as they are built for a person.
func mustList(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports",
		"-tags", "desktop,production,webkit2_41,libvirt_dlopen,libvirt_without_lxc", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return packages
		} else if err != nil {
			t.Fatalf("go list: %v", err)
		}
		packages = append(packages, p)
	}
}
