package app

import (
	"log/slog"
	"os"
)

// sparing has WebKit not load the graphics driver into this process, which it would
// wait for before it begins the page's, a tenth of a second: the window is drawn
// without (WebviewGpuPolicyNever), and asks for no driver's buffers. It still looks up
// which device would draw, while the page's process begins; what keeps it from that,
// WEBKIT_WEB_RENDER_DEVICE_FILE, has the page light on a dark desktop (2.50).
// What is not named so in some WebKit does nothing there. GDK_GL keeps GTK from the same
// on an X server where no program of it has asked yet what the driver draws.
var sparing = map[string]string{
	"WEBKIT_DISABLE_DMABUF_RENDERER": "1",
	"GDK_GL":                         "disable",
}

// spareDriver tells WebKit so, except for what the person has set. WebKit asks when its
// first page begins; end it then, as what else is started is not to inherit it.
func spareDriver() (end func()) {
	var told []string
	for name, value := range sparing {
		if _, set := os.LookupEnv(name); set {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			slog.Warn("WebKit will load the graphics driver", "error", err)
			continue
		}
		told = append(told, name)
	}
	return func() {
		for _, name := range told {
			if err := os.Unsetenv(name); err != nil {
				slog.Warn("what WebKit was told is passed on", "error", err)
			}
		}
	}
}
