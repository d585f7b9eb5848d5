package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

const openings = 5

// windows opens the real window a few times on a display of its own and takes
// the time to its first picture; the last one is then observed.
func (b *bed) windows(ctx context.Context) (opened sample, idle string, err error) {
	display, stop, err := startDisplay()
	if err != nil {
		return nil, "", err
	}
	defer stop()
	env := append(b.env, "DISPLAY="+display)
	for i := range openings {
		cmd := exec.Command("dbus-run-session", "--", b.program)
		cmd.Env, cmd.Stderr = env, nil
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		begin := time.Now()
		if err := cmd.Start(); err != nil {
			return nil, "", err
		}
		err := painted(ctx, display)
		opened.add(time.Since(begin))
		if err == nil && i == openings-1 {
			idle, err = observe(ctx, cmd.Process.Pid)
		}
		if e := endGroup(cmd); err != nil || e != nil {
			return nil, "", errors.Join(err, e)
		}
	}
	return opened, idle, nil
}

// painted waits until the display shows more than flat colour. A picture can
// fail when a window comes or goes while it is taken.
func painted(ctx context.Context, display string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		picture, err := run(ctx, os.Environ(), "xwd", "-root", "-silent", "-display", display)
		if err == nil && colours(picture) > enough {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the window was not painted: %w", errors.Join(ctx.Err(), err))
		}
		time.Sleep(20 * time.Millisecond) // looking must not take the processor from who paints
	}
}

// enough colours are those of text, which a flat surface has not.
const enough = 16

// colours counts the distinct 32-bit pixels of an XWD file, until there are enough: its header's first
// word is the header's length, its twentieth the number of colour cells, of 12
// bytes each, that follow it (X11/XWDFile.h).
func colours(file []byte) int {
	start := binary.BigEndian.Uint32(file) + 12*binary.BigEndian.Uint32(file[76:])
	pixels := file[start:]
	seen := map[uint32]bool{}
	for ; len(pixels) >= 4 && len(seen) <= enough; pixels = pixels[4:] {
		seen[binary.LittleEndian.Uint32(pixels)] = true
	}
	return len(seen)
}

// endGroup asks every process of the group to end and waits for the first.
func endGroup(cmd *exec.Cmd) error {
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM); err != nil {
		return err
	}
	var ended *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &ended) {
		return err
	}
	return nil
}
