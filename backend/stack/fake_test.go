package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"sandboxlabs/backend/lab"
)

// The fake engine is this test binary below the name of an engine's program. It
// plays what the file fake.json in HOME says, and writes down what it was asked.
const (
	scriptFile = "fake.json"
	callsFile  = "calls"
)

// script maps the beginning of a command line to what is said to it, one call after
// the other; the last answer is repeated. The longest beginning counts.
type script map[string][]reply

type reply struct {
	Out, Err string
	Code     int
	Hang     bool // with a child that keeps our output open
}

func TestMain(m *testing.M) {
	switch program := filepath.Base(os.Args[0]); program {
	case "docker", "podman", "docker-compose", "podman-compose":
		play(strings.Join(append([]string{program}, os.Args[1:]...), " "))
	}
	if dir := os.Getenv(writerEnv); dir != "" {
		writeForEver(dir)
	}
	if dir := os.Getenv(upEnv); dir != "" {
		upOnce(dir)
	}
	os.Exit(runTests(m))
}

// play is the engine's program.
func play(line string) {
	home := os.Getenv("HOME")
	content, err := os.ReadFile(filepath.Join(home, scriptFile))
	must(err)
	var s script
	must(json.Unmarshal(content, &s))
	r := s.answer(line, note(filepath.Join(home, callsFile), line))
	fmt.Fprint(os.Stdout, r.Out)
	fmt.Fprint(os.Stderr, r.Err)
	if r.Hang {
		hang(filepath.Join(home, "hung"))
	}
	os.Exit(r.Code)
}

// note writes a call down, and gives all that came before it.
func note(path, line string) []string {
	before, _ := os.ReadFile(path) // the first has none
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(err)
	_, err = f.WriteString(line + "\n")
	must(err)
	return strings.Split(string(before), "\n")
}

func (s script) answer(line string, before []string) reply {
	best, found := "", false
	for beginning := range s {
		if strings.HasPrefix(line, beginning) && len(beginning) >= len(best) {
			best, found = beginning, true
		}
	}
	if !found {
		return reply{Err: "the fake does not know: " + line + "\n", Code: 99}
	}
	count := 0
	for _, call := range before {
		if strings.HasPrefix(call, best) {
			count++
		}
	}
	return s[best][min(count, len(s[best])-1)]
}

// hang starts a process below this one, and both stay.
func hang(path string) {
	child, err := os.StartProcess("/bin/sleep", []string{"sleep", "600"}, &os.ProcAttr{Files: []*os.File{nil, os.Stdout, os.Stderr}})
	must(err)
	must(os.WriteFile(path, fmt.Appendf(nil, "%d %d", os.Getpid(), child.Pid), 0o600))
	time.Sleep(10 * time.Minute)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// bench is a stack with a fake engine.
type bench struct {
	*Stack
	t    *testing.T
	home string
	told []string
}

// newBench installs the programs of the script, and no others.
func newBench(t *testing.T, s script) *bench {
	t.Helper()
	b := &bench{t: t, home: t.TempDir()}
	bin := filepath.Join(b.home, "bin")
	self, err := os.Executable()
	if err := errors.Join(err, os.Mkdir(bin, 0o755)); err != nil {
		t.Fatal(err)
	}
	for line := range s {
		program, _, _ := strings.Cut(line, " ")
		err := os.Symlink(self, filepath.Join(bin, program))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", bin)
	t.Setenv("HOME", b.home)
	b.script(s)
	b.Stack = New(files(), filepath.Join(b.home, "gateway"))
	b.pause, b.answers = time.Millisecond, 5*time.Second
	return b
}

// script gives the engine other answers, and forgets what it was asked.
func (b *bench) script(s script) {
	b.t.Helper()
	content, err := json.Marshal(s)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(b.home, scriptFile), content, 0o600); err != nil {
		b.t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(b.home, callsFile)) // the first has none
}

// calls gives what the engine was asked, where it was more than a question.
func (b *bench) calls() []string {
	content, _ := os.ReadFile(filepath.Join(b.home, callsFile)) // there may be none
	var found []string
	for line := range strings.Lines(string(content)) {
		if strings.Contains(line, " -p ") {
			found = append(found, strings.TrimSpace(line))
		}
	}
	return found
}

func (b *bench) up(s lab.GatewaySettings) error {
	return b.Up(b.t.Context(), s, func(line string) { b.told = append(b.told, line) })
}

func (b *bench) down() error {
	return b.Down(b.t.Context(), func(line string) { b.told = append(b.told, line) })
}

func files() fstest.MapFS {
	return fstest.MapFS{
		composeFile:                        {Data: []byte("services: {}\n")},
		helpers + "/prepare.sh":            {Data: []byte("prepare\n")},
		helpers + "/initdb.d/20-roles.sql": {Data: []byte("roles\n")},
	}
}

// docker is an engine where everything goes well: the containers are not there at
// first, and healthy at the third look.
func docker() script {
	return script{
		"docker compose version": {{Out: "Docker Compose version v2.40.3\n"}},
		"docker info":            {{Out: `{"OperatingSystem":"Debian GNU/Linux 12 (bookworm)","SecurityOptions":["name=apparmor"]}` + "\n"}},
		"docker context":         {{Out: "unix:///var/run/docker.sock\n"}},
		"docker volume ls":       {{}},
		"docker ps":              {{}, {Out: "a1\nb2\nc3\nd4\n"}},
		"docker inspect": {
			{Out: inspectOutput("prepare running", "postgres created")},
			{Out: inspectOutput("prepare exited", "postgres running starting", "guacd running healthy", "guacamole running starting")},
			{Out: inspectOutput("prepare exited", "postgres running healthy", "guacd running healthy", "guacamole running healthy")},
		},
		"docker logs":       {{Out: "from the log\n"}},
		"docker compose -p": {{Err: " Container x-guacd-1  \x1b[32mStarting\x1b[0m\r\n Container x-guacd-1  Started\n Container x-guacd-1  Started\n"}},
	}
}

// with gives the script with other answers to one beginning.
func (s script) with(beginning string, replies ...reply) script {
	s[beginning] = replies
	return s
}

// without takes programs away.
func (s script) without(programs ...string) script {
	for line := range s {
		if program, _, _ := strings.Cut(line, " "); slices.Contains(programs, program) {
			delete(s, line)
		}
	}
	return s
}

// inspectOutput is what inspect says of containers such as "guacd running healthy"
// and "prepare exited 1".
func inspectOutput(containers ...string) string {
	var all []map[string]any
	for i, text := range containers {
		fields := append(strings.Fields(text), "")
		state := map[string]any{"Status": fields[1]}
		switch {
		case fields[1] == "exited" && fields[2] != "":
			state["ExitCode"] = int(fields[2][0] - '0')
		case fields[2] != "":
			state["Health"] = map[string]any{"Status": fields[2], "Log": []any{map[string]any{"Output": "the check said this"}}}
		}
		all = append(all, map[string]any{
			"Id": fmt.Sprint("id", i), "Name": "/x-" + fields[0] + "-1", "RestartCount": 4, "State": state,
			"Config": map[string]any{"Labels": map[string]string{serviceLabel: fields[0], projectLabel: "x"}},
		})
	}
	text, _ := json.Marshal(all) // it can be
	return string(text)
}

func mustBe(t *testing.T, err error, kind lab.Kind, parts ...string) {
	t.Helper()
	p := lab.ProblemOf(err)
	if p == nil {
		p = &lab.Problem{}
	}
	if p.Kind != kind {
		t.Fatalf("got kind %q, want %q: %v", p.Kind, kind, err)
	}
	for _, part := range parts {
		if !strings.Contains(p.Message+"\n"+p.Hint, part) {
			t.Errorf("got %q, hint %q, want %q in it", p.Message, p.Hint, part)
		}
	}
}

func mustRead(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// mustUp brings the stack up and gives its .env.
func (b *bench) mustUp(s lab.GatewaySettings) *env {
	b.t.Helper()
	if err := b.up(s); err != nil {
		b.t.Fatalf("%v (%s)", err, lab.ProblemOf(err).Hint)
	}
	e, err := b.env()
	if err != nil {
		b.t.Fatal(err)
	}
	return e
}

var _ lab.Stack = (*Stack)(nil)

// cancelledAfter is for processes that end soon.
func cancelledAfter(d time.Duration) context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(d, cancel)
	if d == 0 {
		cancel()
	}
	return ctx
}
