package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"sandboxlabs/backend/lab"
)

// backupBytes are written to the disk of the node that is backed up: one half is
// noise, and the other text.
const backupBytes = 512 << 20

// backups measures how a node that is off is backed up and restored, by the
// command line, beside the tools that do as much: all of them have their files on
// the disk at the end.
func (b *bed) backups(ctx context.Context) (rows []row, err error) {
	dir := filepath.Join(b.dir, "backups")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	n, err := b.node(ctx, "backed-up")
	if err != nil {
		return nil, err
	}
	if err := b.fillOverlay(ctx, dir, n.Overlay.Path); err != nil {
		return nil, err
	}
	size, aim := lab.Size(backupBytes), "1.1 of the baseline"
	away := []row{
		{what: "backup of a node with " + size + " on its disk", means: "tar | zstd, and sha256sum", aim: aim},
		{what: "the same", means: "tar | zstd", aim: aim},
		{what: "the same", means: "qemu-img convert -c (zstd)", aim: aim},
		{what: "the same", means: "qemu-img convert, which packs nothing", aim: aim},
	}
	back := []row{
		{what: "restore of it", means: "zstd -d | tar -x, and sha256sum -c", aim: aim},
		{what: "the same", means: "zstd -d | tar -x", aim: aim},
		{what: "the same", means: "qemu-img convert of the packed", aim: aim},
		{what: "the same", means: "qemu-img convert", aim: aim},
	}
	for range min(b.rounds, 5) {
		if err := b.backUpOnce(ctx, dir, n, away); err != nil {
			return nil, err
		}
		if err := b.restoreOnce(ctx, dir, n, back); err != nil {
			return nil, err
		}
	}
	for i := range away {
		away[i].ours, back[i].ours = away[0].ours, back[0].ours
	}
	return append(away, back...), b.server.call(ctx, "Delete", nil, n.ID, true)
}

// fillOverlay writes to a node's disk.
func (b *bed) fillOverlay(ctx context.Context, dir, overlay string) error {
	content := make([]byte, backupBytes)
	if _, err := rand.Read(content[:backupBytes/2]); err != nil {
		return err
	}
	text := content[backupBytes/2 : backupBytes/2]
	for i := 0; len(text) < backupBytes/2-64; i++ {
		text = fmt.Appendf(text, "%d: the node wrote a line to its log, as it does now and then\n", i)
	}
	file := filepath.Join(dir, "content")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		return err
	}
	const at = 64 << 20 // behind what the base has
	_, err := run(ctx, b.env, "qemu-img", "resize", "-q", overlay, fmt.Sprint(at+backupBytes))
	if err == nil {
		_, err = run(ctx, b.env, "qemu-io", "-f", "qcow2", "-c", fmt.Sprintf("write -s %s %d %d", file, at, backupBytes), overlay)
	}
	return errors.Join(err, os.Remove(file))
}

// sh runs a shell command on files.
func (b *bed) sh(ctx context.Context, command string, files ...string) error {
	_, err := run(ctx, b.env, "sh", append([]string{"-c", "set -e; " + command, "sh"}, files...)...)
	return err
}

// backupFiles are where the backups of one round go.
func backupFiles(dir string) (ours, theirs, packed, converted string) {
	return filepath.Join(dir, "ours"), filepath.Join(dir, "theirs"), filepath.Join(dir, "packed"), filepath.Join(dir, "converted")
}

func (b *bed) backUpOnce(ctx context.Context, dir string, n lab.Node, rows []row) error {
	ours, theirs, packed, converted := backupFiles(dir)
	folder, file := filepath.Split(n.Overlay.Path)
	return errors.Join(
		os.RemoveAll(ours), os.RemoveAll(theirs), os.RemoveAll(packed), os.RemoveAll(converted),
		timed(&rows[0].ours, func() error {
			_, err := b.sandboxlabs(ctx, "backup", ours, "--node", n.Name)
			return err
		}),
		timed(&rows[1].baseline, func() error {
			return b.sh(ctx, `tar -C "$1" -c "$2" | zstd -q -T0 >"$3"; sync "$3"`, folder, file, theirs)
		}),
		timed(&rows[0].baseline, func() error {
			return b.sh(ctx, `cd "$1"; sha256sum "$2" >"$3.sum"; tar -c "$2" | zstd -q -T0 >"$3"; sync "$3"`, folder, file, theirs)
		}),
		timed(&rows[2].baseline, func() error {
			return b.sh(ctx, `qemu-img convert -c -o compression_type=zstd -O qcow2 -B "$1" -F qcow2 "$2" "$3"; sync "$3"`, b.base, n.Overlay.Path, packed)
		}),
		timed(&rows[3].baseline, func() error {
			return b.sh(ctx, `qemu-img convert -O qcow2 -B "$1" -F qcow2 "$2" "$3"; sync "$3"`, b.base, n.Overlay.Path, converted)
		}),
	)
}

func (b *bed) restoreOnce(ctx context.Context, dir string, n lab.Node, rows []row) error {
	ours, theirs, packed, converted := backupFiles(dir)
	name, again := n.Name+"-again", filepath.Join(dir, "again")
	err := errors.Join(
		timed(&rows[0].ours, func() error {
			_, err := b.sandboxlabs(ctx, "restore", ours, "--new-ids", "--rename", n.Name+"="+name)
			return err
		}),
		timed(&rows[1].baseline, func() error {
			return b.sh(ctx, `mkdir "$2"; zstd -q -dc "$1" | tar -C "$2" -x; sync "$2"/*; rm -r "$2"`, theirs, again)
		}),
		timed(&rows[0].baseline, func() error {
			return b.sh(ctx, `mkdir "$2"; cd "$2"; zstd -q -dc "$1" | tar -x; sha256sum --quiet -c "$1.sum"; sync *; rm -r "$2"`, theirs, again)
		}),
		timed(&rows[2].baseline, func() error {
			return b.sh(ctx, `qemu-img convert -O qcow2 -B "$1" -F qcow2 "$2" "$3"; sync "$3"; rm "$3"`, b.base, packed, again)
		}),
		timed(&rows[3].baseline, func() error {
			return b.sh(ctx, `qemu-img convert -O qcow2 -B "$1" -F qcow2 "$2" "$3"; sync "$3"; rm "$3"`, b.base, converted, again)
		}),
	)
	_, gone := b.sandboxlabs(ctx, "node", "rm", name)
	return errors.Join(err, gone)
}
