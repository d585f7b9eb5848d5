package rest

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"

	"golang.org/x/image/draw"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// Pictures gives PNGs of nodes' displays, as Screenshots does, to other faces.
func Pictures(s *service.Service) func(ctx context.Context, node string, width int) ([]byte, error) {
	slots := make(chan struct{}, shootLimit)
	return func(ctx context.Context, node string, width int) ([]byte, error) {
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		case <-ctx.Done():
			return nil, lab.Cancelled(ctx)
		}
		mime, picture, err := s.Screenshot(ctx, node)
		if err != nil {
			return nil, err
		}
		return pngOf(mime, picture, width)
	}
}

// maxSide is far above any display: what says that it is larger is not one.
const maxSide = 1 << 14

// pngOf gives a picture of a display as a PNG that is at most so many pixels
// wide, its height in proportion; 0 leaves its size. It takes what a
// lab.Screenshotter gives: PNG, or the PPM of older QEMU, which no browser shows.
func pngOf(mime string, picture []byte, width int) ([]byte, error) {
	if mime == "image/png" && width == 0 {
		return picture, nil
	}
	decode := png.Decode
	if mime != "image/png" {
		decode = decodePPM
	}
	full, err := decode(bytes.NewReader(picture))
	if err != nil {
		return nil, lab.Errorf(lab.KindInternal, "the picture of the display can not be read").WithCause(err)
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed} // it goes no further than this machine
	if err := encoder.Encode(&out, narrowed(full, width)); err != nil {
		return nil, lab.Errorf(lab.KindInternal, "the picture of the display can not be written").WithCause(err)
	}
	return out.Bytes(), nil
}

func narrowed(full image.Image, width int) image.Image {
	size := full.Bounds()
	if width == 0 || width >= size.Dx() {
		return full
	}
	small := image.NewRGBA(image.Rect(0, 0, width, max(1, size.Dy()*width/size.Dx())))
	draw.ApproxBiLinear.Scale(small, small.Bounds(), full, size, draw.Src, nil)
	return small
}

// decodePPM reads the raw form with one byte a sample (netpbm.sourceforge.net/doc/ppm.html),
// without comments: QEMU writes none.
func decodePPM(r io.Reader) (image.Image, error) {
	in := bufio.NewReader(r)
	var width, height, most int
	if _, err := fmt.Fscanf(in, "P6\n%d %d\n%d\n", &width, &height, &most); err != nil {
		return nil, fmt.Errorf("read the head of a PPM: %w", err)
	}
	if width < 1 || width > maxSide || height < 1 || height > maxSide || most != 255 {
		return nil, fmt.Errorf("a PPM of %d x %d with samples up to %d", width, height, most)
	}
	samples := make([]byte, 3*width*height)
	if _, err := io.ReadFull(in, samples); err != nil {
		return nil, fmt.Errorf("read the samples of a PPM: %w", err)
	}
	out := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		copy(out.Pix[4*i:], samples[3*i:3*i+3])
		out.Pix[4*i+3] = 0xff
	}
	return out, nil
}
