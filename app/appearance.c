#include <gtk/gtk.h>
#include <string.h>

#include "_cgo_export.h"

// choices of the person, each 0 where they say nothing, 1 for no and 2 for yes.
struct look {
	int dark, still, contrast;
};

// choose sets a setting of GTK for this program, or leaves it to the desktop again.
static void choose(GtkSettings *settings, const char *name, int chosen, const void *value, gboolean text) {
	if (!chosen) gtk_settings_reset_property(settings, name);
	else if (text) g_object_set(settings, name, (const char *)value, NULL);
	else g_object_set(settings, name, GPOINTER_TO_INT(value), NULL);
}

// brighten takes a theme that is dark by its name, such as Adwaita-dark, to the one without that:
// WebKit goes by the name, too.
static void brighten(GtkSettings *settings) {
	char *name = NULL;
	g_object_get(settings, "gtk-theme-name", &name, NULL);
	char *end = name ? strrchr(name, '-') : NULL;
	if (end && g_ascii_strcasecmp(end, "-dark") == 0) {
		*end = 0;
		g_object_set(settings, "gtk-theme-name", name, NULL);
	}
	g_free(name);
}

// apply has GTK look as chosen, and WebKit, which follows it at once: the scheme and the motion of
// media queries come from these settings, and the contrast from the name of the theme.
static gboolean apply(gpointer data) {
	struct look *look = data;
	GtkSettings *settings = gtk_settings_get_default();
	if (settings) {
		choose(settings, "gtk-application-prefer-dark-theme", look->dark, GINT_TO_POINTER(look->dark == 2), FALSE);
		choose(settings, "gtk-enable-animations", look->still == 2, GINT_TO_POINTER(FALSE), FALSE);
		choose(settings, "gtk-theme-name", look->contrast == 2, "HighContrast", TRUE);
		if (look->dark == 1) brighten(settings);
	}
	g_free(look);
	return G_SOURCE_REMOVE;
}

void look_like(int dark, int still, int contrast) {
	struct look *look = g_new(struct look, 1);
	*look = (struct look){dark, still, contrast};
	g_idle_add_full(G_PRIORITY_DEFAULT, apply, look, NULL); // before the first frame is drawn
}

// tell_scale tells by how much text is larger than at 96 dots an inch.
static void tell_scale(GtkSettings *settings, GParamSpec *changed, gpointer app) {
	double dpi = gdk_screen_get_resolution(gdk_screen_get_default());
	textScaled((uintptr_t)app, dpi > 0 ? dpi / 96 : 1);
}

// tell_scheme tells whether GTK is dark, by what WebKit goes by.
static void tell_scheme(GtkSettings *settings, GParamSpec *changed, gpointer app) {
	gboolean dark = FALSE;
	char *name = NULL;
	g_object_get(settings, "gtk-application-prefer-dark-theme", &dark, "gtk-theme-name", &name, NULL);
	char *end = name ? strrchr(name, '-') : NULL;
	schemeFollowed((uintptr_t)app, dark || (end && g_ascii_strcasecmp(end, "-dark") == 0));
	g_free(name);
}

static gboolean follow(gpointer app) {
	GtkSettings *settings = gtk_settings_get_default();
	if (settings) {
		g_signal_connect_after(settings, "notify::gtk-application-prefer-dark-theme", G_CALLBACK(tell_scheme), app);
		g_signal_connect_after(settings, "notify::gtk-theme-name", G_CALLBACK(tell_scheme), app);
		tell_scheme(settings, NULL, app);
		g_signal_connect_after(settings, "notify::gtk-xft-dpi", G_CALLBACK(tell_scale), app);
		tell_scale(settings, NULL, app);
	}
	return G_SOURCE_REMOVE;
}

void follow_gtk(uintptr_t app) { g_idle_add(follow, (gpointer)app); }
