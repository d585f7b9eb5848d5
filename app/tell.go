package app

/*
#cgo pkg-config: gtk+-3.0
#include <stdlib.h>
#include <gtk/gtk.h>

static GtkWidget *trouble;

static gboolean answer(gpointer data) {
	if (trouble) gtk_dialog_response(GTK_DIALOG(trouble), GTK_RESPONSE_CLOSE);
	return G_SOURCE_REMOVE;
}

static void answer_later(void) { g_idle_add(answer, NULL); }

// tell shows a dialog until it is closed; nothing without a display.
static void tell(char *what, char *why) {
	if (!gtk_init_check(NULL, NULL)) return;
	g_set_prgname("sandboxlabs"); // by which the desktop finds the icon
	trouble = gtk_message_dialog_new(NULL, 0, GTK_MESSAGE_ERROR, GTK_BUTTONS_CLOSE, "%s", what);
	gtk_message_dialog_format_secondary_text(GTK_MESSAGE_DIALOG(trouble), "%s", why);
	gtk_window_set_title(GTK_WINDOW(trouble), "SandBoxLabs");
	gtk_window_set_icon_name(GTK_WINDOW(trouble), "sandboxlabs");
	gtk_window_set_position(GTK_WINDOW(trouble), GTK_WIN_POS_CENTER);
	gtk_dialog_run(GTK_DIALOG(trouble));
	gtk_widget_destroy(trouble);
	trouble = NULL;
}
*/
import "C"

import (
	"context"
	"log/slog"
	"runtime"
	"unicode"
	"unicode/utf8"
	"unsafe"

	"sandboxlabs/app/toolkit"
	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/words"
)

// Tell shows a person why there is no window, until they close it or ctx ends. It
// shows nothing where there is no display, or no GTK. No window may be open.
func Tell(ctx context.Context, p *lab.Problem) {
	if err := toolkit.Load(); err != nil {
		slog.Warn("why there is no window can not be shown", "error", err)
		return
	}
	runtime.LockOSThread() // GTK's from now on
	what, why := C.CString(words.Text("SandBoxLabs can not go on")), C.CString(explained(p))
	defer C.free(unsafe.Pointer(what))
	defer C.free(unsafe.Pointer(why))
	defer context.AfterFunc(ctx, func() { C.answer_later() })()
	C.tell(what, why)
}

// explained gives what is wrong and, below it, what mends it.
func explained(p *lab.Problem) string {
	message := words.Told(p.Message)
	first, size := utf8.DecodeRuneInString(message)
	text := string(unicode.ToUpper(first)) + message[size:] + "."
	if p.Hint != "" {
		text += "\n\n" + words.Told(p.Hint)
	}
	return text
}
