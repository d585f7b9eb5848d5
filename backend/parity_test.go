package backend

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"sandboxlabs/app"
	"sandboxlabs/backend/cli"
	"sandboxlabs/backend/rest"
	"sandboxlabs/backend/rest/api"
	"sandboxlabs/backend/service"
)

// notForPage are methods of the service that no page calls, each with its reason.
var notForPage = map[string]string{
	"Run":       "the program's own life",
	"Ready":     "the page learns it from the link in its snapshot",
	"Settle":    "the program's own life",
	"Subscribe": "the events reach the page in another way than an answer",
	"Bulk":      "the page asks for each node, to show and to cancel each",
	"Wait":      "the page waits by events",
	"WaitImage": "the page waits by events",

	"WaitMigration": "the page waits by events",

	"CheckEntry": "those who keep the catalogue ask the publishers, from a terminal",
	"Screenshot": "a picture is loaded by its address, /screenshot/{node}",

	"Backup":        "a backup is a stream of many GiB to a file, which a page can not write",
	"RestoreBackup": "the same the other way",

	"WaitGateway":   "the page waits by events",
	"SettleGateway": "the program's own life",
	"OpenTunnel":    "the page opens it by a ticket",
}

// notForTerminal are verbs the command line has not, each with its reason.
var notForTerminal = map[string]string{
	"Screenshot": "virsh screenshot is there",
	"Inspect":    "virsh dumpxml and virsh domifaddr are there",
	"Usage":      "virsh domstats is there",

	"Crashes":   "the reports are files, in the folder that folders tells of",
	"CrashRead": "the reports are files",
	"Complain":  "only pages fail so",

	"Preferences": "they are the page's own",
	"Prefer":      "they are the page's own",

	"ConsoleLink": "the address is worth something only while the program runs that made it",
	"OpenTunnel":  "a terminal shows no display",
}

// notForClients are verbs the API has not, each with its reason.
var notForClients = map[string]string{
	"Run":           "the program's own life",
	"Ready":         "a client learns it from the link in its snapshot",
	"Settle":        "the program's own life",
	"Complain":      "only pages fail so",
	"WaitGateway":   "a client waits by events",
	"SettleGateway": "the program's own life",
	"OpenTunnel":    "a client opens it by a ticket",

	"PlanMigration":   "it names a folder of this machine",
	"Migrate":         "it names a folder of this machine",
	"WaitMigration":   "it is begun where the folder is",
	"CancelMigration": "it is begun where the folder is",

	"Backup":        "a backup is a stream of many GiB to a file, which is begun anew where it breaks",
	"RestoreBackup": "the same the other way",
}

// commands gives each verb the command that stands for it.
var commands = map[string]string{
	"Run":           "serve",
	"Ready":         "node ls",
	"Settle":        "node wipe",
	"Subscribe":     "image add",
	"List":          "node ls",
	"Show":          "node show",
	"Create":        "node create",
	"Start":         "node start",
	"Stop":          "node stop",
	"ForceOff":      "node off",
	"Reboot":        "node reboot",
	"Pause":         "node pause",
	"Resume":        "node resume",
	"Wipe":          "node wipe",
	"UndoWipe":      "node undo",
	"Delete":        "node rm",
	"Restore":       "node restore",
	"Backup":        "backup",
	"RestoreBackup": "restore",
	"Rename":        "node rename",
	"Set":           "node set",
	"Clone":         "node clone",
	"Wait":          "node stop",
	"Bulk":          "node start",
	"Images":        "image ls",
	"Catalogue":     "image catalogue",
	"CheckEntry":    "image catalogue check",
	"AddImage":      "image add",
	"WaitImage":     "image add",
	"ProbeImage":    "image probe",
	"ChangeImage":   "image set",
	"VerifyImage":   "image verify",
	"CompressImage": "image compress",
	"ResizeImage":   "image resize",
	"RenameImage":   "image rename",
	"PruneImages":   "image prune",
	"CancelImage":   "image add",
	"RemoveImage":   "image rm",
	"Health":        "doctor",
	"Host":          "doctor",
	"Deleted":       "node ls",
	"History":       "node history",
	"FirstBoot":     "node keys",
	"Console":       "node console",
	"Autostart":     "autostart",
	"SetAutostart":  "autostart on",

	"PlanMigration":   "import-prototype",
	"Migrate":         "import-prototype",
	"WaitMigration":   "import-prototype",
	"CancelMigration": "import-prototype",

	"Folders":       "folders",
	"MeasureFolder": "folders",
	"Log":           "log",

	"Settings":       "settings",
	"ChangeSettings": "settings set",

	"Gateway":       "gateway status",
	"SetGateway":    "gateway set",
	"TestGateway":   "gateway test",
	"GatewayUp":     "gateway up",
	"GatewayDown":   "gateway down",
	"GatewayLogs":   "gateway logs",
	"WaitGateway":   "gateway status",
	"SettleGateway": "node start",
}

// verbs are the methods of the service that take a context.
func verbs() []string {
	var names []string
	t := reflect.TypeFor[*service.Service]()
	for i := range t.NumMethod() {
		m := t.Method(i)
		if m.Type.NumIn() > 1 && m.Type.In(1) == reflect.TypeFor[context.Context]() {
			names = append(names, m.Name)
		}
	}
	return names
}

// TestEveryFaceHasEveryVerb keeps a verb from being forgotten on one face.
func TestEveryFaceHasEveryVerb(t *testing.T) {
	operations := api.Verbs()
	for _, verb := range verbs() {
		if notForPage[verb] == "" {
			if _, ok := reflect.TypeFor[*app.App]().MethodByName(verb); !ok {
				t.Errorf("the window has no %s", verb)
			}
			if !slices.Contains(rest.Verbs(), verb) {
				t.Errorf("serve has no %s", verb)
			}
		}
		if (notForClients[verb] == "") != slices.Contains(operations, verb) {
			t.Errorf("%s has no operation in the API, nor a reason for that; or both", verb)
		}
		if notForTerminal[verb] == "" && !slices.Contains(cli.Commands(), commands[verb]) {
			t.Errorf("the command line has no command %q for %s", commands[verb], verb)
		}
	}
}

// TestFacesHaveNothingElse keeps the lists above and the faces' tables true.
func TestFacesHaveNothingElse(t *testing.T) {
	for _, verb := range rest.Verbs() {
		if !slices.Contains(verbs(), verb) || notForPage[verb] != "" {
			t.Errorf("serve has %s, which is not for the page", verb)
		}
	}
	for _, verb := range api.Verbs() {
		if !slices.Contains(verbs(), verb) {
			t.Errorf("the API has %s, and the service has it not", verb)
		}
	}
	for _, list := range []map[string]string{notForPage, notForClients, notForTerminal, commands} {
		for verb := range list {
			if !slices.Contains(verbs(), verb) {
				t.Errorf("%s is listed, and the service has it not", verb)
			}
		}
	}
}
