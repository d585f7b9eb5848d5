package images

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"sandboxlabs/backend/lab"
)

// The file is untrusted: qemu-img may spend this much on it.
const (
	limitCPU     = "--cpu=7200"      // seconds: a compressed disk of a hundred GiB
	limitMemory  = "--as=4294967296" // bytes of address space
	limitCheck   = 10 * time.Minute  // for slow disks
	limitConvert = 24 * time.Hour
	limitMessage = 4 << 10 // bytes of what it prints
)

// What qemu-img check ends with, after its manual page.
const (
	exitCorrupt = 2
	exitLeaks   = 3 // clusters nobody uses: a waste, no fault
)

// run is one run of qemu-img.
type run struct {
	args    []string
	files   []*os.File    // as 3, 4, ...: the very files that were opened, whatever their paths mean now
	limit   time.Duration // that it may take
	largest int64         // that a file it writes may become; 0: anything
	out     io.Writer     // what it prints; nil: nothing of interest
}

// opened is the path by which qemu-img opens a file of its run.
func opened(n int) string { return fmt.Sprintf("/proc/self/fd/%d", 3+n) }

// do runs it and makes a sentence of how it failed. It does not outlive us.
func (r run) do(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	cmd, err := r.command(limited)
	if err != nil {
		return err
	}
	said := &message{}
	cmd.ExtraFiles = r.files
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stdout, cmd.Stderr = r.out, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	// The signal comes when the thread ends that started it, not only when the process does.
	runtime.LockOSThread()
	err = cmd.Run()
	runtime.UnlockOSThread()
	if gone := lab.Cancelled(ctx); gone != nil {
		return gone
	}
	return verdict(err, strings.TrimSpace(said.String()))
}

func (r run) command(ctx context.Context) (*exec.Cmd, error) {
	prlimit, err := find("prlimit", "util-linux")
	if err != nil {
		return nil, err
	}
	qemuImg, err := find("qemu-img", "qemu-utils (Debian, Ubuntu) or qemu-img (Fedora, Arch)")
	if err != nil {
		return nil, err
	}
	args := []string{limitCPU, limitMemory, "--core=0"}
	if r.largest > 0 {
		args = append(args, fmt.Sprintf("--fsize=%d", r.largest))
	}
	return exec.CommandContext(ctx, prlimit, slices.Concat(args, []string{"--", qemuImg}, r.args)...), nil
}

// checkStructure lets qemu-img find damage in a qcow2 file whose header has
// been found harmless.
func checkStructure(ctx context.Context, file *os.File) error {
	return run{args: []string{"check", "-f", qcow2, opened(0)}, files: []*os.File{file}, limit: limitCheck}.do(ctx)
}

// checkOverlay is checkStructure for a file that may stand on another one, which
// it does not open.
func checkOverlay(ctx context.Context, file *os.File) error {
	alone := fmt.Sprintf(`json:{"driver":%q,"file":{"driver":"file","filename":%q},"backing":null}`, qcow2, opened(0))
	return run{args: []string{"check", alone}, files: []*os.File{file}, limit: limitCheck}.do(ctx)
}

// rebase lets an overlay of ours name another file that it stands on, or none.
// Neither is opened.
func rebase(ctx context.Context, path, base string) error {
	args := []string{"rebase", "-u", "-q", "-f", qcow2, "-b", base, path}
	if base != "" {
		args = []string{"rebase", "-u", "-q", "-f", qcow2, "-F", qcow2, "-b", base, path}
	}
	return run{args: args, limit: limitCheck}.do(ctx)
}

func find(program, pkg string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", lab.Errorf(lab.KindUnavailable, "%s is needed to check disks, but it is not installed", program).
			WithHint("Install the package %s.", pkg).WithCause(err)
	}
	return path, nil
}

func verdict(err error, said string) error {
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) && exit.ExitCode() == exitLeaks {
		return nil
	}
	cause := errors.New(said[strings.LastIndex(said, "\n")+1:]) // its last line will do
	switch {
	case exit == nil:
		return lab.Errorf(lab.KindUnavailable, "qemu-img could not be run").WithCause(err)
	case strings.Contains(said, "Failed to get") && strings.Contains(said, "lock"):
		return lab.Errorf(lab.KindBusy, "a running machine writes to it").WithHint("Shut that machine down first.").WithCause(cause)
	case strings.Contains(said, "No space left on device"):
		return lab.Errorf(lab.KindUnavailable, "the disk is full").WithHint("Make room on it.").WithCause(cause)
	case strings.Contains(said, "File too large") || outgrew(exit):
		return lab.Errorf(lab.KindUnavailable, "there is no room for it on the disk").WithHint("Make room on it.").WithCause(cause)
	case exit.ExitCode() == exitCorrupt:
		return lab.Errorf(lab.KindInvalid, "it is damaged").WithHint(repair).WithCause(cause)
	case exit.ExitCode() < 0:
		return lab.Errorf(lab.KindInvalid, "reading it takes more time or memory than a sound disk needs").WithHint(fetch).WithCause(err)
	}
	return lab.Errorf(lab.KindInvalid, "qemu-img can not read it").WithHint(fetch).WithCause(cause)
}

// outgrew reports whether a program was ended because a file it wrote became too
// large, if it does not say so itself.
func outgrew(exit *exec.ExitError) bool {
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGXFSZ
}

// message keeps the beginning of what a program prints: a damaged file can make
// it print without end.
type message struct{ bytes.Buffer }

func (m *message) Write(b []byte) (int, error) {
	if room := limitMessage - m.Len(); room > 0 {
		m.Buffer.Write(b[:min(room, len(b))])
	}
	return len(b), nil
}
