package stack

import (
	"bytes"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"sandboxlabs/backend/lab"
)

func TestSecretsAreLongAndOneOfAKind(t *testing.T) {
	seen := map[string]bool{}
	for range 20 {
		e := newEnv("/x")
		for _, name := range passwords {
			password := e.get(name)
			if !regexp.MustCompile(`^[A-Z2-7]{52}$`).MatchString(password) || seen[password] {
				t.Errorf("%s is bad or there twice", name)
			}
			seen[password] = true
		}
	}
}

func TestEachFolderHasAProjectOfItsOwn(t *testing.T) {
	one, other := newEnv("/one").get(projectName), newEnv("/other").get(projectName)
	if one == other || one != newEnv("/one").get(projectName) || !strings.HasPrefix(one, fmt.Sprintf("sandboxlabs-%d-", os.Getuid())) {
		t.Errorf("got %q and %q", one, other)
	}
}

func TestEnvIsPrivate(t *testing.T) {
	b := newBench(t, docker())
	b.mustUp(lab.GatewaySettings{})
	for path, want := range map[string]fs.FileMode{
		b.envPath(): 0o600, b.dir: 0o700 | fs.ModeDir,
		filepath.Join(b.dir, composeFile): 0o644, filepath.Join(b.dir, helpers, "initdb.d", "20-roles.sql"): 0o644,
		filepath.Join(b.dir, helpers): 0o755 | fs.ModeDir, filepath.Join(b.dir, helpers, "initdb.d"): 0o755 | fs.ModeDir,
	} {
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("%s: got %v, %v, want %v", path, info.Mode(), err, want)
		}
	}
}

func TestADamagedEnvIsRefusedAndKept(t *testing.T) {
	b := newBench(t, docker())
	good := strings.Join(b.mustUp(lab.GatewaySettings{}).lines, "\n") + "\n"
	line := regexp.MustCompile(`(?m)^SANDBOXLABS_PASSWORD=.*\n`)
	for cause, content := range map[string]string{
		"is missing":                  line.ReplaceAllString(good, ""),
		"is there twice":              good + line.FindString(good),
		"its last line has no end":    good[:len(good)-9],
		"it is larger than":           good + strings.Repeat("#", envLimit),
		"has no end":                  "",
		"WEB_PORT is none":            regexp.MustCompile(`WEB_PORT=.*`).ReplaceAllString(good, "WEB_PORT=65536"),
		"SANDBOXLABS_PASSWORD is non": line.ReplaceAllString(good, "SANDBOXLABS_PASSWORD='quoted-and-long-enough'\n"),
		"COMPOSE_PROJECT_NAME is non": regexp.MustCompile(`COMPOSE_PROJECT_NAME=.*`).ReplaceAllString(good, "COMPOSE_PROJECT_NAME=-p"),
	} {
		if err := os.WriteFile(b.envPath(), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, accessErr := b.Access()
		for _, err := range []error{b.up(lab.GatewaySettings{}), b.down(), accessErr} {
			mustBe(t, err, lab.KindInvalid, cause, b.envPath(), "are damaged", "Put the file back")
		}
		if mustRead(t, b.envPath()) != content {
			t.Errorf("%s: it was changed", cause)
		}
	}
}

func TestAnEnvThatIsNoFile(t *testing.T) {
	b := newBench(t, docker())
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(b.envPath(), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := b.Access()
	mustBe(t, err, lab.KindInvalid, "not a regular file")
}

func TestWhatAPersonAddedStays(t *testing.T) {
	b := newBench(t, docker())
	b.mustUp(lab.GatewaySettings{})
	content := mustRead(t, b.envPath()) + "# mine\nTZ=UTC\n"
	if err := os.WriteFile(b.envPath(), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	free := mustFreePort(t)
	b.script(docker())
	b.mustUp(lab.GatewaySettings{WebPort: free})
	want := regexp.MustCompile(`WEB_PORT=.*`).ReplaceAllString(content, "WEB_PORT="+strconv.Itoa(free))
	if got := mustRead(t, b.envPath()); got != want {
		t.Errorf("got another .env than that with a new port")
	}
}

func TestFilesFollowTheProgram(t *testing.T) {
	b := newBench(t, docker())
	b.mustUp(lab.GatewaySettings{})
	untouched := filepath.Join(b.dir, helpers, "prepare.sh")
	before, err := os.Stat(untouched)
	if err != nil {
		t.Fatal(err)
	}
	stray := filepath.Join(b.dir, helpers, "initdb.d", "90-old.sql")
	for _, path := range []string{stray, filepath.Join(b.dir, helpers, "old", "x")} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	roles := filepath.Join(b.dir, helpers, "initdb.d", "20-roles.sql")
	if err := os.Chmod(roles, 0o600); err != nil {
		t.Fatal(err)
	}
	newer := files()
	newer[composeFile] = &fstest.MapFile{Data: []byte("services: {new: {}}\n")}
	b.files = newer
	b.script(docker())
	b.mustUp(lab.GatewaySettings{})
	if after, err := os.Stat(untouched); err != nil || !os.SameFile(before, after) {
		t.Errorf("%s was written again: %v", untouched, err)
	}
	if info, err := os.Stat(roles); err != nil || info.Mode() != 0o644 {
		t.Errorf("%s is not readable for the container", roles)
	}
	if got := mustRead(t, filepath.Join(b.dir, composeFile)); got != "services: {new: {}}\n" {
		t.Errorf("got %q", got)
	}
	for _, path := range []string{stray, filepath.Join(b.dir, helpers, "old")} {
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
}

func TestPortsInUse(t *testing.T) {
	b := newBench(t, docker())
	socket, number := mustListen(t)
	for setting, s := range map[string]lab.GatewaySettings{
		"web port": {WebPort: number}, "guacd port": {GuacdPort: number}, "database port": {DatabasePort: number},
	} {
		mustBe(t, b.up(s), lab.KindBusy, "port "+strconv.Itoa(number), "Choose another "+setting)
	}
	if b.wasSetUp() {
		t.Error("it was set up")
	}
	_ = socket.Close()
	b.script(docker())
	e := b.mustUp(lab.GatewaySettings{GuacdPort: number})
	if got := e.get(guacdPort); got != strconv.Itoa(number) {
		t.Errorf("got %s, want %d", got, number)
	}
}

// mustListen is somebody who has a port.
func mustListen(t *testing.T) (net.Listener, int) {
	t.Helper()
	socket := mustTake(t, "0")
	return socket, socket.Addr().(*net.TCPAddr).Port
}

func mustTake(t *testing.T, number string) net.Listener {
	t.Helper()
	socket, err := net.Listen("tcp4", "127.0.0.1:"+number)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() }) // the test may have
	return socket
}

func mustFreePort(t *testing.T) int {
	t.Helper()
	socket, number := mustListen(t)
	_ = socket.Close()
	return number
}

func TestOurOwnPortIsNotInTheWay(t *testing.T) {
	b := newBench(t, docker())
	number := mustFreePort(t)
	b.mustUp(lab.GatewaySettings{DatabasePort: number})
	mustTake(t, strconv.Itoa(number))
	healthy := reply{Out: inspectOutput("prepare exited", "postgres running healthy", "guacd running healthy", "guacamole running healthy")}
	b.script(docker().with("docker ps", reply{Out: "a1\n"}).with("docker inspect", healthy))
	b.mustUp(lab.GatewaySettings{})
	b.script(docker().with("docker ps", reply{Out: "a1\n"}).with("docker inspect", reply{Out: inspectOutput("postgres exited 1")}))
	mustBe(t, b.up(lab.GatewaySettings{}), lab.KindBusy, "port "+strconv.Itoa(number), "database")
}

func TestPortsThatCanNotBe(t *testing.T) {
	b := newBench(t, docker())
	mustBe(t, b.up(lab.GatewaySettings{WebPort: 28086, GuacdPort: 28086}), lab.KindInvalid, "28086", "web application and of guacd")
}

func TestTwoStacksAtOnce(t *testing.T) {
	b := newBench(t, docker())
	first := b.mustUp(lab.GatewaySettings{})
	for _, l := range listeners { // the fake containers do not
		mustTake(t, first.get(l.variable))
	}
	other := *b
	other.Stack = New(files(), filepath.Join(b.home, "other"))
	other.pause = time.Millisecond
	b.script(docker())
	second := other.mustUp(lab.GatewaySettings{})
	for name := range rules {
		if first.get(name) == second.get(name) {
			t.Errorf("both have %s=%s", name, first.get(name))
		}
	}
}

func TestAFolderThatTakesNothing(t *testing.T) {
	b := newBench(t, docker())
	file := filepath.Join(b.home, "file") // no folder can be made below it, by root neither
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.dir = filepath.Join(file, "gateway")
	mustBe(t, b.up(lab.GatewaySettings{}), lab.KindUnavailable, "can not make the folder of")
}

func TestAFullOrClosedDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("mounts a file system; run without -short")
	}
	if os.Getuid() != 0 {
		t.Skip("only root mounts a file system")
	}
	b := newBench(t, docker())
	b.dir = filepath.Join(b.home, "disk")
	if err := os.Mkdir(b.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", b.dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("may not mount a file system: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(b.dir, syscall.MNT_DETACH) }) // nothing else can be done
	filler := filepath.Join(b.dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 60<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	mustBe(t, b.up(lab.GatewaySettings{}), lab.KindUnavailable, "no space left")
	if b.wasSetUp() {
		t.Error("there is half an .env")
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	b.script(docker())
	b.mustUp(lab.GatewaySettings{})
	before := mustRead(t, b.envPath())
	if err := syscall.Mount("", b.dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	b.script(docker())
	mustBe(t, b.up(lab.GatewaySettings{WebPort: mustFreePort(t)}), lab.KindUnavailable, "can not reserve")
	if got := mustRead(t, b.envPath()); got != before {
		t.Error(".env was changed")
	}
}

// writerEnv makes this test binary a process that writes .env until it is killed.
const writerEnv = "STACK_TEST_WRITER"

func writeForEver(dir string) {
	s := New(files(), dir)
	for n := 0; ; n++ {
		e, err := s.env()
		must(err)
		e.set(webPort, strconv.Itoa(20000+n%10000))
		e.set(guacdPort, "4822")
		e.set(databasePort, "5433")
		must(s.writeFiles())
		must(s.writeEnv(e))
	}
}

func TestKilledWhileWriting(t *testing.T) {
	if testing.Short() {
		t.Skip("kills 30 processes, one after the other; run without -short")
	}
	s := New(files(), filepath.Join(t.TempDir(), "gateway"))
	var secrets []string
	for n := range 30 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), writerEnv+"="+s.dir)
		var said bytes.Buffer
		cmd.Stderr = &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(20+n*3) * time.Millisecond)
		_ = cmd.Process.Kill() // it ends no other way
		_ = cmd.Wait()
		if said.Len() > 0 {
			t.Fatal(said.String())
		}
		e, err := s.env()
		if err != nil {
			t.Fatal(err)
		}
		if !s.wasSetUp() {
			continue
		}
		now := []string{e.get(adminPassword), e.get(webPassword), e.get(ourPassword)}
		if secrets != nil && !slices.Equal(secrets, now) {
			t.Fatal("there are other passwords")
		}
		secrets = now
	}
	if secrets == nil {
		t.Fatal("nothing was ever written")
	}
}
