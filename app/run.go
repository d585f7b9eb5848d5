package app

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"

	"github.com/godbus/dbus/v5"
	"github.com/wailsapp/wails/v2"
	"github.com/wailsapp/wails/v2/pkg/options"
	"github.com/wailsapp/wails/v2/pkg/options/assetserver"
	"github.com/wailsapp/wails/v2/pkg/options/linux"
	"github.com/wailsapp/wails/v2/pkg/runtime"

	"sandboxlabs/app/webview"
	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/page"
	"sandboxlabs/backend/words"
)

// Window is what the window shows.
type Window struct {
	App     *App
	Page    *page.Page
	Files   http.Handler // what the page loads and Page has not
	Icon    Icon
	Opening lab.Opening // what it shows at first
}

// Run opens the window and returns when the program is to end: the person wants
// it, or ctx ended. KindUnavailable without a display, or what draws on it.
func Run(ctx context.Context, w Window) error {
	a := w.App
	a.opening.add(w.Opening)
	ctx, a.end = context.WithCancel(ctx)
	a.tray = a.newTray(ctx, w.Icon)
	a.notices = a.newNotifier()
	close(a.ready)
	bus := joinBus(slog.Default(), dbus.WithIncomingInterceptor(a.tray.Intercept))
	var background sync.WaitGroup
	background.Go(func() { a.keepToBus(ctx, bus) })
	background.Go(func() { a.followScheme(ctx) })
	defer background.Wait()
	defer a.end()
	defer a.keepRunning(ctx)
	if w.Opening.Hidden && bus != nil && a.trayWithin(ctx, trayLimit) && !a.awaitWake(ctx) {
		return nil
	}
	if err := a.useGTK(bus != nil); err != nil {
		return err
	}
	return w.open(ctx)
}

// open opens the window and returns when it is closed.
func (w Window) open(ctx context.Context) (err error) {
	stop := context.AfterFunc(ctx, w.App.quit)
	defer stop()
	defer w.App.noDisplay(&err)
	w.App.tray.Awake(true)
	endSparing := spareDriver()
	defer endSparing()
	o := w.options(w.App.readShape(ctx))
	o.OnDomReady = func(context.Context) { endSparing() }
	if err := wails.Run(o); err != nil {
		return lab.Errorf(lab.KindUnavailable, "the window can not be opened").
			WithHint("Run sandboxlabs serve and open the address it prints in a browser.").WithCause(err)
	}
	return nil
}

func (w Window) options(s shape) *options.App {
	methods, enums := Bound(w.App)
	state := options.Normal
	if s.maximised {
		state = options.Maximised
	}
	return &options.App{
		Title:            "SandBoxLabs",
		Width:            s.width,
		Height:           s.height,
		MinWidth:         narrowest,
		MinHeight:        lowest,
		WindowStartState: state,
		BackgroundColour: background(w.App.dark()), // until GTK says
		AssetServer:      &assetserver.Options{Assets: w.Page, Handler: w.Files, Middleware: w.middleware},
		OnStartup:        w.App.startup,
		OnBeforeClose:    w.App.beforeClose,
		Bind:             methods,
		EnumBind:         enums,
		ErrorFormatter:   formatError,
		DragAndDrop:      &options.DragAndDrop{EnableFileDrop: true}, // the page keeps it from replacing the page
		Linux: &linux.Options{
			Icon:             w.Icon.PNG,
			ProgramName:      "sandboxlabs",
			WebviewGpuPolicy: linux.WebviewGpuPolicyNever, // a third less memory, and it opens in half the time
		},
	}
}

// background is the page's: --bg of app.css.
func background(dark bool) *options.RGBA {
	if dark {
		return options.NewRGB(0x0e, 0x10, 0x13)
	}
	return options.NewRGB(0xf4, 0xf5, 0xf7)
}

func (a *App) startup(ctx context.Context) {
	a.ctx = ctx
	close(a.started)
	a.followGTK()
	webview.Watch(a.lookAway, a.quit)
}

// noDisplay turns the panic of a GTK that can not be initialised into an error.
func (a *App) noDisplay(err *error) {
	p := recover()
	if p == nil {
		return
	}
	select {
	case <-a.started:
		panic(p) // not this one
	default:
	}
	*err = lab.Errorf(lab.KindUnavailable, "there is no display to open a window on").
		WithHint("Run it in a desktop session, or run sandboxlabs serve and open the address it prints in a browser.").
		WithCause(fmt.Errorf("%v", p))
}

// quit closes the window once it is there, whatever closing it does otherwise.
func (a *App) quit() {
	a.leaving.Store(true)
	<-a.started
	runtime.Quit(a.ctx)
}

// policy lets the page load itself, and connect to consoles on this computer.
const policy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; " +
	"img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self' http://127.0.0.1:* ws://127.0.0.1:*"

func (w Window) middleware(next http.Handler) http.Handler { return guarded(w.indexed(next)) }

// indexed has index.html begin as is chosen.
func (w Window) indexed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/" {
			next.ServeHTTP(rw, r)
			return
		}
		now := w.App.service.Desktop()
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, err := rw.Write(w.Page.Index(page.Beginning{Language: now.Language, Desktop: words.Wished(), Scheme: now.Scheme}))
		if err != nil {
			slog.Warn("the page can not be given to the window", "error", err)
		}
	})
}

// guarded sets the page's policy and keeps a panic from ending the process.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				slog.Error("panic in request", "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		w.Header().Set("Content-Security-Policy", policy)
		next.ServeHTTP(w, r)
	})
}
