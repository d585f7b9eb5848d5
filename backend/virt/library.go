//go:build libvirt_dlopen

package virt

/*
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>

// What libvirt's libraries look for is sought in themselves first. The window's libraries are some
// 170, and whoever opens libvirt after them has each of its thousands of symbols sought in all of
// those: 35 ms instead of 12 before the program begins, at each command. Where something is preloaded,
// an allocator say, it is not passed by: memory of one would come back to another.
__attribute__((constructor)) static void find_in_itself(void) {
	if (!getenv("LD_PRELOAD")) dlopen("libvirt.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
}
*/
import "C"
