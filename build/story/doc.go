// Package story plays the program's main story with a real guest, in front of a
// screen: a person makes a node from a base image, boots it, types in its
// console, writes a file, wipes the node, sees the file gone, undoes the wipe,
// sees it back, and deletes the node.
//
// One script is played on two stages, the page in Chromium and the real window,
// and for two owners of the libvirt, root (system) and an ordinary user
// (session). Nothing in it is pretended: the mouse and the keyboard are those of
// an X server, the guest's serial port says what the guest did, and virsh says
// what became of the domain.
//
//	place      where one play happens: folders, user, settings, libvirt; cleared away whatever happens
//	desk       an X server with a window manager, its mouse, keyboard and pictures
//	seat       a desk with a session bus, and a panel with a tray on it if wanted
//	page       a page on a desk: find, click, type, wait, take pictures
//	guest      the truth about the virtual machine
//
// It needs build/bin/sandboxlabs, the tiny image, libvirt, QEMU, Xvfb, openbox,
// xdotool, ImageMagick, Chromium, Weston and Xfce's panel. Pictures of every step are left in
// build/out/screenshots.
package story
