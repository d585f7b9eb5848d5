package api

import (
	"context"
	"net/http"

	"sandboxlabs/backend/lab"
)

const tagSettings = "Settings"

// settingsChange is lab.SettingsChange as it is sent.
type settingsChange struct {
	Set   map[string]string `json:"set,omitempty" doc:"Values by key, as text; of a list, one a line."`
	Reset []string          `json:"reset,omitempty" maxItems:"100" doc:"Keys that are to be as if nobody had set them."`
}

// ofFiles are settings that name what is on this machine, by which a client could
// have it read or written elsewhere than in our own folders.
var ofFiles = []string{"connect", "pool.name", "pool.path", "first_boot.ssh_keys", "serve.listen"}

func (c settingsChange) check() error {
	for _, key := range ofFiles {
		if _, ok := c.Set[key]; ok {
			return lab.Errorf(lab.KindDenied, "%s can not be set over HTTP", key).WithHint("Set it on the machine: sandboxlabs settings set.")
		}
	}
	return nil
}

func (a *API) addSettings() {
	plainly(a, operation{
		method: http.MethodGet, path: "/settings", id: "showSettings", tag: tagSettings, verbs: []string{"Settings"},
		summary: "Show what can be set, and what is",
	}, func(ctx context.Context) (lab.Settings, error) {
		v, err := a.Service.Settings(ctx)
		v.Items = listed(v.Items)
		return v, err
	})
	act(a, operation{
		method: http.MethodPatch, path: "/settings", id: "changeSettings", tag: tagSettings, verbs: []string{"ChangeSettings"},
		summary: "Set some of the settings, all of these or none",
		about:   "What says where the program reads, writes and listens can not be set over HTTP.",
	}, func(ctx context.Context, in *struct{ Body settingsChange }) (*answer[lab.Settings], error) {
		if err := in.Body.check(); err != nil {
			return nil, err
		}
		v, err := a.Service.ChangeSettings(ctx, lab.SettingsChange(in.Body))
		v.Items = listed(v.Items)
		return &answer[lab.Settings]{v}, err
	})
	plainly(a, operation{
		method: http.MethodGet, path: "/preferences", id: "showPreferences", tag: tagSettings, verbs: []string{"Preferences"},
		summary: "Show what pages want to find again, and the settings that concern them",
	}, a.Service.Preferences)
	act(a, operation{
		method: http.MethodPatch, path: "/preferences", id: "changePreferences", tag: tagSettings, verbs: []string{"Prefer"},
		summary: "Keep what a page wants to find again", about: "Keys are the page's own; an empty value forgets one.",
	}, func(ctx context.Context, in *struct{ Body map[string]string }) (*answer[lab.Preferences], error) {
		if err := a.Service.Prefer(ctx, in.Body); err != nil {
			return nil, err
		}
		v, err := a.Service.Preferences(ctx)
		return &answer[lab.Preferences]{v}, err
	})
	plainly(a, operation{
		method: http.MethodGet, path: "/autostart", id: "showAutostart", tag: tagSettings, verbs: []string{"Autostart"},
		summary: "Show whether the window starts with the desktop session",
	}, a.Service.Autostart)
	act(a, operation{
		method: http.MethodPut, path: "/autostart", id: "setAutostart", tag: tagSettings, verbs: []string{"SetAutostart"},
		summary: "Have the window start with the desktop session, or not",
	}, func(ctx context.Context, in *struct {
		Body struct {
			On bool `json:"on" doc:"Whether it does."`
		} `nameHint:"AutostartChange"`
	},
	) (*answer[lab.Autostart], error) {
		v, err := a.Service.SetAutostart(ctx, in.Body.On)
		return &answer[lab.Autostart]{v}, err
	})
}
