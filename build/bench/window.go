package main

import (
	"context"
	"errors"
	"os/exec"
	"syscall"
	"time"

	"sandboxlabs/build/bus"
)

const openings = 9

// windows opens the real window a few times on a display and a session bus that are
// there, and takes the time to its first picture; the last one is then observed.
func (b *bed) windows(ctx context.Context) (opened sample, idle string, err error) {
	display, stop, err := startDisplay()
	if err != nil {
		return nil, "", err
	}
	defer stop()
	x, err := dialX(display)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, x.conn.Close()) }()
	session, err := bus.New(b.dir)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	env := append(b.env, "DISPLAY="+display, "DBUS_SESSION_BUS_ADDRESS="+session.Address)
	for i := range openings {
		cmd := exec.Command(b.program)
		cmd.Env, cmd.Stderr = env, nil
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		begin := time.Now()
		if err := cmd.Start(); err != nil {
			return nil, "", err
		}
		err := x.painted(ctx)
		opened.add(time.Since(begin))
		if err == nil && i == openings-1 {
			time.Sleep(3 * time.Second) // what it began has ended
			idle, err = observe(ctx, cmd.Process.Pid)
		}
		if e := endGroup(cmd); err != nil || e != nil {
			return nil, "", errors.Join(err, e)
		}
	}
	return opened, idle, nil
}

// topLeft is where every page has texts, below a window's title. It is small: what looks at
// it 200 times a second shares the processors with what it waits for.
var topLeft = area{x: 16, y: 48, w: 160, h: 160}

// painted waits until a window shows more than flat colour there.
func (x *xserver) painted(ctx context.Context) error {
	return eventually(ctx, "the window to be painted", func() bool {
		picture, err := x.picture(topLeft)
		return err == nil && colours(picture) > enough
	})
}

// enough colours are those of text, which a flat surface has not.
const enough = 16

// colours counts the distinct pixels, until there are enough.
func colours(pixels []byte) int {
	seen := map[uint32]bool{}
	var last uint32
	for ; len(pixels) >= 4 && len(seen) <= enough; pixels = pixels[4:] {
		if c := order.Uint32(pixels); c != last || len(seen) == 0 {
			seen[c], last = true, c
		}
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
