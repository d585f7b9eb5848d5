package archive

import (
	"io"
	"runtime"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// blockBytes is how much becomes one frame: enough that little is lost by packing
// it alone, and so that several fit into memory.
const blockBytes = 4 << 20

// packer packs blocks side by side on all processors, each as a frame of its own:
// frames that follow one another are one content (RFC 8878, 3). An encoder of one
// frame leaves all processors but one idle.
type packer struct {
	to     io.Writer
	zstd   *zstd.Encoder
	block  []byte        // that is being filled
	frames []chan *frame // of the blocks before it, in order
	free   sync.Pool     // of blocks
	empty  sync.Pool     // of frames
}

// frame is a block, packed. A whole one has room for what can not be packed, whose
// blocks have three bytes before each 128 KiB; more than that is never needed.
type frame struct{ content []byte }

func newFrame() any { return &frame{make([]byte, 0, blockBytes+blockBytes/1024)} }

func newPacker(to io.Writer) (*packer, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderCRC(false)) // SHA256SUMS has every byte
	return &packer{to: to, zstd: encoder, free: sync.Pool{New: func() any { return new([blockBytes]byte) }}, empty: sync.Pool{New: newFrame}}, err
}

// Write implements io.Writer. An error is of a block before.
func (p *packer) Write(content []byte) (n int, err error) {
	for n < len(content) {
		if p.block == nil {
			p.block = p.free.Get().(*[blockBytes]byte)[:0]
		}
		part := min(len(content)-n, blockBytes-len(p.block))
		p.block = append(p.block, content[n:n+part]...)
		n += part
		if len(p.block) < blockBytes {
			continue
		}
		p.pack()
		if len(p.frames) > runtime.GOMAXPROCS(0) {
			if err := p.writeFirst(); err != nil {
				return n, err
			}
		}
	}
	return n, nil
}

func (p *packer) pack() {
	block, packed := p.block, make(chan *frame, 1)
	p.block, p.frames = nil, append(p.frames, packed)
	go func() {
		f := p.empty.Get().(*frame)
		f.content = p.zstd.EncodeAll(block, f.content[:0])
		packed <- f
		p.free.Put((*[blockBytes]byte)(block[:blockBytes]))
	}()
}

// writeFirst writes the oldest frame when it is packed.
func (p *packer) writeFirst() error {
	f := <-p.frames[0]
	p.frames = p.frames[1:]
	_, err := p.to.Write(f.content)
	p.empty.Put(f)
	return err
}

// Close writes what is left.
func (p *packer) Close() error {
	if len(p.block) > 0 {
		p.pack()
	}
	for len(p.frames) > 0 {
		if err := p.writeFirst(); err != nil {
			return err
		}
	}
	return nil
}
