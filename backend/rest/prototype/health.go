package prototype

import (
	"context"
	"net/http"
	"time"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/rest"
)

type healthAnswer struct {
	Status    string   `json:"status"` // healthy, degraded (without its gateway) or unhealthy
	Timestamp moment   `json:"timestamp"`
	Version   string   `json:"version"`
	Services  services `json:"services"`
}

type services struct {
	Backend   string `json:"backend"`   // running
	QEMU      string `json:"qemu"`      // available or unavailable: by libvirt
	Guacamole string `json:"guacamole"` // connected or disconnected
}

// health is 503 where no node can be run.
func (h *handler) health(w http.ResponseWriter, r *http.Request) {
	ctx, end := context.WithCancel(r.Context())
	defer end()
	h.settle(ctx)
	now, ok := <-h.service.Subscribe(ctx) // the first event tells everything
	if !ok {
		return // the client is gone
	}
	answer := healthAnswer{
		Status: "healthy", Timestamp: moment(time.Now()), Version: h.version,
		Services: services{Backend: "running", QEMU: "available", Guacamole: "connected"},
	}
	status := http.StatusOK
	if now.Gateway == nil || now.Gateway.State != lab.GatewayReady {
		answer.Services.Guacamole = "disconnected"
		if now.Gateway != nil && now.Gateway.Mode != lab.GatewayOff {
			answer.Status = "degraded"
		}
	}
	if now.Link == nil || !now.Link.Connected {
		answer.Status, answer.Services.QEMU, status = "unhealthy", "unavailable", http.StatusServiceUnavailable
	}
	rest.Reply(w, status, answer)
}

// settleLimit is how long libvirt may take to be found when we have just been started.
const settleLimit = 5 * time.Second

// settle waits until it is known whether libvirt is there: how it is, is told anyway.
func (h *handler) settle(ctx context.Context) {
	limited, cancel := context.WithTimeout(ctx, settleLimit)
	defer cancel()
	_ = h.service.Ready(limited) // what is wrong is in the event
}
