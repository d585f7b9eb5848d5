package virt

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

// counter is a boot sector that says a rising number on the first serial port as
// fast as that takes it: lines of eight letters, A for 0 to P for 15.
var counter = []byte{
	0x66, 0x31, 0xdb, //       xorl %ebx,%ebx
	0xb9, 0x08, 0x00, // next: mov $8,%cx
	0x66, 0x43, //             incl %ebx
	0x66, 0xc1, 0xc3, 0x04, // digit: roll $4,%ebx
	0x88, 0xd8, //             mov %bl,%al
	0x24, 0x0f, //             and $15,%al
	0x04, 0x41, //             add $'A',%al
	0xe8, 0x09, 0x00, //       call put
	0xe2, 0xf1, //             loop digit
	0xb0, 0x0a, //             mov $'\n',%al
	0xe8, 0x02, 0x00, //       call put
	0xeb, 0xe5, //             jmp next
	0x88, 0xc4, //       put:  mov %al,%ah
	0xba, 0xfd, 0x03, //       mov $0x3fd,%dx
	0xec,       //       wait: in (%dx),%al
	0xa8, 0x20, //             test $0x20,%al
	0x74, 0xfb, //             jz wait
	0x88, 0xe0, //             mov %ah,%al
	0xb2, 0xf8, //             mov $0xf8,%dl
	0xee, //                   out %al,(%dx)
	0xc3, //                   ret
}

func mustUploadCounter(t testing.TB, c *Conn) lab.Volume {
	t.Helper()
	sector := make([]byte, 1<<20)
	copy(sector, counter)
	copy(sector[510:], "\x55\xaa")
	dir := t.TempDir()
	raw, disk := filepath.Join(dir, "raw"), filepath.Join(dir, "qcow2")
	if err := os.WriteFile(raw, sector, 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "qemu-img", "convert", "-O", "qcow2", raw, disk)
	content, err := os.ReadFile(disk)
	if err != nil {
		t.Fatal(err)
	}
	base, err := c.Upload(t.Context(), lab.BaseVolume("counter", "0123456789ab"), int64(len(content)), bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// TestSlowSerial has a guest that says more than its reader takes: what is kept is bounded,
// and goes on in order. QEMU itself drops what does not fit into the pty while libvirt is
// kept from reading that, so there may be gaps; TestLastIsKept has none.
func TestSlowSerial(t *testing.T) {
	c := mustOpen(t)
	spec := mustDefineOn(t, c, mustUploadCounter(t, c))
	mustPower(t, c, spec.ID, lab.PowerStart)
	opened, err := c.OpenSerial(t.Context(), spec.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer mustClose(t, opened)
	slow := opened.(*port)
	first := 0
	eventually(t, "the guest counts", func() bool {
		first = oldest(t, slow)
		return first > 0
	})
	eventually(t, "the oldest is dropped", func() bool { return oldest(t, slow) > first })
	if slow.mu.Lock(); len(slow.kept) > mostKept || cap(slow.kept) > 4*mostKept {
		t.Errorf("%d bytes are kept in %d, want at most %d", len(slow.kept), cap(slow.kept), mostKept)
	}
	slow.mu.Unlock()
	lines := bufio.NewScanner(slow)
	for inRow, last := 0, 0; inRow < 1000; {
		if !lines.Scan() {
			t.Fatal(lines.Err())
		}
		n := count(lines.Text())
		if inRow++; n != last+1 {
			inRow = 0
		}
		last = n
	}
}

// TestLastIsKept has more said than is kept, in pieces of any size, of which a reader
// takes some in between: it is told the last of it, whole.
func TestLastIsKept(t *testing.T) {
	p := &port{more: make(chan struct{}, 1)}
	var said, heard []byte
	for i := 1; len(said) < 3*mostKept; i++ {
		piece := make([]byte, 1+i*7919%(64<<10))
		for n := range piece {
			piece[n] = byte((len(said) + n) % 251)
		}
		said = append(said, piece...)
		p.keep(piece, nil)
		if len(said) > mostKept {
			continue
		}
		some := make([]byte, len(piece)/2)
		n, err := p.Read(some)
		if err != nil {
			t.Fatal(err)
		}
		heard = append(heard, some[:n]...)
	}
	if !bytes.HasPrefix(said, heard) {
		t.Error("got something else than was said first")
	}
	p.keep(nil, io.EOF)
	rest, err := io.ReadAll(p)
	if want := said[len(said)-mostKept:]; err != nil || !bytes.Equal(rest, want) {
		t.Errorf("got %d bytes and %v, want the last %d", len(rest), err, len(want))
	}
}

const lineLength = 9

// oldest gives the first number that is kept; 0 if there is none.
func oldest(t testing.TB, p *port) int {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	lines := bytes.SplitN(p.kept, []byte{'\n'}, 3)
	if len(lines) < 3 {
		return 0
	}
	return count(string(lines[1]))
}

// count reads a line of the counter's; 0 if it is none.
func count(line string) (n int) {
	if len(line) != lineLength-1 || strings.Trim(line, "ABCDEFGHIJKLMNOP") != "" {
		return 0
	}
	for _, c := range line {
		n = n<<4 | int(c-'A')
	}
	return n
}
