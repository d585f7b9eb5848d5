package app

/*
#cgo pkg-config: gtk+-3.0
#include <stdlib.h>
#include <gtk/gtk.h>

// present brings the program's window to the front, in GTK's own thread. The token is what the
// desktop gave with the wish: an xdg-activation token on Wayland, a startup notification id on X11.
static gboolean present(gpointer token) {
	GList *all = gtk_window_list_toplevels();
	for (GList *l = all; l; l = l->next) {
		if (gtk_window_get_window_type(l->data) != GTK_WINDOW_TOPLEVEL || GTK_IS_DIALOG(l->data)) continue;
		gtk_widget_show(GTK_WIDGET(l->data));
		if (*(char *)token) gtk_window_set_startup_id(GTK_WINDOW(l->data), token);
		gtk_window_present(GTK_WINDOW(l->data));
	}
	g_list_free(all);
	free(token);
	return G_SOURCE_REMOVE;
}

static void present_later(char *token) { g_idle_add(present, token); }
*/
import "C"

// present brings the window to the front, be it hidden or not. Wails can not pass
// the token on, without which a desktop may keep the window behind others.
func present(token string) { C.present_later(C.CString(token)) }
