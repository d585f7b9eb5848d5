package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"sandboxlabs/backend/lab"
)

// pullBytes is how much is downloaded: enough that the rest does not matter.
const pullBytes = 1 << 30

// pull measures a download from this machine, from the click to the published
// image, beside one that is only summed up and not kept.
func (b *bed) pull(ctx context.Context) ([]row, error) {
	r := row{what: "pull " + lab.Size(pullBytes) + " from loopback, verified", means: "curl, sha256sum", aim: "1.1 of the baseline"}
	disk, sum, err := b.pullable(ctx)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	publisher := &http.Server{Handler: http.FileServer(http.Dir(filepath.Dir(disk))), ReadHeaderTimeout: time.Minute}
	go func() { _ = publisher.Serve(listener) }() // it ends when it is closed
	defer func() { _ = publisher.Close() }()
	address := "http://" + listener.Addr().String() + "/" + filepath.Base(disk)
	for i := range min(b.rounds, 5) {
		name := fmt.Sprintf("pulled-%d", i)
		in := map[string]string{"name": name, "address": address, "sum": sum}
		if err := timed(&r.ours, func() error { return b.addOnce(ctx, in) }); err != nil {
			return nil, err
		}
		if err := b.server.call(ctx, "RemoveImage", nil, name); err != nil {
			return nil, err
		}
		if err := timed(&r.command, func() error {
			_, err := b.sandboxlabs(ctx, "image", "pull", address, "--name", "pulled", "--sum", sum)
			return err
		}); err != nil {
			return nil, err
		}
		if _, err := b.sandboxlabs(ctx, "image", "rm", "pulled"); err != nil {
			return nil, err
		}
		if err := timed(&r.baseline, func() error { return curlAndSum(ctx, address, sum) }); err != nil {
			return nil, err
		}
	}
	return []row{r}, os.Remove(disk)
}

// pullable makes a qcow2 disk full of noise.
func (b *bed) pullable(ctx context.Context) (disk, sum string, err error) {
	noise := filepath.Join(b.dir, "noise.raw")
	raw, err := os.Create(noise)
	if err != nil {
		return "", "", err
	}
	_, err = io.CopyN(raw, rand.Reader, pullBytes)
	if err := errors.Join(err, raw.Close()); err != nil {
		return "", "", err
	}
	served := filepath.Join(b.dir, "served")
	if err := os.Mkdir(served, 0o700); err != nil {
		return "", "", err
	}
	disk = filepath.Join(served, "pulled.qcow2")
	if _, err := run(ctx, b.env, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", noise, disk); err != nil {
		return "", "", err
	}
	file, err := os.Open(disk)
	if err != nil {
		return "", "", err
	}
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	return disk, hex.EncodeToString(hash.Sum(nil)), errors.Join(err, file.Close(), os.Remove(noise))
}

// addOnce makes an image of a name that no other has had, since events of that one
// may still be unread, and waits until it is there.
func (b *bed) addOnce(ctx context.Context, in map[string]string) error {
	if err := b.server.call(ctx, "AddImage", nil, in); err != nil {
		return err
	}
	var failed *lab.Problem
	_, err := b.server.first(ctx, "the image", func(e lab.Event) bool {
		if e.Image == nil || e.Image.Name != in["name"] {
			return false
		}
		failed = e.Image.Problem
		return failed != nil || e.Image.State == lab.ImageReady
	})
	if err == nil && failed != nil {
		err = errors.New(failed.Message)
	}
	return err
}

// curlAndSum is curl | sha256sum.
func curlAndSum(ctx context.Context, address, want string) error {
	curl := exec.CommandContext(ctx, "curl", "-sSf", address)
	hash := exec.CommandContext(ctx, "sha256sum")
	pipe, err := curl.StdoutPipe()
	if err != nil {
		return err
	}
	hash.Stdin = pipe
	if err := curl.Start(); err != nil {
		return err
	}
	got, err := hash.Output()
	if err := errors.Join(err, curl.Wait()); err != nil {
		return err
	}
	if string(got[:min(len(want), len(got))]) != want {
		return fmt.Errorf("curl got another file: %s", got)
	}
	return nil
}
