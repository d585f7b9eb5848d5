# A small window from which a file can be dragged, as from a file manager.
import sys

import gi

gi.require_version("Gdk", "3.0")
gi.require_version("Gtk", "3.0")
from gi.repository import Gdk, Gio, Gtk  # noqa: E402

window = Gtk.Window(title="drag source")
box = Gtk.EventBox()
box.add(Gtk.Label(label="drag me"))
box.drag_source_set(Gdk.ModifierType.BUTTON1_MASK, [Gtk.TargetEntry.new("text/uri-list", 0, 0)], Gdk.DragAction.COPY)
uri = Gio.File.new_for_path(sys.argv[1]).get_uri()
box.connect("drag-data-get", lambda widget, context, data, info, time: data.set_uris([uri]))
window.add(box)
window.set_default_size(120, 60)
window.set_decorated(False)
window.set_keep_above(True)
window.move(1270, 830)
window.show_all()
Gtk.main()
