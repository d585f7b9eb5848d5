package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

func TestUpGoesUntilAllIsHealthy(t *testing.T) {
	b := newBench(t, docker())
	e := b.mustUp(lab.GatewaySettings{})
	want := []string{"docker compose -p " + e.get(projectName) + " -f docker-compose.yml up -d --remove-orphans"}
	if got := b.calls(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	wantTold := []string{
		"Container x-guacd-1  Starting", "Container x-guacd-1  Started",
		"Waiting for prepare (running), postgres (created), guacd (not there yet), guacamole (not there yet)",
		"Waiting for postgres (starting), guacamole (starting)",
	}
	if !slices.Equal(b.told, wantTold) {
		t.Errorf("told %q, want %q", b.told, wantTold)
	}
}

func TestAccessIsWhatUpHasSetUp(t *testing.T) {
	b := newBench(t, docker())
	_, err := b.Access()
	mustBe(t, err, lab.KindNotFound, "never set up")
	e := b.mustUp(lab.GatewaySettings{WebPort: 28085, DatabasePort: 25433})
	got, err := b.Access()
	want := lab.GatewayAccess{
		URL:        "http://127.0.0.1:28085/guacamole",
		DSN:        "postgres://sandboxlabs:" + e.get(ourPassword) + "@127.0.0.1:25433/guacamole_db?sslmode=disable",
		Recordings: "/recordings",
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestUpAgainKeepsWhatWasChosen(t *testing.T) {
	b := newBench(t, docker())
	first := b.mustUp(lab.GatewaySettings{})
	b.script(docker().with("docker ps", reply{Out: "a1\n"}))
	second := b.mustUp(lab.GatewaySettings{})
	if !slices.Equal(first.lines, second.lines) {
		t.Error(".env is another one")
	}
}

func TestNothingIsAskedBeforeTheFirstUp(t *testing.T) {
	b := newBench(t, docker().without("docker"))
	if err := b.down(); err != nil {
		t.Error(err)
	}
	if services, err := b.Services(t.Context()); err != nil || services == nil || len(services) > 0 {
		t.Errorf("got %v, %v, want an empty list", services, err)
	}
	if logs, err := b.Logs(t.Context(), 10); err != nil || logs != "" {
		t.Errorf("got %q, %v, want nothing", logs, err)
	}
	if _, err := os.Stat(b.dir); err == nil {
		t.Error("the folder was made")
	}
}

func TestDownLeavesTheVolumes(t *testing.T) {
	b := newBench(t, docker())
	e := b.mustUp(lab.GatewaySettings{})
	b.script(docker().with("docker ps", reply{Out: "a1\n"}))
	if err := b.down(); err != nil {
		t.Fatal(err)
	}
	want := []string{"docker compose -p " + e.get(projectName) + " -f docker-compose.yml down --remove-orphans"}
	if got := b.calls(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	b.script(docker().with("docker ps", reply{}))
	if err := b.down(); err != nil || len(b.calls()) > 0 {
		t.Errorf("got %v after %q, want nothing done to what is down", err, b.calls())
	}
}

func TestServicesAndLogs(t *testing.T) {
	b := newBench(t, docker())
	e := b.mustUp(lab.GatewaySettings{})
	b.script(docker().
		with("docker ps", reply{Out: "a1\nb2\n"}).
		with("docker inspect", reply{Out: inspectOutput("guacd running healthy", "other running", "prepare exited")}).
		with("docker logs --tail 7 id2", reply{Out: "one\n", Err: "two\n"}).
		with("docker logs --tail 7 id0", reply{Err: "password " + e.get(webPassword) + "\x1b[0m"}))
	got, err := b.Services(t.Context())
	want := []lab.StackService{{Name: "prepare", State: "exited"}, {Name: "guacd", State: "running", Health: "healthy"}}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	logs, err := b.Logs(t.Context(), 7)
	if want := "prepare | one\nprepare | two\nguacd | password ********\n"; err != nil || logs != want {
		t.Errorf("got %q, %v, want %q", logs, err, want)
	}
}

func TestPodmanSaysItOtherwise(t *testing.T) {
	s := script{
		"podman-compose version": {{Out: "podman-compose version 1.3.0\npodman version 5.4.2\n"}},
		"podman compose version": {{Err: "Error: unrecognized command `podman compose`\n", Code: 125}},
		"podman info":            {{Out: `{"host":{"security":{"rootless":true},"serviceIsRemote":false}}`}},
		"podman volume ls":       {{}},
		"podman ps":              {{}, {Out: "a1\n"}},
		"podman inspect": {{Out: strings.ReplaceAll(inspectOutput(
			"prepare exited", "postgres running healthy", "guacd running healthy", "guacamole running healthy"), `"Health"`, `"Healthcheck"`)}},
		"podman-compose -p": {{Out: "podman start x\n"}},
	}
	b := newBench(t, s)
	e := b.mustUp(lab.GatewaySettings{})
	want := []string{"podman-compose -p " + e.get(projectName) + " -f docker-compose.yml up -d --remove-orphans"}
	if got := b.calls(); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAContainerThatFails(t *testing.T) {
	for name, test := range map[string]struct {
		containers []string
		log        string
		kind       lab.Kind
		want       []string
	}{
		"one-shot":  {[]string{"prepare exited 3"}, "disk full", lab.KindUnavailable, []string{"prepare ended with code 3: disk full", "docker logs x-prepare-1"}},
		"ended":     {[]string{"prepare exited", "guacd exited 1"}, "bad option", lab.KindUnavailable, []string{"guacd ended with code 1: bad option"}},
		"unhealthy": {[]string{"guacamole running unhealthy"}, "SEVERE", lab.KindUnavailable, []string{"guacamole is not healthy: SEVERE\nthe check said this"}},
		"in a loop": {[]string{"guacd restarting"}, "Address in use", lab.KindBusy, []string{"guacd ended and was started anew 4 times", "Choose another one"}},
		"old database": {
			[]string{"postgres running unhealthy"},
			`password authentication failed for user "sandboxlabs"`, lab.KindUnavailable,
			[]string{"postgres is not healthy", "made with other passwords", "docker volume rm sandboxlabs-"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, docker().
				with("docker inspect", reply{Out: inspectOutput(test.containers...)}).
				with("docker logs", reply{Err: test.log + "\n"}))
			mustBe(t, b.up(lab.GatewaySettings{}), test.kind, test.want...)
		})
	}
}

// What runs and is not healthy, as after the machine slept, is started anew.
func TestUnhealthyFromBefore(t *testing.T) {
	b := newBench(t, docker().
		with("docker ps", reply{Out: "a1\n"}).
		with("docker inspect",
			reply{Out: inspectOutput("prepare exited", "postgres running healthy", "guacd running healthy", "guacamole running unhealthy")},
			reply{Out: inspectOutput("prepare exited", "postgres running healthy", "guacd running healthy", "guacamole running healthy")}))
	e := b.mustUp(lab.GatewaySettings{})
	want := "docker compose -p " + e.get(projectName) + " -f docker-compose.yml restart guacamole"
	if got := b.calls(); !slices.Contains(got, want) {
		t.Errorf("got %q, want %q among them", got, want)
	}
}

func TestComposeFailsBecauseOfAContainer(t *testing.T) {
	b := newBench(t, docker().
		with("docker compose -p", reply{Err: `service "prepare" didn't complete successfully: exit 1`, Code: 1}).
		with("docker inspect", reply{Out: inspectOutput("prepare exited 1", "guacd created")}).
		with("docker logs", reply{Out: "No space left on device\n"}))
	mustBe(t, b.up(lab.GatewaySettings{}), lab.KindUnavailable, "prepare ended with code 1: No space left")
}

func TestUpTakesTooLong(t *testing.T) {
	b := newBench(t, docker().with("docker inspect", reply{Out: inspectOutput("prepare exited", "guacd running healthy")}))
	b.healthy = 10 * time.Millisecond
	mustBe(t, b.up(lab.GatewaySettings{}), lab.KindUnavailable, "not up after 10ms, missing: postgres (not there yet), guacamole (not there yet)")
}

func TestAContainerGoesBetweenTwoQuestions(t *testing.T) {
	b := newBench(t, docker().with("docker inspect",
		reply{Err: "Error: No such container: a1\n", Code: 1},
		reply{Out: inspectOutput("prepare exited", "postgres running healthy", "guacd running healthy", "guacamole running healthy")}))
	b.mustUp(lab.GatewaySettings{})
}

func TestALostEnvDoesNotMeetItsOldDatabase(t *testing.T) {
	b := newBench(t, docker())
	project := newEnv(b.dir).get(projectName)
	b.script(docker().with("docker volume ls", reply{Out: project + "_database_old\n" + project + "_database\n"}))
	mustBe(t, b.up(lab.GatewaySettings{}), lab.KindExists, "passwords in", "are lost", "docker volume rm "+project+"_database")
	if b.wasSetUp() {
		t.Error("there are new passwords")
	}
}

func TestCancelKillsAllThatWasStarted(t *testing.T) {
	for _, at := range []string{"docker compose version", "docker info", "docker ps", "docker compose -p", "docker inspect"} {
		t.Run(at, func(t *testing.T) {
			b := newBench(t, docker().with(at, reply{Out: "{}", Hang: true}))
			if at == "docker inspect" { // must be asked at all
				b.script(docker().with(at, reply{Hang: true}).with("docker ps", reply{Out: "a1\n"}))
			}
			ctx, cancel := context.WithCancel(t.Context())
			failed := make(chan error, 1)
			go func() { failed <- b.Up(ctx, lab.GatewaySettings{}, func(string) {}) }()
			pids := awaitHung(t, filepath.Join(b.home, "hung"))
			cancel()
			err := <-failed
			mustBe(t, err, lab.KindUnavailable, "cancelled")
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want a cancelled context in it", err)
			}
			for _, pid := range pids {
				awaitGone(t, pid)
			}
		})
	}
}

func awaitHung(t *testing.T, path string) (pids [2]int) {
	t.Helper()
	for range 1000 {
		content, _ := os.ReadFile(path) // it comes
		if _, err := fmt.Sscan(string(content), &pids[0], &pids[1]); err == nil {
			return pids
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("nothing hangs")
	return pids
}

func awaitGone(t *testing.T, pid int) {
	t.Helper()
	for range 400 {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(stat), ") Z ") || syscall.Kill(pid, 0) != nil {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Errorf("process %d still runs", pid)
}

func TestNothingBeginsOnceCancelled(t *testing.T) {
	b := newBench(t, docker())
	mustBe(t, b.Up(cancelledAfter(0), lab.GatewaySettings{}, func(string) {}), lab.KindUnavailable, "cancelled")
	if got := b.calls(); len(got) > 0 {
		t.Errorf("got %q, want nothing", got)
	}
}

func TestASilentEngine(t *testing.T) {
	b := newBench(t, docker().with("docker info", reply{Hang: true}))
	b.answers = 100 * time.Millisecond
	mustBe(t, b.up(lab.GatewaySettings{}), lab.KindUnavailable, "Docker does not answer", "sudo systemctl restart docker")
}

func TestUpWhileAnotherProcessIsAtIt(t *testing.T) {
	b := newBench(t, docker())
	unlock, err := b.lock()
	if err != nil {
		t.Fatal(err)
	}
	mustBe(t, b.up(lab.GatewaySettings{}), lab.KindBusy, "being changed already")
	unlock()
	b.mustUp(lab.GatewaySettings{})
}

func TestNoPasswordLeaves(t *testing.T) {
	b := newBench(t, docker())
	e := b.mustUp(lab.GatewaySettings{})
	secrets := e.get(adminPassword) + " " + e.get(webPassword) + "\n" + e.get(ourPassword)
	ready := reply{Out: inspectOutput("prepare exited", "postgres running healthy", "guacd running healthy", "guacamole running healthy")}
	for at, r := range map[string]script{
		"progress": docker().with("docker compose -p", reply{Err: secrets}).with("docker inspect", ready),
		"compose":  docker().with("docker compose -p", reply{Err: secrets, Code: 1}).with("docker inspect", ready),
		"info":     docker().with("docker info", reply{Err: secrets, Code: 1}),
		"errors":   docker().with("docker info", reply{Out: `{"ServerErrors":["` + e.get(ourPassword) + `"]}`}),
		"log":      docker().with("docker inspect", reply{Out: inspectOutput("prepare exited 1")}).with("docker logs", reply{Out: secrets}),
		"check": docker().with("docker inspect", reply{Out: strings.ReplaceAll(
			inspectOutput("guacd running unhealthy"), "the check said this", e.get(adminPassword))}),
	} {
		b.script(r)
		b.told = nil
		said := ""
		if err := b.up(lab.GatewaySettings{}); err != nil {
			said += err.Error() + lab.ProblemOf(err).Hint
		}
		said += strings.Join(b.told, "\n")
		if !strings.Contains(said, "********") {
			t.Errorf("%s: got %q, want asterisks in it", at, said)
		}
		for _, name := range passwords {
			if strings.Contains(said, e.get(name)) {
				t.Errorf("%s: got %s in %q", at, name, said)
			}
		}
	}
}
