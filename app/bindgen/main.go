//go:build bindings

// Command bindgen writes frontend/wailsjs, the page's typed calls and models,
// from package app. Run it at the top of the tree, without a display:
//
//	go run -tags bindings ./app/bindgen
package main

import (
	"log"
	"os"

	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/options"

	"sandboxlabs/app"
)

// Under the tag bindings wails.Run generates and returns; the program itself
// has no part in it, so nothing it does at its start can be in the way.
func main() {
	methods, enums := app.Bound(app.New(nil, app.Folders{}))
	if err := os.Setenv("tsoutputtype", "interfaces"); err != nil {
		log.Fatal(err)
	}
	if err := wails.Run(&options.App{Bind: methods, EnumBind: enums}); err != nil {
		log.Fatal(err)
	}
}
