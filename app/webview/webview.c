#include "webview.h"

// Of the window, all of it on the thread of GTK.
static WebKitWebView *page;

static void ended(WebKitWebView *view, WebKitWebProcessTerminationReason reason, gpointer data)
{
	pageEnded((int)reason);
}

static void seek(GtkWidget *widget, gpointer data)
{
	if (page)
		return;
	if (WEBKIT_IS_WEB_VIEW(widget))
		page = WEBKIT_WEB_VIEW(widget);
	else if (GTK_IS_CONTAINER(widget))
		gtk_container_forall(GTK_CONTAINER(widget), seek, NULL);
}

static gboolean watch(gpointer data)
{
	GList *windows = gtk_window_list_toplevels();
	for (GList *w = windows; w; w = w->next)
		seek(GTK_WIDGET(w->data), NULL);
	g_list_free(windows);
	if (page)
		g_signal_connect(page, "web-process-terminated", G_CALLBACK(ended), NULL);
	return G_SOURCE_REMOVE;
}

static gboolean reload(gpointer data)
{
	webkit_web_view_reload(page);
	return G_SOURCE_REMOVE;
}

static void answer(GtkDialog *dialog, int response, gpointer data)
{
	gtk_widget_destroy(GTK_WIDGET(dialog));
	pageAnswer(response != GTK_RESPONSE_REJECT); // also when it is only closed
}

static gboolean ask(gpointer data)
{
	char **words = data;
	GtkWidget *window = gtk_widget_get_toplevel(GTK_WIDGET(page));
	GtkWidget *dialog = gtk_message_dialog_new(GTK_WINDOW(window), GTK_DIALOG_DESTROY_WITH_PARENT,
		GTK_MESSAGE_ERROR, GTK_BUTTONS_NONE, "%s", words[0]);
	gtk_message_dialog_format_secondary_text(GTK_MESSAGE_DIALOG(dialog), "%s", words[1]);
	gtk_window_set_title(GTK_WINDOW(dialog), words[4]);
	gtk_dialog_add_button(GTK_DIALOG(dialog), words[2], GTK_RESPONSE_REJECT);
	gtk_dialog_add_button(GTK_DIALOG(dialog), words[3], GTK_RESPONSE_ACCEPT);
	gtk_dialog_set_default_response(GTK_DIALOG(dialog), GTK_RESPONSE_ACCEPT);
	g_signal_connect(dialog, "response", G_CALLBACK(answer), NULL);
	gtk_widget_show(dialog);
	g_strfreev(words);
	return G_SOURCE_REMOVE;
}

void watchPage(void) { g_idle_add(watch, NULL); }

void reloadPage(void) { g_idle_add(reload, NULL); }

void askAboutPage(char **words) { g_idle_add(ask, g_strdupv(words)); }
