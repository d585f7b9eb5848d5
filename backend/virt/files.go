package virt

import (
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"libvirt.org/go/libvirt"
)

// watchFiles has c told when libvirt writes a domain's definition, until the
// session ends. virsh setvcpus --config and setmem --config raise no event;
// that the file is replaced is all there is to see of them.
func (c *Conn) watchFiles(s *session) error {
	if !c.uri.local() {
		return nil
	}
	dir, err := c.definitions()
	if err != nil {
		return err
	}
	fd, err := syscall.InotifyInit1(syscall.IN_CLOEXEC | syscall.IN_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("inotify_init1", err)
	}
	events := os.NewFile(uintptr(fd), "inotify")
	if _, err := syscall.InotifyAddWatch(fd, dir, syscall.IN_MOVED_TO); err != nil {
		_ = events.Close()
		return &os.PathError{Op: "watch", Path: dir, Err: err}
	}
	context.AfterFunc(s.over, func() { _ = events.Close() })
	go c.readFileEvents(events)
	return nil
}

// definitions is the directory in which libvirt keeps the definitions.
func (c *Conn) definitions() (string, error) {
	if c.uri.system {
		return "/etc/libvirt/qemu", nil
	}
	dir, err := os.UserConfigDir()
	return filepath.Join(dir, "libvirt", "qemu"), err
}

// readFiles reads the definitions of domains from libvirt's files, which takes
// a tenth of the time that asking for them does. Those that can not be had so
// stay nil: remote ones, transient ones, and those that are just being renamed.
func (c *Conn) readFiles(handles []libvirt.Domain) []*definition {
	found := make([]*definition, len(handles))
	dir, err := c.definitions()
	if err != nil || !c.uri.local() {
		return found
	}
	for i := range handles {
		name, nameErr := handles[i].GetName()
		id, idErr := handles[i].GetUUIDString()
		if nameErr != nil || idErr != nil {
			continue
		}
		if def, err := readFile(filepath.Join(dir, name+".xml")); err == nil && def.UUID == id {
			found[i] = &def
		}
	}
	return found
}

func readFile(file string) (definition, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return definition{}, err
	}
	return parseInactive(string(text))
}

// readFileEvents goes on until events is closed.
func (c *Conn) readFileEvents(events *os.File) {
	buffer := make([]byte, 64<<10)
	for {
		n, err := events.Read(buffer)
		if err != nil {
			return
		}
		for _, file := range fileNames(buffer[:n]) {
			if name, ok := strings.CutSuffix(file, ".xml"); ok {
				c.definitionWritten(name)
			}
		}
	}
}

// fileNames takes the names out of a series of struct inotify_event (inotify(7)).
func fileNames(b []byte) []string {
	var names []string
	for len(b) >= syscall.SizeofInotifyEvent {
		end := syscall.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(b[12:]))
		if end > len(b) {
			break
		}
		names = append(names, string(bytes.TrimRight(b[syscall.SizeofInotifyEvent:end], "\x00")))
		b = b[end:]
	}
	return names
}

// definitionWritten hints at a domain known by name. One that can not be found
// any more has raised an event of its own.
func (c *Conn) definitionWritten(name string) {
	err := c.with(context.Background(), "find the node", func(s *session) error {
		d, err := s.LookupDomainByName(name)
		if err != nil {
			return err
		}
		defer free(d)
		return c.hintAt(d)
	})
	if err != nil {
		c.cfg.Log.Debug("a definition was written and is gone", "name", name, "error", err)
	}
}

func (c *Conn) hintAt(d *libvirt.Domain) error {
	id, err := d.GetUUIDString()
	if err == nil {
		c.hints.changed(id)
	}
	return err
}
