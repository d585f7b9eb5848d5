package app

import (
	"context"
	"os/exec"
	"path/filepath"

	"sandboxlabs/backend/lab"
)

// OpenFolder shows a folder of the program in the file manager; name is a
// lab.FolderName. The page gives no path: it could be any.
func (a *App) OpenFolder(name string) (err error) {
	defer recovered(&err)
	path, err := a.folder(lab.FolderName(name))
	if err != nil {
		return err
	}
	return show(path)
}

// OpenLog shows the log in the program that reads texts.
func (a *App) OpenLog() (err error) {
	defer recovered(&err)
	dir, err := a.folder(lab.FolderLog)
	if err != nil {
		return err
	}
	return show(filepath.Join(dir, "sandboxlabs.log"))
}

func (a *App) folder(name lab.FolderName) (path string, err error) {
	all, err := a.service.Folders(a.ctx)
	if err != nil {
		return "", err
	}
	for _, f := range all {
		if f.Name == name {
			return f.Path, nil
		}
	}
	return "", lab.Errorf(lab.KindNotFound, "there is no folder %q", name)
}

// Browse has the desktop open a link in the person's browser.
func Browse(_ context.Context, link string) error { return show(link) }

// show has the desktop open a file, a folder or a link. xdg-open asks the portal where we
// are confined, and the desktop's own way elsewhere.
func show(path string) error {
	opener := exec.Command("xdg-open", path)
	if err := opener.Start(); err != nil {
		return lab.Errorf(lab.KindUnavailable, "%s can not be shown", path).WithCause(err).
			WithHint("Install xdg-utils, or open it by hand.")
	}
	go func() { _ = opener.Wait() }() // it may stay for as long as what it opened
	return nil
}

// Restart closes the window and has the program begin anew; nodes go on running. It
// fails where the program could not begin: its settings have a fault.
func (a *App) Restart() (err error) {
	defer recovered(&err)
	if _, err := a.service.Settings(a.ctx); err != nil {
		return err
	}
	a.again.Store(true)
	go a.quit() // the page is to be answered first
	return nil
}

// Again reports whether the person asked for the program to begin anew. It is no
// method: the page would be given it.
func Again(a *App) bool { return a.again.Load() }
