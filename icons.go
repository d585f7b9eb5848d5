package main

import (
	"embed"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"sandboxlabs/app"
	"sandboxlabs/backend/durable"
)

//go:embed build/appicon.png
var icon []byte

//go:embed build/icons/*.svg
var symbolic embed.FS

// icons gives the program's icon. Those in one colour are unpacked to a folder,
// where trays find them, be the program installed or not; where that can not be,
// trays show the coloured one.
func icons(folder string) app.Icon {
	if err := unpack(symbolic, "build/icons", folder); err != nil {
		slog.Warn("the icons for the tray can not be unpacked", "folder", folder, "error", err)
		return app.Icon{PNG: icon}
	}
	return app.Icon{PNG: icon, Symbolic: folder}
}

func unpack(files fs.FS, below, folder string) error {
	names, err := fs.Glob(files, below+"/*")
	err = errors.Join(err, os.MkdirAll(folder, 0o700))
	for _, name := range names {
		content, readErr := fs.ReadFile(files, name)
		err = errors.Join(err, readErr, durable.Write(filepath.Join(folder, filepath.Base(name)), content))
	}
	return err
}
