// Package tray is the icon in the desktop's tray: a StatusNotifierItem
// (https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem/) with its menu over
// com.canonical.dbusmenu, the two protocols that KDE, Xfce, LXQt, Cinnamon, MATE, and GNOME with its
// extension, show.
//
//	menu       what the nodes are becomes a menu, and what the icon says: pure functions
//	tree       the menu as the host has it, and what is to be told to it when it changes
//	dbusmenu   that tree on the bus
//	answer     the order in which calls of it are answered
//	item       the icon on the bus
//	host       whether there is a tray, which comes and goes
//	tray       one loop that holds them together
//
// Nothing is polled, and nothing depends on a tray being there.
package tray
