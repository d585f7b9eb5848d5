package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"sandboxlabs/backend/lab"
)

// A disk to be imported: a quarter of it is written.
const (
	importBytes  = 2 << 30
	importFilled = importBytes / 4
)

// imports measures how disks in other formats become images, until they are
// summed up and published, beside qemu-img alone; and the first node of a base.
func (b *bed) imports(ctx context.Context) (rows []row, err error) {
	dir := filepath.Join(b.dir, "imports")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	raw := filepath.Join(dir, "disk.raw")
	if err := fillDisk(raw, importFilled); err != nil {
		return nil, err
	}
	vmdk := filepath.Join(dir, "disk.vmdk")
	if _, err := run(ctx, b.env, "qemu-img", "convert", "-f", "raw", "-O", "vmdk", raw, vmdk); err != nil {
		return nil, err
	}
	for _, disk := range []struct{ format, file string }{{"raw", raw}, {"vmdk", vmdk}} {
		both, err := b.importOften(ctx, disk.format, disk.file)
		if err != nil {
			return nil, err
		}
		rows = append(rows, both...)
	}
	r, err := b.firstUse(ctx, dir)
	return append(rows, r), err
}

// fillDisk makes a raw disk of importBytes with a partition table and noise.
func fillDisk(path string, filled int64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.Reader, filled)
	if err == nil {
		_, err = f.WriteAt([]byte("\x55\xaa"), 510)
	}
	return errors.Join(err, f.Truncate(importBytes), f.Close())
}

// importOften gives two rows: qemu-img alone leaves the file in the host's memory, and sums up nothing.
func (b *bed) importOften(ctx context.Context, format, file string) ([]row, error) {
	what := "import of a " + format + " disk of " + lab.Size(importBytes) + ", a quarter written, until it is published"
	alone := row{what: what, means: "qemu-img convert", aim: "1.05 of the baseline"}
	whole := row{what: what, means: "qemu-img convert, written to the disk and summed up", aim: "1.05 of the baseline"}
	for i := range min(b.rounds, 5) {
		name := fmt.Sprintf("imported-%s-%d", format, i)
		add := func() error { return b.addOnce(ctx, map[string]string{"name": name, "path": file}) }
		if err := timed(&alone.ours, add); err != nil {
			return nil, err
		}
		if err := b.server.call(ctx, "RemoveImage", nil, name); err != nil {
			return nil, err
		}
		out := file + ".qcow2"
		convert := func() error {
			_, err := run(ctx, b.env, "qemu-img", "convert", "-f", format, "-O", "qcow2", file, out)
			return err
		}
		if err := errors.Join(timed(&alone.baseline, convert), os.Remove(out)); err != nil {
			return nil, err
		}
		all := func() error { return errors.Join(convert(), syncAndSum(out)) }
		if err := errors.Join(timed(&whole.baseline, all), os.Remove(out)); err != nil {
			return nil, err
		}
	}
	whole.ours = alone.ours
	return []row{alone, whole}, nil
}

func syncAndSum(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(sha256.New(), f)
	return errors.Join(err, f.Sync(), f.Close())
}

// firstUse makes the first node of a base that is full of noise, which stands on
// it, beside a copy.
func (b *bed) firstUse(ctx context.Context, dir string) (row, error) {
	r := row{what: "first node of a base of " + lab.Size(importBytes), means: "cp --reflink=never", aim: "no copy"}
	raw := filepath.Join(dir, "full.raw")
	if err := fillDisk(raw, importBytes); err != nil {
		return r, err
	}
	for i := range min(b.rounds, 5) {
		name := fmt.Sprintf("base-%d", i)
		if err := b.addOnce(ctx, map[string]string{"name": name, "path": raw}); err != nil {
			return r, err
		}
		var n lab.Node
		in := map[string]any{"name": "first", "image": name}
		if err := timed(&r.ours, func() error { return b.server.call(ctx, "Create", &n, in) }); err != nil {
			return r, err
		}
		copied := raw + ".copy"
		cp := func() error {
			_, err := run(ctx, b.env, "cp", "--reflink=never", raw, copied)
			return err
		}
		err := errors.Join(
			timed(&r.baseline, cp), os.Remove(copied),
			b.server.call(ctx, "Delete", nil, n.ID, true), b.server.call(ctx, "RemoveImage", nil, name),
		)
		if err != nil {
			return r, err
		}
		time.Sleep(time.Second) // for the disk to settle
	}
	return r, nil
}
