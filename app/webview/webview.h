#include <gtk/gtk.h>
#include <webkit2/webkit2.h>

// From any thread.
void watchPage(void);
void reloadPage(void);
void askAboutPage(char **words); // what happened, what it means, two buttons, the title, NULL

// In Go.
extern void pageEnded(int reason);
extern void pageAnswer(int again);
