package systest

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// worldKey is where a script's environment has its world.
type worldKey struct{}

// TestScripts runs every script of testdata/script in a world of each profile.
// Scripts have these commands beside testscript's own, all of which run as the
// world's account:
//
//	[!] sandboxlabs ARGS    run the program: exit code 0, with ! 1
//	misuse ARGS             run the program: exit code 2
//	[!] virsh ARGS          run virsh on the world's libvirt
//	[!] as COMMAND ARGS     run any command
//	virt-manager UUID       what virt-manager shows of a domain, as JSON
//	await TEXT COMMAND ARGS run a command until its stdout has TEXT
//	[!] json PATH [VALUE]   stdout is JSON and has VALUE at PATH, such as 0.vnc.port
//	take NAME PATH          put the value at PATH into the variable NAME
//	booted NODE [COMMAND]   wait for the shell of the guest, and run a command there that must succeed
//	[!] serving ARGS        run sandboxlabs serve until the script ends, or !; $URL and $SOCKET reach it
//	small-pool SIZE         let the pool be a file system of SIZE
//
// In a script $POOL is the pool's name, $DISKS its folder, $DATA and $CONFIG are
// ours below the XDG directories, $BIN has the program, $TINY is the tiny image, and $N begins the
// names of nodes.
func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("needs libvirt; run without -short")
	}
	t.Parallel()
	for _, p := range profiles {
		t.Run(p, func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, testscript.Params{
				Dir:   filepath.Join("testdata", "script"),
				Setup: func(env *testscript.Env) error { return setUp(env, p) },
				Cmds:  commands,
			})
		})
	}
}

func setUp(env *testscript.Env, profile string) error {
	w, err := newWorld(here, profile)
	env.Defer(func() {
		if err := w.close(); err != nil {
			env.T().Fatal("clean up: ", err)
		}
	})
	env.Values[worldKey{}] = w
	env.Cd = here.dir
	if err == nil {
		env.Cd = w.dir
	}
	for name, value := range map[string]string{
		"N": w.name, "POOL": w.name, "DISKS": w.path(poolDir), "DATA": w.path(dataDir, "sandboxlabs"),
		"CONFIG": w.path(configDir, "sandboxlabs"), "DIR": w.dir, "BIN": w.site.path("bin"), "TINY": w.site.image, "URI": w.uri,
	} {
		env.Setenv(name, value)
	}
	return err
}

//go:embed testdata/virtmanager.py
var virtManager string

var commands = map[string]func(*testscript.TestScript, bool, []string){
	"sandboxlabs": func(ts *testscript.TestScript, neg bool, args []string) {
		want := 0
		if neg {
			want = 1
		}
		exits(ts, want, append([]string{"sandboxlabs"}, args...))
	},
	"misuse": positive(func(ts *testscript.TestScript, args []string) {
		exits(ts, 2, append([]string{"sandboxlabs"}, args...))
	}),
	"virsh": func(ts *testscript.TestScript, neg bool, args []string) {
		succeeds(ts, neg, append([]string{"virsh", "-q", "-c", worldOf(ts).uri}, args...))
	},
	"virt-manager": positive(func(ts *testscript.TestScript, args []string) {
		succeeds(ts, false, append([]string{"/usr/bin/python3", "-c", virtManager, worldOf(ts).uri}, args...))
	}),
	"as":         succeeds,
	"await":      positive(awaitOutput),
	"json":       checkJSON,
	"take":       positive(takeJSON),
	"booted":     positive(booted),
	"serving":    serving,
	"small-pool": positive(smallPool),
}

// positive is a command that can not be negated.
func positive(do func(*testscript.TestScript, []string)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, args []string) {
		if neg {
			ts.Fatalf("this command takes no !")
		}
		do(ts, args)
	}
}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// runs runs a command as the world's account, keeping its output for the script.
func runs(ts *testscript.TestScript, args []string) (code int) {
	if len(args) == 0 {
		ts.Fatalf("there is no command")
	}
	argv := worldOf(ts).command(args[0], args[1:]...)
	limit := strconv.Itoa(int(patience / time.Second))
	argv = slices.Concat([]string{"timeout", "--signal=KILL", limit}, argv)
	return exitCode(ts.Exec(argv[0], argv[1:]...))
}

func exits(ts *testscript.TestScript, want int, args []string) {
	if got := runs(ts, args); got != want {
		ts.Fatalf("got exit code %d, want %d", got, want)
	}
}

func succeeds(ts *testscript.TestScript, neg bool, args []string) {
	if code := runs(ts, args); (code != 0) != neg {
		ts.Fatalf("unexpected exit code %d", code)
	}
}

func awaitOutput(ts *testscript.TestScript, args []string) {
	deadline := time.Now().Add(patience)
	for {
		code := runs(ts, args[1:])
		if code == 0 && strings.Contains(ts.ReadFile("stdout"), args[0]) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%v did not come to say %q in %s", args[1:], args[0], patience)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	got, err := lookUp(ts.ReadFile("stdout"), args[0])
	switch {
	case neg && err == nil && (len(args) == 1 || got == args[1]):
		ts.Fatalf("got %s = %s, want anything else", args[0], got)
	case !neg && err != nil:
		ts.Fatalf("%v", err)
	case !neg && len(args) > 1 && got != args[1]:
		ts.Fatalf("got %s = %s, want %s", args[0], got, args[1])
	}
}

func takeJSON(ts *testscript.TestScript, args []string) {
	value, err := lookUp(ts.ReadFile("stdout"), args[1])
	ts.Check(err)
	ts.Setenv(args[0], value)
}

// lookUp gives the value at a path of keys and indexes with dots between them:
// text as it is, the number of elements of a list, anything else as JSON. What is
// null or not there is an error.
func lookUp(text, path string) (string, error) {
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		return "", fmt.Errorf("stdout is not one JSON document: %w", err)
	}
	for key := range strings.SplitSeq(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			value = v[key]
		case []any:
			i, err := strconv.Atoi(key)
			if key == "length" {
				return strconv.Itoa(len(v)), nil
			}
			if err != nil || i >= len(v) {
				return "", fmt.Errorf("there is no %s in %s", path, text)
			}
			value = v[i]
		default:
			value = nil
		}
	}
	if value == nil {
		return "", fmt.Errorf("there is no %s in %s", path, text)
	}
	if s, ok := value.(string); ok {
		return s, nil
	}
	short, err := json.Marshal(value)
	return string(short), err
}

func booted(ts *testscript.TestScript, args []string) {
	c, err := worldOf(ts).openConsole(args[0])
	ts.Check(err)
	defer c.close()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err = c.login(ctx)
	ts.Check(err)
	if len(args) > 1 {
		_, err = c.do(ctx, args[1])
		ts.Check(err)
	}
}

// serving serves in the background; with ! it ends that. SIGTERM must end it in order.
func serving(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	if neg {
		ts.Check(w.served())
		return
	}
	cmd := w.cmd(context.Background(), "sandboxlabs", append([]string{"serve", "--listen", "127.0.0.1:0", "--json"}, args...)...)
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	w.served = sync.OnceValue(func() error { return errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait()) })
	ts.Defer(func() { ts.Check(w.served()) })
	var told struct{ URL string }
	ts.Check(json.NewDecoder(out).Decode(&told))
	address, _, _ := strings.Cut(told.URL, "/?")
	ts.Setenv("URL", address)
	ts.Setenv("SOCKET", w.path(runtimeDir, "sandboxlabs", "serve.sock"))
}

// smallPool mounts a file system of some MiB where the pool will be. Only root can.
func smallPool(ts *testscript.TestScript, args []string) {
	w := worldOf(ts)
	ts.Check(w.exec("mkdir", w.path(poolDir)))
	options := fmt.Sprintf("size=%s,mode=0755", args[0])
	if w.uid >= 0 {
		options += fmt.Sprintf(",uid=%d,gid=%d", w.uid, w.gid)
	}
	ts.Check(asRoot("mount", "-t", "tmpfs", "-o", options, w.name, w.path(poolDir)))
	w.mounted = true
}

// asRoot runs a command as root, whoever runs the tests.
func asRoot(name string, args ...string) error {
	root := here.accounts[system]
	if root.err != nil {
		return root.err
	}
	argv := slices.Concat(root.prefix, []string{name}, args)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = os.Environ()
	return output(cmd)
}
