package token

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/fsnotify/fsnotify"

	"sandboxlabs/backend/lab"
)

// Keeper knows the token of a file as it is now.
type Keeper struct {
	file string
	log  *slog.Logger

	mu    sync.Mutex
	token string      // empty: there is none, and nobody enters by it
	seen  os.FileInfo // the file that it was read from; nil: there was none
	life  context.Context
	end   context.CancelFunc
}

// Keep reads the token of a file, made where there is none, and follows what
// becomes of it until ctx ends.
func Keep(ctx context.Context, file string, log *slog.Logger) (*Keeper, error) {
	if _, err := Show(ctx, file); err != nil {
		return nil, err
	}
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		err = watcher.Add(filepath.Dir(file)) // the file itself is replaced, not written to
	}
	if err != nil {
		return nil, lab.Errorf(lab.KindUnavailable, "the file of the token can not be watched").WithCause(err).
			WithHint("Raise the limit fs.inotify.max_user_instances or max_user_watches by sysctl.")
	}
	k := &Keeper{file: file, log: log}
	k.reload()                                             // after the watch began: nothing is missed
	context.AfterFunc(ctx, func() { _ = watcher.Close() }) // its descriptors go with the process at the latest
	go k.follow(watcher)
	return k, nil
}

func (k *Keeper) follow(watcher *fsnotify.Watcher) {
	for {
		select {
		case event, ok := <-watcher.Events:
			if !ok {
				return
			}
			if event.Name == k.file {
				k.reload()
			}
		case err, ok := <-watcher.Errors:
			if !ok {
				return
			}
			k.log.Warn("what became of the token may have been missed", "error", err)
			k.reload()
		}
	}
}

// reload takes to the token that is in the file now; one that can not be used is none.
func (k *Keeper) reload() {
	seen, _ := os.Stat(k.file) // before it is read: if it is replaced meanwhile, it is read again
	token, err := read(k.file)
	if err != nil {
		k.log.Warn("nobody enters by a token", "error", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen = seen
	if token == k.token && k.life != nil {
		return
	}
	if k.end != nil {
		k.end()
	}
	k.token = token
	k.life, k.end = context.WithCancel(context.Background())
}

// isCurrent reports whether the file is the one that the token was read from.
func (k *Keeper) isCurrent() bool {
	now, _ := os.Stat(k.file) // one that can not be looked at is none
	k.mu.Lock()
	defer k.mu.Unlock()
	if now == nil || k.seen == nil {
		return now == nil && k.seen == nil
	}
	return os.SameFile(now, k.seen) && now.ModTime().Equal(k.seen.ModTime())
}

// Admit implements rest.Keys. It looks at the file: what follows it may be told late.
func (k *Keeper) Admit(token string) (life context.Context, ok bool) {
	if !k.isCurrent() {
		k.reload()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.life, k.token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(k.token)) == 1
}
