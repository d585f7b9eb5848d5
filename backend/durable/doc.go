// Package durable keeps small files that are whole or absent whenever the
// process or the machine dies, sets aside what can not be read, and reserves
// names between processes. It is what the store and the library have in common.
//
// Every error is an *lab.Error: KindUnavailable where the disk is full or
// broken, KindDenied where permission lacks, KindBusy where a name is reserved.
package durable

import (
	"errors"
	"syscall"

	"sandboxlabs/backend/lab"
)

// explain makes a sentence of what the system says; verb completes "can not".
func explain(err error, verb, path string) error {
	switch {
	case err == nil:
		return nil
	case isAny(err, syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG):
		return lab.Errorf(lab.KindUnavailable, "can not %s %s, there is no space left for it", verb, path).
			WithHint("Free some disk space, then try again.").WithCause(err)
	case isAny(err, syscall.EACCES, syscall.EPERM):
		return lab.Errorf(lab.KindDenied, "may not %s %s", verb, path).
			WithHint("Make the folder writable for you.").WithCause(err)
	}
	return lab.Errorf(lab.KindUnavailable, "can not %s %s", verb, path).
		WithHint("See whether the disk is healthy and mounted for writing.").WithCause(err)
}

func isAny(err error, targets ...error) bool {
	for _, t := range targets {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}
