package app

/*
#cgo pkg-config: gtk+-3.0
#include <gio/gio.h>

// held has no owner but us: as long as it lives, everybody in this process is given it.
static void held(GObject *source, GAsyncResult *result, gpointer data) {
	GDBusConnection *bus = g_bus_get_finish(result, NULL);
	if (bus) g_dbus_connection_set_exit_on_close(bus, FALSE);
}

static gboolean hold(gpointer data) {
	g_bus_get(G_BUS_TYPE_SESSION, NULL, held, NULL);
	return G_SOURCE_REMOVE;
}

static void outlive_bus(void) { g_idle_add(hold, NULL); }
*/
import "C"

// outliveBus keeps the process from ending with its session bus, once there is a
// window: GLib, with whose connection GTK and WebKit work, ends it by default.
func outliveBus() { C.outlive_bus() }
