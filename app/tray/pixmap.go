package tray

import (
	"bytes"
	"fmt"
	"image"
	"image/png"

	"golang.org/x/image/draw"
)

// Pixmap is a picture as the protocol has it: rows from the top, 4 bytes a pixel,
// ARGB, the colours not multiplied by alpha.
type Pixmap struct {
	Width, Height int32
	Pixels        []byte
}

// Pixmaps draws a PNG in sizes, in pixels.
func Pixmaps(content []byte, sizes ...int) ([]Pixmap, error) {
	picture, err := png.Decode(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("icon: %w", err)
	}
	pixmaps := make([]Pixmap, 0, len(sizes))
	for _, size := range sizes {
		small := image.NewNRGBA(image.Rect(0, 0, size, size))
		draw.CatmullRom.Scale(small, small.Bounds(), picture, picture.Bounds(), draw.Src, nil)
		pixmaps = append(pixmaps, Pixmap{int32(size), int32(size), argb(small.Pix)})
	}
	return pixmaps, nil
}

func argb(rgba []byte) []byte {
	turned := make([]byte, 0, len(rgba))
	for p := 0; p < len(rgba); p += 4 {
		turned = append(turned, rgba[p+3], rgba[p], rgba[p+1], rgba[p+2])
	}
	return turned
}
