package images

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"time"

	"sandboxlabs/backend/lab"
)

// The file is untrusted: qemu-img may spend this much on it.
const (
	limitCPU     = "--cpu=120"       // seconds
	limitMemory  = "--as=4294967296" // bytes of address space
	limitTime    = 10 * time.Minute  // for slow disks
	limitMessage = 4 << 10           // bytes of what it prints
)

// What qemu-img check ends with, after its manual page.
const (
	exitCorrupt = 2
	exitLeaks   = 3 // clusters nobody uses: a waste, no fault
)

// checkStructure lets qemu-img find damage in a qcow2 file whose header has
// been found harmless.
func checkStructure(ctx context.Context, file *os.File) error {
	limited, cancel := context.WithTimeout(ctx, limitTime)
	defer cancel()
	cmd, err := command(limited)
	if err != nil {
		return err
	}
	said := &message{}
	cmd.ExtraFiles = []*os.File{file} // as 3: the very file that was opened, whatever its path means now
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	cmd.Stderr = said
	err = cmd.Run()
	if gone := lab.Cancelled(ctx); gone != nil {
		return gone
	}
	return verdict(err, strings.TrimSpace(said.String()))
}

func command(ctx context.Context) (*exec.Cmd, error) {
	prlimit, err := find("prlimit", "util-linux")
	if err != nil {
		return nil, err
	}
	qemuImg, err := find("qemu-img", "qemu-utils (Debian, Ubuntu) or qemu-img (Fedora, Arch)")
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, prlimit, limitCPU, limitMemory, "--core=0", "--", qemuImg, "check", "-f", "qcow2", "/proc/self/fd/3"), nil
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
	case strings.Contains(said, "lock"):
		return lab.Errorf(lab.KindBusy, "a running machine writes to it").WithHint("Shut that machine down first.").WithCause(cause)
	case exit.ExitCode() == exitCorrupt:
		return lab.Errorf(lab.KindInvalid, "it is damaged").WithHint(repair).WithCause(cause)
	case exit.ExitCode() < 0:
		return lab.Errorf(lab.KindInvalid, "checking it takes more time or memory than a sound disk needs").WithHint(fetch).WithCause(err)
	}
	return lab.Errorf(lab.KindInvalid, "qemu-img can not check it").WithHint(fetch).WithCause(cause)
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
