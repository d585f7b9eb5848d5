package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"

	"sandboxlabs/backend/lab"
)

// bed is a place to measure in: XDG folders and a pool of its own, on the
// libvirt a person has.
type bed struct {
	program string
	rounds  int
	dir     string
	pool    string
	path    string // of the pool
	env     []string
	server  *server
	events  *watcher
	base    string          // path of the base image in the pool
	hands   map[string]bool // UUIDs of the domains made by hand
}

const imageName = "tiny"

// newBed makes the folders. The system's libvirt can not reach a folder of
// root's home, so its pool lies where the system keeps images.
func newBed(program string, rounds int) (*bed, error) {
	dir, err := os.MkdirTemp("", "sandboxlabs-bench-")
	if err != nil {
		return nil, err
	}
	b := &bed{program: program, rounds: rounds, dir: dir, pool: "bench-" + uuid.NewString()[:8], hands: map[string]bool{}}
	b.path = filepath.Join(dir, "pool")
	if os.Geteuid() == 0 {
		b.path = filepath.Join("/var/lib/libvirt/images", b.pool)
	}
	config := fmt.Sprintf("[pool]\nname = %q\npath = %q\n", b.pool, b.path)
	if err := os.MkdirAll(filepath.Join(dir, "config", "sandboxlabs"), 0o700); err != nil {
		return nil, err
	}
	b.env = append(os.Environ(),
		"XDG_CONFIG_HOME="+dir+"/config", "XDG_DATA_HOME="+dir+"/data", "XDG_STATE_HOME="+dir+"/state", "XDG_CACHE_HOME="+dir+"/cache",
		"XDG_RUNTIME_DIR="+dir) // which also gives a user a session libvirt apart
	return b, os.WriteFile(filepath.Join(dir, "config", "sandboxlabs", "config.toml"), []byte(config), 0o600)
}

// open puts the image into the library and starts the server.
func (b *bed) open(ctx context.Context, image string) error {
	text, err := b.sandboxlabs(ctx, "image", "add", image, "--name", imageName, "--json")
	if err != nil {
		return err
	}
	var added lab.Image
	if err := json.Unmarshal(text, &added); err != nil {
		return err
	}
	b.base = added.Path
	if b.server, err = startServer(ctx, b.program, b.env); err != nil {
		return err
	}
	b.events, err = watch(ctx, b.env)
	return err
}

// close removes everything; it goes on past what fails and tells all of it.
func (b *bed) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	var errs []error
	if b.server != nil {
		errs = append(errs, b.clear(ctx), b.server.stop())
	}
	if b.events != nil {
		b.events.stop()
	}
	for id := range b.hands { // after a failure; one that is off, or was never defined, says so, which is no matter
		for _, do := range []string{"destroy", "undefine"} {
			_, _ = run(ctx, b.env, "virsh", do, id)
		}
	}
	if _, err := os.Stat(b.path); err == nil { // it was made
		for _, do := range []string{"pool-destroy", "pool-undefine"} {
			_, err := run(ctx, b.env, "virsh", do, b.pool)
			errs = append(errs, err)
		}
	}
	errs = append(errs, os.RemoveAll(b.path), os.RemoveAll(b.path+".incoming"))
	return errors.Join(append(errs, os.RemoveAll(b.dir))...)
}

// clear deletes every node.
func (b *bed) clear(ctx context.Context) error {
	var nodes []lab.Node
	if err := b.server.call(ctx, "List", &nodes); err != nil {
		return err
	}
	for i := range nodes {
		if err := b.server.call(ctx, "Delete", nil, nodes[i].ID, true); err != nil {
			return err
		}
	}
	return nil
}

func (b *bed) sandboxlabs(ctx context.Context, args ...string) ([]byte, error) {
	return run(ctx, b.env, b.program, args...)
}

// run gives the standard output of a command; its error tells what the command said.
func run(ctx context.Context, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = env
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", filepath.Base(name), strings.Join(args, " "), err, strings.TrimSpace(errs.String()))
	}
	return out.Bytes(), nil
}

// node makes a node and gives it.
func (b *bed) node(ctx context.Context, name string) (n lab.Node, err error) {
	err = b.server.call(ctx, "Create", &n, json.RawMessage(fmt.Sprintf(`{"name":%q,"image":%q,"memoryMiB":256}`, name, imageName)))
	return n, err
}
