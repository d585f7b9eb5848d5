package stack

import (
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

func TestNoEngineThatWillDo(t *testing.T) {
	const noPlugin = "docker: unknown command: docker compose"
	for name, test := range map[string]struct {
		s    script
		want string
	}{
		"none":      {script{}, "there is no container engine"},
		"no plugin": {script{"docker compose version": {{Err: noPlugin, Code: 1}}}, "its compose plugin is missing"},
		"podman":    {script{"podman compose version": {{Err: "Error: looking up compose provider failed", Code: 125}}}, "Podman is here, but it has no compose"},
		"too old": {script{
			"podman compose version": {{Err: "Error: unrecognized command", Code: 125}},
			"podman-compose version": {{Out: "['podman', '--version', '']\nusing podman version: 4.3.1\npodman-compose version  1.0.3\n"}},
		}, "podman-compose is too old"},
		"compose alone": {script{"docker-compose version": {{Out: "docker-compose version 1.29.2"}}}, "there is no container engine"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, test.s)
			err := b.up(lab.GatewaySettings{})
			mustBe(t, err, lab.KindUnavailable, test.want, installer())
		})
	}
}

func TestTheFirstEngineThatWillDo(t *testing.T) {
	bad := []reply{{Code: 1}}
	good := []reply{{Out: "version"}}
	for name, test := range map[string]struct {
		s    script
		want string
	}{
		"docker": {script{"docker compose version": good, "podman compose version": good, "docker-compose version": good}, "docker compose"},
		"podman": {script{"docker compose version": bad, "podman compose version": good, "docker-compose version": good}, "podman compose"},
		"docker of Debian 12": {
			script{"docker compose version": bad, "podman compose version": bad, "docker-compose version": good, "podman-compose version": good},
			"docker-compose",
		},
		"podman of Debian 13": {script{"podman compose version": bad, "podman-compose version": {{Out: "podman-compose version 1.3.0"}}}, "podman-compose"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, test.s)
			r, err := b.runner(t.Context(), newEnv(b.dir))
			if err != nil || strings.Join(r.engine.compose, " ") != test.want {
				t.Errorf("got %v, %v, want %q", r.engine, err, test.want)
			}
		})
	}
}

func TestInstallerKnowsTheSystem(t *testing.T) {
	for release, want := range map[string]string{
		"NAME=x\nID=debian\n":                     "sudo apt install docker.io docker-compose",
		"ID=ubuntu\nID_LIKE=debian\n":             "sudo apt install docker.io docker-compose-v2",
		"ID_LIKE=\"ubuntu debian\"\nID=linuxmint": "sudo apt install docker.io docker-compose-v2",
		"ID='arch'":     "sudo pacman -S docker docker-compose",
		"ID=\"fedora\"": "sudo dnf install moby-engine docker-compose",
		"":              "See docs.docker.com/engine/install.",
	} {
		if got := installerFor(release); got != want {
			t.Errorf("%q: got %q, want %q", release, got, want)
		}
	}
}

func TestAnEngineWithAnotherLoopback(t *testing.T) {
	for name, test := range map[string]struct{ info, endpoint, want string }{
		"desktop":       {`{"OperatingSystem":"Docker Desktop"}`, "unix:///x", "virtual machine"},
		"rootless":      {`{"SecurityOptions":["name=seccomp,profile=builtin","name=rootless","name=cgroupns"]}`, "unix:///x", "without root"},
		"userns":        {`{"SecurityOptions":["name=userns"]}`, "unix:///x", "userns-remap"},
		"remote podman": {`{"host":{"serviceIsRemote":true}}`, "", "another machine"},
		"ssh":           {`{}`, "ssh://someone@example.org", "another machine"},
		"tcp":           {`{}`, "tcp://192.0.2.1:2376", "another machine"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, docker().with("docker info", reply{Out: test.info}).with("docker context", reply{Out: test.endpoint + "\n"}))
			mustBe(t, b.up(lab.GatewaySettings{}), lab.KindUnavailable, test.want, "127.0.0.1", "external")
		})
	}
	for _, endpoint := range []string{"tcp://127.0.0.1:2375", "tcp://localhost:2375", "tcp://[::1]:2375", "unix:///run/user/0/docker.sock"} {
		if !isHere(endpoint) {
			t.Errorf("%s is taken for another machine", endpoint)
		}
	}
}

func TestWhatEnginesComplainOf(t *testing.T) {
	for _, test := range []struct {
		said string
		kind lab.Kind
		want string
	}{
		{"permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get \"http://x/info\": dial unix /var/run/docker.sock: connect: permission denied", lab.KindDenied, "sudo usermod -aG docker $USER"},
		{"Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", lab.KindUnavailable, "sudo systemctl start docker"},
		{"Cannot connect to the Docker daemon at unix:///run/user/1000/podman/podman.sock. Is the docker daemon running?", lab.KindUnavailable, "podman.socket"},
		{"Error response from daemon: driver failed programming external connectivity: Bind for 127.0.0.1:5433 failed: port is already allocated", lab.KindBusy, "Choose another port"},
		{"Error response from daemon: failed to resolve reference \"docker/x:1\": dial tcp: lookup registry on 192.0.2.53:53: no such host", lab.KindUnavailable, "reaches the internet"},
		{"Error response from daemon: Get \"https://registry/v2/\": net/http: TLS handshake timeout", lab.KindUnavailable, "reaches the internet"},
		{"Error response from daemon: manifest for guacamole/guacd:9 not found: manifest unknown", lab.KindUnavailable, "speak of the same images"},
		{"toomanyrequests: You have reached your pull rate limit", lab.KindUnavailable, "Try again in some hours"},
		{"Error: short-name \"guacamole/guacd:1.6.0\" did not resolve to an alias and no unqualified-search registries are defined", lab.KindUnavailable, "registries.conf"},
		{"failed to register layer: write /x: no space left on device", lab.KindUnavailable, "Free some disk space"},
		{"something else", lab.KindUnavailable, "Docker failed: pulling\nsomething else"},
	} {
		mustBe(t, engines[0].trouble("pulling\n"+test.said), test.kind, test.want, test.said)
	}
	b := newBench(t, docker().with("docker compose -p", reply{Err: "\x1b[31mfailed: no space\x1b[0m left on device\n", Code: 1}).with("docker inspect", reply{Out: "[]"}))
	mustBe(t, b.up(lab.GatewaySettings{}), lab.KindUnavailable, "failed: no space left on device", "Free some disk space")
}

func TestAnOlderDockerTellsErrorsWithoutFailing(t *testing.T) {
	b := newBench(t, docker().with("docker info", reply{Out: `{"ServerErrors":["Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?"]}`}))
	mustBe(t, b.up(lab.GatewaySettings{}), lab.KindUnavailable, "Docker's daemon is not running", "systemctl start docker")
}

func TestAnswersThatAreNotUnderstood(t *testing.T) {
	b := newBench(t, docker().with("docker info", reply{Out: "hello"}))
	mustBe(t, b.up(lab.GatewaySettings{}), lab.KindUnavailable, "what is not understood")
	b.script(docker().with("docker inspect", reply{Out: "hello"}))
	mustBe(t, b.up(lab.GatewaySettings{}), lab.KindUnavailable, "what is not understood")
}

func TestTheEnvironmentIsTrimmed(t *testing.T) {
	for _, name := range []string{webPort, adminPassword, "COMPOSE_FILE", "COMPOSE_PROJECT_NAME", "LD_PRELOAD_X"} {
		t.Setenv(name, "stranger")
	}
	t.Setenv("DOCKER_HOST", "unix:///y")
	b := newBench(t, docker())
	r := &runner{Stack: b.Stack}
	got := strings.Join(r.command(t.Context(), "docker").Env, "\n")
	if strings.Contains(got, "stranger") || !strings.Contains(got, "DOCKER_HOST=unix:///y") || !strings.Contains(got, "\nPATH=") {
		t.Errorf("got %s", got)
	}
}

func TestLinesArePlain(t *testing.T) {
	var told []string
	l := &lines{redact: func(s string) string { return strings.ReplaceAll(s, "secret", "***") }, tell: func(s string) { told = append(told, s) }}
	for _, part := range []string{"\x1b[1A\x1b[2K one\x1b[0m\r", "\n\n  tw", "o sec", "ret\rthree\nthree\n", strings.Repeat("x", lineLimit), "y", "secret", "\nbad\xff\x00utf\nend"} {
		if n, err := l.Write([]byte(part)); n != len(part) || err != nil {
			t.Fatalf("got %d, %v", n, err)
		}
	}
	l.end()
	want := "one|two ***|three|(a very long line)|bad?utf|end"
	if got := strings.Join(told, "|"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
