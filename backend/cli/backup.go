package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// standard is the name of a backup that is no file: stdout or stdin.
const standard = "-"

func (f *face) backup() *cobra.Command {
	var in service.BackupInput
	cmd := &cobra.Command{
		Use: "backup FILE", Short: "Write nodes with their disks into one file", Args: cobra.ExactArgs(1),
		Long: "backup writes every node, or those that --node names, into one file, a tar packed by zstd; - is stdout.\n" +
			"Nodes may run: the disk of one is copied at one moment, for which there must be room in the pool,\n" +
			"and where the guest's agent answers, its file systems are held still for that. Not in it are disks\n" +
			"that wait to be undone, what a TPM holds, and the base images, unless --bases takes them along:\n" +
			"without them, restore needs exactly the same in the library. What the first boot was told, with the\n" +
			"hash of its password, is in it: the file is yours alone to read (0600), and should stay so.",
		ValidArgsFunction: files,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			if args[0] == standard {
				return f.backupTo(cmd.Context(), in)
			}
			return f.backupFile(cmd.Context(), in, args[0])
		}),
	}
	cmd.Flags().StringArrayVar(&in.Nodes, "node", nil, "`name` of a node, may be given again (default: all)")
	cmd.Flags().BoolVar(&in.Bases, "bases", false, "take the base images along, and the media in drives")
	f.completesNodes(cmd)
	return cmd
}

// files completes with the names of files.
func files(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func (f *face) completesNodes(cmd *cobra.Command) {
	if err := cmd.RegisterFlagCompletionFunc("node", f.completeNodes); err != nil {
		panic(err) // the flag is not there
	}
}

// backupTo writes a backup to stdout, and what is told of it to stderr.
func (f *face) backupTo(ctx context.Context, in service.BackupInput) error {
	if f.json || terminal(f.Out) {
		return lab.Errorf(lab.KindInvalid, "a backup is no text: stdout can not take it beside JSON, nor on a terminal").
			WithHint("Name a file, or lead it on: sandboxlabs backup - | ssh HOST 'cat >FILE'")
	}
	a, err := f.makeBackup(ctx, in, f.Out)
	if err == nil {
		tellBackup(f.Err, a)
	}
	return err
}

// backupFile leaves the whole backup under its name, or nothing.
func (f *face) backupFile(ctx context.Context, in service.BackupInput, name string) error {
	if _, err := os.Lstat(name); !errors.Is(err, fs.ErrNotExist) {
		return lab.Errorf(lab.KindExists, "there is a file %s already", name).WithHint("Choose another name, or remove it first.")
	}
	part := name + ".part"
	file, err := openPart(part)
	if err != nil {
		return err
	}
	a, err := f.makeBackup(ctx, in, &flowing{File: file})
	if err == nil {
		err = explainFile(errors.Join(file.Chmod(0o600), file.Sync()), part)
	}
	if err == nil { // while it is locked: nobody begins anew in it
		err = explainFile(errors.Join(renameNew(part, name), syncFolder(filepath.Dir(name))), name)
	}
	if err != nil {
		if left := os.Remove(part); !errors.Is(left, fs.ErrNotExist) {
			err = errors.Join(err, left)
		}
	}
	if err = errors.Join(err, explainFile(file.Close(), name)); err != nil {
		return err
	}
	f.print(a, func(w io.Writer) { tellBackup(w, a) })
	return nil
}

// flowing has the kernel bring a file to the disk while it is written, so that little
// is left to wait for at the end.
type flowing struct {
	*os.File
	written, begun int64
}

// Write implements io.Writer.
func (f *flowing) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.written += int64(n)
	if more := f.written - f.begun; more >= 16<<20 {
		_ = unix.SyncFileRange(int(f.Fd()), f.begun, more, unix.SYNC_FILE_RANGE_WRITE) // a hint: Sync tells what fails
		f.begun = f.written
	}
	return n, err
}

// renameNew renames a file and replaces none, where the file system can do that at once.
func renameNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return os.Rename(from, to)
	}
	return err
}

// openPart opens the file of a backup that is not whole, for one process at a time:
// it may be left of one that was killed, or be under way in another.
func openPart(part string) (*os.File, error) {
	file, err := os.OpenFile(part, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, explainFile(err, part)
	}
	err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) || err == nil && !isAt(file, part) { // just become a whole one's file
		err = lab.Errorf(lab.KindBusy, "another backup is being written to %s", part).WithHint("Wait until it is done, or choose another name.")
	} else if err = errors.Join(err, file.Truncate(0)); err != nil {
		err = explainFile(err, part)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// isAt reports whether a file still has a name.
func isAt(file *os.File, name string) bool {
	here, err := file.Stat()
	there, e := os.Lstat(name)
	return err == nil && e == nil && os.SameFile(here, there)
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func explainFile(err error, name string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return lab.Errorf(lab.KindNotFound, "there is no %s", name).WithHint("See whether the path is right.").WithCause(err)
	case errors.Is(err, fs.ErrExist):
		return lab.Errorf(lab.KindExists, "another file has become %s meanwhile", name).WithHint("Choose another name.").WithCause(err)
	case errors.Is(err, fs.ErrPermission):
		return lab.Errorf(lab.KindDenied, "you may not use %s", name).WithHint("Choose a place that is yours.").WithCause(err)
	}
	return lab.Errorf(lab.KindUnavailable, "%s can not be used", name).WithHint("See whether its disk is healthy, and has room.").WithCause(err)
}

func (f *face) makeBackup(ctx context.Context, in service.BackupInput, to io.Writer) (a service.Archived, err error) {
	err = f.settled(ctx, func(ctx context.Context, s *service.Service) error {
		show, done := f.stepLine()
		defer done()
		a, err = s.Backup(ctx, in, to, show)
		return err
	})
	return a, err
}

// stepLine keeps one line on a terminal up to date with how far something is.
func (f *face) stepLine() (show func(lab.Step), done func()) {
	if f.json || !terminal(f.Err) {
		return nil, func() {}
	}
	show = func(step lab.Step) {
		line := fmt.Sprintf("%s %s", step.Name, lab.Size(step.Done))
		if step.Total > 0 {
			line += fmt.Sprintf(" of %s, %s/s", lab.Size(step.Total), lab.Size(step.Rate))
		}
		if left := step.Left(); left > 0 {
			line += fmt.Sprintf(", %s left", left.Round(time.Second))
		}
		say(f.Err, "\r\x1b[K%s", line[:min(len(line), lineWidth)])
	}
	return show, func() { say(f.Err, "\r\x1b[K") }
}

func tellBackup(w io.Writer, a service.Archived) {
	for _, n := range a.Nodes {
		how := ""
		switch {
		case n.Frozen:
			how = ", copied while it ran, its file systems held still"
		case n.Running:
			how = ", copied while it ran"
		}
		say(w, "%s backed up, %s%s\n", n.Name, lab.Size(n.Bytes), how)
	}
	for _, i := range a.Images {
		if i.Included {
			say(w, "image %s backed up, %s\n", i.Name, lab.Size(i.Bytes))
			continue
		}
		say(w, "image %s is needed to restore them, and not in the backup\n", i.Name)
	}
}

func (f *face) restore() *cobra.Command {
	var in service.RestoreInput
	var renames []string
	cmd := &cobra.Command{
		Use: "restore FILE", Short: "Make nodes from a backup", Args: cobra.ExactArgs(1),
		Long: "restore makes every node of a backup, or those that --node names; - is stdin. Everything is read and\n" +
			"compared with its checksums first, and nothing that is here is replaced. After a restore that was cut\n" +
			"short, the same with --missing makes the nodes that are not here yet.",
		ValidArgsFunction: files,
		RunE: f.command(func(cmd *cobra.Command, args []string) (err error) {
			if in.Rename, err = pairs(renames); err != nil {
				return err
			}
			return f.restoreFile(cmd.Context(), in, args[0])
		}),
	}
	cmd.Flags().StringArrayVar(&in.Nodes, "node", nil, "`name` of a node in the backup, may be given again (default: all)")
	cmd.Flags().StringArrayVar(&renames, "rename", nil, "give a node another name: `OLD=NEW`, may be given again")
	cmd.Flags().BoolVar(&in.NewIDs, "new-ids", false, "give the nodes other UUIDs and MAC addresses, as copies beside their originals need")
	cmd.Flags().BoolVar(&in.Missing, "missing", false, "leave out the nodes that are here")
	cmd.Flags().BoolVar(&in.DryRun, "dry-run", false, "check the backup, tell what would come of it, and change nothing")
	return cmd
}

func pairs(of []string) (map[string]string, error) {
	all := map[string]string{}
	for _, pair := range of {
		old, name, ok := strings.Cut(pair, "=")
		if !ok || all[old] != "" {
			return nil, lab.Errorf(lab.KindInvalid, "%q does not say which node is to be named how", pair).WithHint("Write --rename OLD=NEW, once for each node.")
		}
		all[old] = name
	}
	return all, nil
}

func (f *face) restoreFile(ctx context.Context, in service.RestoreInput, name string) error {
	from := f.In
	if name != standard {
		file, err := os.Open(name)
		if err != nil {
			return explainFile(err, name)
		}
		defer func() { _ = file.Close() }() // it was only read
		from = file
	}
	return f.settled(ctx, func(ctx context.Context, s *service.Service) error {
		show, done := f.stepLine()
		a, err := s.RestoreBackup(ctx, in, bufio.NewReaderSize(from, 1<<20), show)
		done()
		if err != nil {
			return err
		}
		f.print(a, func(w io.Writer) { tellRestore(w, a) })
		return nil
	})
}

func tellRestore(w io.Writer, a service.Archived) {
	say(w, "The backup is whole, made on %s by SandBoxLabs %s.\n", a.Made.Local().Format("2 January 2006, 15:04"), a.Program)
	done := "restored"
	if a.DryRun {
		done = "would be restored"
	}
	for _, i := range a.Images {
		say(w, "image %s %s, %s\n", i.Name, done, lab.Size(i.Bytes))
	}
	for _, n := range a.Nodes {
		name := n.Name
		if n.Was != "" {
			name = n.Was + " as " + n.Name
		}
		say(w, "%s %s, %s on image %s\n", name, done, lab.Size(n.Bytes), n.Image)
	}
}
