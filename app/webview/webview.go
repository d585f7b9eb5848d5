// Package webview brings the page of the window back whose process has ended.
// WebKit shows the last picture of such a page for ever, and Wails has no hook
// for it: the signal web-process-terminated of the WebKitWebView in the window
// tells, so that nothing has to ask the page whether it lives.
package webview

/*
#cgo pkg-config: gtk+-3.0 webkit2gtk-4.1
#include <stdlib.h>
#include "webview.h"
*/
import "C"

import (
	"log/slog"
	"sync"
	"time"
	"unsafe"

	"sandboxlabs/backend/words"
)

// patience is within which time a page that ends again is not loaded again
// without asking: it might go on for ever.
const patience = time.Minute

// reasons are those of WebKitWebProcessTerminationReason
// (webkitgtk.org/reference/webkit2gtk/stable/enum.WebProcessTerminationReason.html).
var reasons = []string{"it crashed", "it took too much memory", "it was asked to"}

// keeper decides what becomes of a page that has ended.
type keeper struct {
	mu          sync.Mutex
	last        time.Time // it was loaded again; zero: never
	ended, quit func()
}

var current keeper

// Watch begins to look after the page of the window that is there. ended is called
// whenever it has, and must not wait; quit if the person would rather end the
// program than load it again.
func Watch(ended, quit func()) {
	current.mu.Lock()
	current.ended, current.quit = ended, quit
	current.mu.Unlock()
	C.watchPage()
}

// again reports whether the page is to be loaded again without asking.
func (k *keeper) again(now time.Time) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	was := k.last
	k.last = now
	return was.IsZero() || now.Sub(was) > patience
}

//export pageEnded
func pageEnded(reason C.int) {
	why := "for no known reason"
	if 0 <= int(reason) && int(reason) < len(reasons) {
		why = reasons[reason]
	}
	again := current.again(time.Now())
	slog.Error("the process of the page has ended", "reason", why, "again", again)
	current.mu.Lock()
	ended := current.ended
	current.mu.Unlock()
	ended()
	if again {
		C.reloadPage()
		return
	}
	ask(
		words.Text("The page of SandBoxLabs has ended twice."),
		words.Text("Nodes go on running. The window stays empty until it is loaded again."),
		words.Text("Quit SandBoxLabs"), words.Text("Load it again"), words.Text("SandBoxLabs: its page has ended"),
	)
}

// ask asks the person in a dialog of GTK, as there is no page to ask them.
func ask(texts ...string) {
	list := make([]*C.char, len(texts)+1) // it ends with a null
	for i, text := range texts {
		list[i] = C.CString(text)
		defer C.free(unsafe.Pointer(list[i]))
	}
	C.askAboutPage(&list[0])
}

//export pageAnswer
func pageAnswer(again C.int) {
	if again != 0 {
		C.reloadPage()
		return
	}
	current.mu.Lock()
	quit := current.quit
	current.mu.Unlock()
	go quit() // GTK is waiting for us
}
