package api

import (
	"context"
	"net/http"

	"sandboxlabs/backend/lab"
)

const tagHost = "Host"

func (a *API) addHost() {
	plainly(a, operation{
		method: http.MethodGet, path: "/host", id: "showHost", tag: tagHost, verbs: []string{"Host"},
		summary: "Show what the machine can do and has free",
	}, a.Service.Host)
	plainly(a, operation{
		method: http.MethodGet, path: "/health", id: "showHealth", tag: tagHost, verbs: []string{"Health"},
		summary: "Check the machine, and see what mends it",
	}, func(ctx context.Context) (lab.Health, error) {
		v, err := a.Service.Health(ctx)
		v.Checks = listed(v.Checks)
		return v, err
	})
	plainly(a, operation{
		method: http.MethodGet, path: "/first-boot", id: "showFirstBoot", tag: tagHost, verbs: []string{"FirstBoot"},
		summary: "Show what there is to choose from for a node's first boot",
	}, func(ctx context.Context) (lab.FirstBootChoices, error) {
		v, err := a.Service.FirstBoot(ctx)
		v.Keys = listed(v.Keys)
		return v, err
	})
	a.addUpkeep()
}

// addUpkeep adds what the program leaves on the machine.
func (a *API) addUpkeep() {
	plainly(a, operation{
		method: http.MethodGet, path: "/folders", id: "listFolders", tag: tagHost, verbs: []string{"Folders"},
		summary: "List the folders of the program",
	}, func(ctx context.Context) ([]lab.Folder, error) {
		v, err := a.Service.Folders(ctx)
		return listed(v), err
	})
	add(a, operation{
		method: http.MethodGet, path: "/folders/{name}", id: "measureFolder", tag: tagHost, verbs: []string{"MeasureFolder"},
		summary: "Measure a folder of the program",
	}, func(ctx context.Context, in *struct {
		Name lab.FolderName `path:"name" enum:"data,images,overlays,settings,state,log,crashes" doc:"Of the folder."`
	},
	) (*answer[lab.Folder], error) {
		v, err := a.Service.MeasureFolder(ctx, in.Name)
		return &answer[lab.Folder]{v}, err
	})
	plainly(a, operation{
		method: http.MethodGet, path: "/log", id: "showLog", tag: tagHost, verbs: []string{"Log"},
		summary: "See the last lines of the log",
	}, func(ctx context.Context) (text, error) {
		v, err := a.Service.Log(ctx)
		return text{v}, err
	})
	plainly(a, operation{
		method: http.MethodGet, path: "/crashes", id: "listCrashes", tag: tagHost, verbs: []string{"Crashes"},
		summary: "List the reports of unexpected ends of the program that nobody has read",
	}, func(ctx context.Context) ([]lab.CrashReport, error) {
		v, err := a.Service.Crashes(ctx)
		return listed(v), err
	})
	act(a, operation{
		method: http.MethodPost, path: "/crashes/{name}/read", id: "readCrash", tag: tagHost, verbs: []string{"CrashRead"},
		summary: "Note that a report was read",
	}, func(ctx context.Context, in *struct {
		Name string `path:"name" maxLength:"255" doc:"Of the report."`
		Idempotent
	},
	) (*none, error) {
		return nil, a.Service.CrashRead(ctx, in.Name)
	})
}
