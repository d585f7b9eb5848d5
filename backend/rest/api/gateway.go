package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"sandboxlabs/backend/lab"
)

const tagGateway = "Gateway"

// gatewayChange is lab.GatewaySettings as it is sent.
type gatewayChange struct {
	Mode         lab.GatewayMode `json:"mode" enum:"off,stack,external" doc:"off: consoles go straight over VNC. stack: containers on this machine. external: a Guacamole that is there already."`
	URL          string          `json:"url,omitempty" maxLength:"2000" doc:"external: address of the web application."`
	DSN          string          `json:"dsn,omitempty" maxLength:"2000" doc:"external: its database, postgres://USER:PASSWORD@HOST:PORT/DATABASE. It may name no file of this machine."`
	DisplayHost  string          `json:"displayHost,omitempty" maxLength:"253" doc:"external: how guacd reaches this machine's displays. Empty: 127.0.0.1."`
	Recordings   string          `json:"recordings,omitempty" maxLength:"1000" doc:"external: folder for recordings, as guacd sees it. Empty: none."`
	WebPort      int             `json:"webPort,omitempty" minimum:"0" maximum:"65535" doc:"stack: port on 127.0.0.1. 0: one that is free."`
	GuacdPort    int             `json:"guacdPort,omitempty" minimum:"0" maximum:"65535" doc:"stack: port on 127.0.0.1. 0: one that is free."`
	DatabasePort int             `json:"databasePort,omitempty" minimum:"0" maximum:"65535" doc:"stack: port on 127.0.0.1. 0: one that is free."`
}

// checked gives the settings, unless their DSN names files of this machine.
func (g gatewayChange) checked() (lab.GatewaySettings, error) {
	u, err := url.Parse(g.DSN)
	if err == nil {
		for _, option := range []string{"sslrootcert", "sslcert", "sslkey"} {
			if u.Query().Has(option) {
				return lab.GatewaySettings{}, lab.Errorf(lab.KindDenied, "%s names a file of this machine", option).WithHint("Set it there: sandboxlabs gateway set, or the file of the settings.")
			}
		}
	}
	return lab.GatewaySettings(g), nil
}

func (a *API) addGateway() {
	plainly(a, operation{
		method: http.MethodGet, path: "/gateway", id: "showGateway", tag: tagGateway, verbs: []string{"Gateway"},
		summary: "Show the gateway: its settings, state and containers",
	}, func(ctx context.Context) (lab.GatewayReport, error) {
		v, err := a.Service.Gateway(ctx)
		v.Services = listed(v.Services)
		return v, err
	})
	act(a, operation{
		method: http.MethodPut, path: "/gateway", id: "setGateway", tag: tagGateway, verbs: []string{"SetGateway"},
		summary: "Set up the gateway, or switch it off",
		about:   "Containers that are switched on are brought up, and those switched off are taken down; events tell how far it is. A password that is masked in the DSN stays what it is.",
	}, func(ctx context.Context, in *struct{ Body gatewayChange }) (*answer[lab.GatewayStatus], error) {
		settings, err := in.Body.checked()
		if err != nil {
			return nil, err
		}
		v, err := a.Service.SetGateway(ctx, settings)
		return &answer[lab.GatewayStatus]{v}, err
	})
	add(a, operation{
		method: http.MethodPost, path: "/gateway/test", id: "testGateway", tag: tagGateway, verbs: []string{"TestGateway"},
		summary: "Try settings of the gateway, step by step, without keeping them",
	}, func(ctx context.Context, in *struct {
		Idempotent
		Body gatewayChange
	},
	) (*answer[[]lab.Check], error) {
		settings, err := in.Body.checked()
		if err != nil {
			return nil, err
		}
		v, err := a.Service.TestGateway(ctx, settings)
		return &answer[[]lab.Check]{listed(v)}, err
	})
	for word, do := range map[string]func(context.Context) (lab.GatewayStatus, error){"up": a.Service.GatewayUp, "down": a.Service.GatewayDown} {
		act(a, operation{
			method: http.MethodPost, path: "/gateway/" + word, id: word + "Gateway", tag: tagGateway, verbs: []string{"Gateway" + strings.ToUpper(word[:1]) + word[1:]},
			summary: "Bring the gateway's containers " + word,
		}, func(ctx context.Context, _ *Idempotent) (*answer[lab.GatewayStatus], error) {
			v, err := do(ctx)
			return &answer[lab.GatewayStatus]{v}, err
		})
	}
	plainly(a, operation{
		method: http.MethodGet, path: "/gateway/logs", id: "gatewayLogs", tag: tagGateway, verbs: []string{"GatewayLogs"},
		summary: "See the last lines of the gateway's containers",
	}, func(ctx context.Context) (text, error) {
		v, err := a.Service.GatewayLogs(ctx)
		return text{v}, err
	})
}

// text is lines for a person.
type text struct {
	Text string `json:"text" doc:"Lines, as they were written."`
}
