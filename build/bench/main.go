// Command bench measures the built program beside what a person would do by
// hand, on this machine's libvirt, and prints one table of medians. It works in
// folders and a pool of its own and removes them afterwards.
//
//	go run ./build/bench -soak 30 [-program ...] [-image ...]
//	go run ./build/bench [-rounds 15] [-only create,page/scroll] [-program build/bin/sandboxlabs] [-image build/out/tiny.qcow2]
//
// "Ours" goes the way of the page: a call over HTTP to sandboxlabs serve, which
// holds a connection to libvirt, as the window does. "Command" is a process of
// our command line, from its start to its end. "Baseline" is a process of
// qemu-img or virsh, or several one after another, or another viewer. The page is
// looked at where it is shown: in the program's window and in Chromium, on an X
// server without a screen, both of which draw with the processor alone.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

func main() {
	rounds := flag.Int("rounds", 15, "how often each thing is measured")
	program := flag.String("program", "build/bin/sandboxlabs", "the built program")
	image := flag.String("image", "build/out/tiny.qcow2", "a base image that boots")
	only := flag.String("only", "", "what to measure, by name, instead of everything")
	minutes := flag.Int("soak", 0, "instead of measuring, keep the page busy for so many minutes and see whether its memory levels off")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	work := func(b *bed) error { return b.measure(ctx, *only) }
	if *minutes > 0 {
		work = func(b *bed) error { return b.soak(ctx, *minutes) }
	}
	if err := bench(ctx, *program, *image, *rounds, work); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measures is all that is measured, in order.
var measures = []struct {
	name string
	do   func(*bed, context.Context) ([]row, error)
}{
	{"create", (*bed).create},
	{"wipe", (*bed).wipe},
	{"start", (*bed).start},
	{"console", (*bed).console},
	{"wipe-running", (*bed).wipeRunning},
	{"pull", (*bed).pull},
	{"imports", (*bed).imports},
	{"backup", (*bed).backups},
	{"gateway", (*bed).gateway},
	{"idle", (*bed).idle},
	{"desktop", (*bed).desktop},
	{"list", (*bed).list},
	{"api", (*bed).api},
	{"page/bundle", (*bed).bundle},
	{"page/usable", (*bed).usable},
	{"page/event", (*bed).eventToPixel},
	{"page/open", (*bed).openThings},
	{"page/scroll", (*bed).scrollNodes},
	{"page/key", (*bed).keyToPixel},
	{"page/grid", (*bed).grid},
}

// chosen reports whether a measure is to be done: "page" chooses all of the page's.
func chosen(name, only string) bool {
	return only == "" || slices.ContainsFunc(strings.Split(only, ","), func(s string) bool {
		return s == name || strings.HasPrefix(name, s+"/")
	})
}

// bench makes a bed, works in it and removes it.
func bench(ctx context.Context, program, image string, rounds int, work func(*bed) error) (err error) {
	for _, file := range []*string{&program, &image} {
		if *file, err = filepath.Abs(*file); err != nil {
			return err
		}
		if _, err := os.Stat(*file); err != nil {
			return fmt.Errorf("%w (make build image makes it)", err)
		}
	}
	b, err := newBed(program, rounds)
	if err != nil {
		return err
	}
	defer func() {
		if e := b.close(); err == nil {
			err = e
		}
	}()
	if err := b.open(ctx, image); err != nil {
		return err
	}
	return work(b)
}

// measure prints every row as soon as it is measured.
func (b *bed) measure(ctx context.Context, only string) error {
	fmt.Println(header)
	for _, m := range measures {
		if !chosen(m.name, only) {
			continue
		}
		rows, err := m.do(b, ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		for _, r := range rows {
			fmt.Println(r)
		}
	}
	return nil
}
