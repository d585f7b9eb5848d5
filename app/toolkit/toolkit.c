#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(LINKED) // to see what symbols.h has to list
#elif defined(__x86_64__)
#define JUMP(name) "jmp *slot_" #name "(%rip)\n"
#elif defined(__aarch64__) // x16 is what a linker's own code between functions may use (AAPCS64)
#define JUMP(name) "adrp x16, slot_" #name "\n ldr x16, [x16, :lo12:slot_" #name "]\n br x16\n"
#endif

#ifdef JUMP

// too_early is what a slot points to at first. Where it was called from, Go says when it is aborted.
static void too_early(void) {
	fputs("sandboxlabs: GTK or WebKitGTK is called before it is loaded\n", stderr);
	abort();
}

#define SYMBOL(name) __attribute__((visibility("hidden"))) void *slot_##name = too_early;
#include "symbols.h"
#undef SYMBOL

// A library must not take these for what it calls of another: they are hidden.
#define SYMBOL(name) \
	__asm__(".pushsection .text\n.balign 16\n.globl " #name "\n.hidden " #name "\n.type " #name ", %function\n" \
		#name ":\n" JUMP(name) ".size " #name ", . - " #name "\n.popsection");
#include "symbols.h"
#undef SYMBOL

static const struct {
	const char *name;
	void **slot;
} symbols[] = {
#define SYMBOL(name) {#name, &slot_##name},
#include "symbols.h"
#undef SYMBOL
};

// toolkit_load gives why it can not be done, to be freed, or NULL. A search in the library is one in all
// that it depends on, too. They are global, as if they were linked: GtkBuilder seeks its types in the
// program. What they call of each other is bound as it is called, which begins a tenth sooner.
char *toolkit_load(void) {
	void *libraries = dlopen("libwebkit2gtk-4.1.so.0", RTLD_LAZY | RTLD_GLOBAL);
	if (!libraries) return strdup(dlerror());
	for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
		void *there = dlsym(libraries, symbols[i].name);
		if (!there) return strdup(dlerror());
		*symbols[i].slot = there;
	}
	return NULL;
}

#else

char *toolkit_load(void) { return NULL; }

#endif
