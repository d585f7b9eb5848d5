package stack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"sandboxlabs/backend/lab"
)

var parserDir string

// parser builds the program of testdata/compose.
var parser = sync.OnceValues(func() (program string, err error) {
	if parserDir, err = os.MkdirTemp("", "stack"); err != nil {
		return "", err
	}
	program = filepath.Join(parserDir, "compose")
	cmd := exec.Command("go", "build", "-o", program, ".")
	cmd.Dir = filepath.Join("testdata", "compose")
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, said)
	}
	return program, nil
})

// project is what Compose makes of docker-compose.yml.
type project struct {
	Name     string
	Services map[string]composed
}

type composed struct {
	Image       string
	Command     []string
	Environment map[string]string
	NetworkMode string `json:"network_mode"`
	Restart     string
	Privileged  bool
	ReadOnly    bool     `json:"read_only"`
	CapDrop     []string `json:"cap_drop"`
	SecurityOpt []string `json:"security_opt"`
	Ports       []struct {
		HostIP    string `json:"host_ip"`
		Target    int
		Published string
	}
	Volumes []struct {
		Type, Source, Target string
		ReadOnly             bool `json:"read_only"`
	}
	Healthcheck struct{ Test []string }
}

// mustSetUp sets up the real files of the gateway, below a fake engine.
func mustSetUp(t *testing.T) (dir string, e *env) {
	t.Helper()
	path, home := os.Getenv("PATH"), os.Getenv("HOME")
	b := newBench(t, docker())
	b.files = os.DirFS("../..")
	e = b.mustUp(lab.GatewaySettings{})
	t.Setenv("PATH", path)
	t.Setenv("HOME", home)
	return b.dir, e
}

// parse gives what Docker Compose makes of the files.
func parse(t *testing.T, dir string) (p project, complaint string) {
	t.Helper()
	program, err := parser()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Dir, cmd.Env = dir, []string{"HOME=" + dir}
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return p, err.Error() + ": " + said.String()
	}
	if err := json.Unmarshal(out.Bytes(), &p); err != nil {
		t.Fatal(err)
	}
	return p, ""
}

func TestComposeFile(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the parser of Compose; run without -short")
	}
	dir, e := mustSetUp(t)
	p, complaint := parse(t, dir)
	if complaint != "" || len(p.Services) != len(services) || p.Name != e.get(projectName) {
		t.Fatalf("got %+v, %s", p, complaint)
	}
	for name, s := range p.Services {
		t.Run(name, func(t *testing.T) {
			checkService(t, name, s)
			checkSecrets(t, name, s, e)
		})
	}
	checkPorts(t, p, e)
}

func checkService(t *testing.T, name string, s composed) {
	t.Helper()
	if !regexp.MustCompile(`^[a-z/]+:\d+\.\d+[a-z0-9.-]*$`).MatchString(s.Image) {
		t.Errorf("image %s is not pinned", s.Image)
	}
	wantNetwork := map[string]string{prepare: "none", guacd: "host", guacamole: "host"}[name]
	wantRestart := map[string]string{prepare: "no"}[name]
	if wantRestart == "" {
		wantRestart = "unless-stopped"
	}
	if s.NetworkMode != wantNetwork || s.Restart != wantRestart {
		t.Errorf("network %q, restart %q, want %q and %q", s.NetworkMode, s.Restart, wantNetwork, wantRestart)
	}
	if s.Privileged || !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
		t.Error("it may more than it must")
	}
	if len(s.Healthcheck.Test) == 0 && name != prepare {
		t.Error("nobody looks after it")
	}
	for _, v := range s.Volumes {
		if v.Type == "bind" && !v.ReadOnly {
			t.Errorf("it may write to %s", v.Source)
		}
	}
}

// checkSecrets looks for passwords where they are not needed.
func checkSecrets(t *testing.T, name string, s composed, e *env) {
	t.Helper()
	may := map[string][]string{postgres: passwords, guacamole: {webPassword}}[name]
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, password := range passwords {
		if got, want := strings.Contains(string(text), e.get(password)), slices.Contains(may, password); got != want {
			t.Errorf("%s is there: %v, want %v", password, got, want)
		}
	}
	for variable := range s.Environment {
		if name == guacamole && strings.HasPrefix(variable, "POSTGRES_") {
			t.Errorf("the image would rename %s", variable)
		}
	}
}

// checkPorts looks where everything listens.
func checkPorts(t *testing.T, p project, e *env) {
	t.Helper()
	for name, s := range p.Services {
		for _, port := range s.Ports {
			if name != postgres || port.HostIP != loopback || port.Published != e.get(databasePort) || port.Target != 5432 {
				t.Errorf("%s: %+v is published", name, port)
			}
		}
	}
	if len(p.Services[postgres].Ports) != 1 {
		t.Error("the database is not published once")
	}
	if got, want := p.Services[guacd].Command, []string{"-b", loopback, "-l", e.get(guacdPort)}; !slices.Equal(got, want) {
		t.Errorf("guacd: got %q, want %q", got, want)
	}
	if got := p.Services[guacamole].Environment[webPort]; got != e.get(webPort) {
		t.Errorf("web application: got port %q, want %q", got, e.get(webPort))
	}
}

func TestComposeFileNeedsEveryVariable(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the parser of Compose; run without -short")
	}
	dir, _ := mustSetUp(t)
	path := filepath.Join(dir, envFile)
	whole := mustRead(t, path)
	for name := range rules {
		if name == projectName { // the folder's name stands in
			continue
		}
		part := regexp.MustCompile(`(?m)^`+name+`=.*\n`).ReplaceAllString(whole, "")
		if err := os.WriteFile(path, []byte(part), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, complaint := parse(t, dir); !strings.Contains(complaint, "required variable "+name) {
			t.Errorf("without %s: %q", name, complaint)
		}
	}
}

// The Compose of the distribution reads .env by itself, and may be as old as 1.29.
func TestComposeOfTheDistribution(t *testing.T) {
	if testing.Short() {
		t.Skip("runs Docker Compose; run without -short")
	}
	if !isInstalled("docker-compose") {
		t.Fatal("there is no docker-compose here; build/setup.sh test installs it")
	}
	dir, e := mustSetUp(t)
	said, err := composeConfig(dir)
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	for _, name := range append(passwords, webPort, guacdPort, databasePort) {
		if !strings.Contains(said, e.get(name)) {
			t.Errorf("%s was not read", name)
		}
	}
	without := regexp.MustCompile(`(?m)^GUACD_PORT=.*\n`).ReplaceAllString(mustRead(t, filepath.Join(dir, envFile)), "")
	if err := os.WriteFile(filepath.Join(dir, envFile), []byte(without), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err := composeConfig(dir); err == nil || !strings.Contains(said, "guacd needs a port in .env") {
		t.Errorf("got %s, %v, want what is missing", said, err)
	}
}

func composeConfig(dir string) (string, error) {
	cmd := exec.Command("docker-compose", "-p", "x", "-f", composeFile, "config")
	cmd.Dir = dir
	said, err := cmd.CombinedOutput()
	return string(said), err
}
