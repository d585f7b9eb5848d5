//go:build libvirt_dlopen

package virt

/*
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

// What libvirt's libraries look for is sought in themselves first, and not in the program and glibc:
// they have thousands of symbols, and each command begins 2 ms of its 40 sooner. Where something is
// preloaded, an allocator say, it is not passed by: memory of one would come back to another.
__attribute__((constructor)) static void find_in_itself(void) {
	if (!getenv("LD_PRELOAD")) dlopen("libvirt.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
}
*/
import "C"
