package app

import (
	"github.com/wailsapp/wails/v2/pkg/runtime"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// PlanMigration tells what Migrate would do.
func (a *App) PlanMigration(in service.MigrateInput) (lab.Migration, error) {
	return one(a, a.service.PlanMigration, in)
}

// Migrate begins to bring over the nodes of a web prototype.
func (a *App) Migrate(in service.MigrateInput) (lab.Migration, error) {
	return one(a, a.service.Migrate, in)
}

// CancelMigration ends that.
func (a *App) CancelMigration() error { return idle(a, a.service.CancelMigration) }

// PickFolder asks the person for a folder and gives its path, empty if they
// thought better of it.
func (a *App) PickFolder() (path string, err error) {
	defer recovered(&err)
	return runtime.OpenDirectoryDialog(a.ctx, runtime.OpenDialogOptions{Title: "Choose a folder"})
}
