// Package toolkit loads GTK and WebKitGTK when they are first wanted. They are 170 libraries, for
// which ld.so takes a tenth of a second, and the window alone needs them: commands and the server
// do without, even on a computer that has none of them.
//
// Each of their functions that the program calls, which symbols.h lists, is defined here as a jump
// to where a slot points, so that the linker wants no library for it. Load fills the slots, with
// dlopen(3) and dlsym(3). It is how a procedure linkage table works (System V psABI of the
// processor), but for the time. Where the processor's jump is not known here, the libraries are
// linked as ever, and Load has nothing to do.
package toolkit

/*
#cgo toolkit_linked CFLAGS: -DLINKED
#include <stdlib.h>

char *toolkit_load(void);
*/
import "C"

import (
	"errors"
	"sync"
	"unsafe"

	"sandboxlabs/backend/lab"
)

// Load loads them, once; KindUnavailable where they are not. Before it nothing of GTK, GLib or
// WebKitGTK may be called: the program would be aborted.
var Load = sync.OnceValue(func() error {
	why := C.toolkit_load()
	if why == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(why))
	return lab.Errorf(lab.KindUnavailable, "GTK and WebKitGTK can not be loaded").WithCause(errors.New(C.GoString(why))).
		WithHint("Install libwebkit2gtk-4.1-0 (Debian, Ubuntu), webkit2gtk4.1 (Fedora) or webkit2gtk-4.1 (Arch), " +
			"or run sandboxlabs serve and open the address it prints in a browser.")
})
