package images

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"sandboxlabs/backend/lab"
)

// input is how qemu-img opens what is converted: its format is always said, and
// never looked for by QEMU, for what is in a disk its guest has written.
type input struct {
	opts  string // as after --image-opts
	files []*os.File
}

// asInput gives a disk, or a part of a file that is one.
func asInput(format string, file *os.File, at section) input {
	opts := fmt.Sprintf("driver=%s,file.driver=file,file.filename=%s", format, opened(0))
	if at != (section{}) {
		opts = fmt.Sprintf("driver=%s,file.driver=raw,file.offset=%d,file.size=%d,file.file.driver=file,file.file.filename=%s",
			format, at.offset, at.size, opened(0))
	}
	return input{opts: opts, files: []*os.File{file}}
}

// asChain gives an overlay with its base, whatever the overlay itself calls it.
func asChain(overlay, base *os.File) input {
	in := asInput(qcow2, overlay, section{})
	if base != nil {
		in.opts += fmt.Sprintf(",backing.driver=%s,backing.file.driver=file,backing.file.filename=%s", qcow2, opened(1))
		in.files = append(in.files, base)
	}
	return in
}

// asPath gives a vmdk whose extents are beside it: they are found by its path.
// A comma ends an option unless it is doubled.
func asPath(format, path string) input {
	return input{opts: fmt.Sprintf("driver=%s,file.driver=file,file.filename=%s", format, strings.ReplaceAll(path, ",", ",,"))}
}

// virtualSize asks qemu-img how large the disk is that a guest would see.
func (in input) virtualSize(ctx context.Context) (int64, error) {
	info, err := in.info(ctx)
	return info.VirtualSize, err
}

// diskInfo is what qemu-img tells of a disk; it opens nothing that the disk stands on.
type diskInfo struct {
	VirtualSize   int64  `json:"virtual-size"`
	Encrypted     bool   `json:"encrypted"`
	Backing       string `json:"backing-filename"` // as the disk has it
	BackingFormat string `json:"backing-filename-format"`
}

func (in input) info(ctx context.Context) (info diskInfo, err error) {
	var out bytes.Buffer
	err = run{
		args: []string{"info", "--output=json", "--image-opts", in.opts}, files: in.files,
		limit: limitCheck, out: &out,
	}.do(ctx)
	if err != nil {
		return diskInfo{}, err
	}
	if err := json.Unmarshal(out.Bytes(), &info); err != nil {
		return diskInfo{}, lab.Errorf(lab.KindInternal, "qemu-img's answer can not be understood").WithCause(err)
	}
	if info.Encrypted {
		return diskInfo{}, lab.Errorf(lab.KindInvalid, "it is encrypted").WithHint("Make an unencrypted copy of it with qemu-img convert.")
	}
	return info, nil
}

// conversion makes a base of an input.
type conversion struct {
	from     input
	to       string // path of the new file
	compress bool
	largest  int64         // bytes that it may become
	at       func(float64) // told how far it is, 0 to 1
}

// do leaves a qcow2 file that stands alone.
func (c conversion) do(ctx context.Context) error {
	args := []string{"convert", "-p", "-O", qcow2, "-o", "compat=1.1,lazy_refcounts=off"}
	if c.compress {
		args = append(args, "-c", "-o", "compression_type=zstd")
	}
	return run{
		args:  append(args, "--image-opts", c.from.opts, c.to),
		files: c.from.files, limit: limitConvert, largest: c.largest, out: &meter{at: c.at},
	}.do(ctx)
}

// meter reads the progress that qemu-img prints: "    (12.34/100%)\r".
type meter struct {
	at   func(float64)
	line []byte
}

func (m *meter) Write(b []byte) (int, error) {
	for _, c := range b {
		if c != '\r' && c != '\n' {
			if len(m.line) < 80 { // of what is printed without an end nothing is of interest
				m.line = append(m.line, c)
			}
			continue
		}
		text := strings.TrimLeft(string(m.line), " (")
		part, _, found := strings.Cut(text, "/100%")
		if percent, err := strconv.ParseFloat(part, 64); found && err == nil && percent <= 100 {
			m.at(percent / 100)
		}
		m.line = m.line[:0]
	}
	return len(b), nil
}
