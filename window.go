package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/term"

	"sandboxlabs/app"
	"sandboxlabs/backend/config"
	"sandboxlabs/backend/durable"
	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/rest"
	set "sandboxlabs/backend/settings"
	"sandboxlabs/backend/words"
)

// window opens the window, or brings the one to the front that is open: other says which.
func window(ctx context.Context, uri string, o lab.Opening) (other bool, err error) {
	reap()
	paths := config.ReadPaths()
	unlock, err := durable.Lock(paths.WindowLock)
	if lab.KindOf(err) == lab.KindBusy {
		return true, raiseOther(ctx, paths, uri, o)
	}
	if err != nil {
		return false, err
	}
	defer unlock()
	page, err := files()
	if err != nil {
		return false, err
	}
	r, err := assemble(uri, true)
	if err != nil {
		return false, err
	}
	again := false
	err = r.live(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		if err := r.consoles.Listen(ctx); err != nil {
			return err
		}
		a := app.New(r.service, app.Folders{Pictures: r.paths.Pictures, Videos: r.paths.Videos})
		raisable, err := app.Raisable(ctx, a, paths.WindowSocket, r.uri)
		if err != nil {
			return err
		}
		err = app.Run(ctx, app.Window{App: a, Opening: o, Page: page, Files: rest.Screenshots(r.service), Icon: icons(r.paths.Icons)})
		again = app.Again(a)
		return errors.Join(err, raisable.Close())
	})
	if err != nil || !again {
		return false, err
	}
	unlock() // for the one that begins
	return false, begin(r.anew(uri))
}

// trouble shows why there is no window, where there is no terminal on which that is
// said. Whatever there is of the settings has the language.
func trouble(ctx context.Context, p *lab.Problem) {
	if term.IsTerminal(int(os.Stderr.Fd())) {
		return
	}
	settings, err := config.Load(config.ReadPaths().Settings)
	if err != nil {
		settings = config.Defaults() // it may be what is told
	}
	words.Speak(set.Language(settings))
	app.Tell(ctx, p)
}

// raiseOther brings the window that is open to the front. It matters which libvirt that
// shows where one is named, or what is to be opened is of one.
func raiseOther(ctx context.Context, paths config.Paths, uri string, o lab.Opening) error {
	if uri == "" && o.Console == "" && o.Node == "" {
		return app.RaiseOther(ctx, paths.WindowSocket, "", o)
	}
	settings, err := config.Load(paths.Settings)
	if err != nil {
		return unusable(paths, err)
	}
	if uri, err = settings.URI(uri); err != nil {
		return noURI(err)
	}
	return app.RaiseOther(ctx, paths.WindowSocket, uri, o)
}

// anew is the --connect of a restart: the one of this start, unless a person has since
// set which libvirt it is to be.
func (r *rig) anew(flag string) string {
	now, err := config.Load(r.paths.Settings)
	if err == nil && now.Connect != r.settings.Connect {
		return ""
	}
	return flag
}

// begin makes this process one that has just been started for the libvirt at
// uri: it is the same to whoever waits for it.
func begin(uri string) error {
	args := []string{os.Args[0]}
	if uri != "" {
		args = append(args, "--connect", uri)
	}
	err := syscall.Exec(itself(), args, os.Environ())
	return lab.Errorf(lab.KindInternal, "SandBoxLabs could not begin anew").WithCause(err).WithHint("Start it again.")
}

// reap waits for the children that this process had before it began anew: those of the
// window, which end with it, and whatever was opened. There are none otherwise.
func reap() {
	lists, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil {
		panic(err) // the pattern is one
	}
	for _, list := range lists {
		children, err := os.ReadFile(list)
		if err != nil {
			continue // the thread has ended; its children are on the list of another
		}
		for child := range strings.FieldsSeq(string(children)) {
			if pid, err := strconv.Atoi(child); err == nil {
				go func() { _, _ = syscall.Wait4(pid, nil, 0, nil) }() // another may have waited for it
			}
		}
	}
}
