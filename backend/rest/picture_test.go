package rest

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"testing"

	"sandboxlabs/backend/lab"
)

var sand = color.RGBA{0xe3, 0xb5, 0x65, 0xff}

// display is a picture of one colour.
func display(width, height int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		m.Set(i%width, i/width, sand)
	}
	return m
}

func mustPNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func ppm(m *image.RGBA) []byte {
	b := fmt.Appendf(nil, "P6\n%d %d\n255\n", m.Rect.Dx(), m.Rect.Dy())
	for i := 0; i < len(m.Pix); i += 4 {
		b = append(b, m.Pix[i:i+3]...)
	}
	return b
}

func TestPictures(t *testing.T) {
	full := display(640, 400)
	for _, tt := range []struct {
		name, mime    string
		picture       []byte
		ask           int
		width, height int
	}{
		{"PNG as it is", "image/png", mustPNG(t, full), 0, 640, 400},
		{"PPM", "image/x-portable-pixmap", ppm(full), 0, 640, 400},
		{"narrower", "image/png", mustPNG(t, full), 320, 320, 200},
		{"PPM narrower", "image/x-portable-pixmap", ppm(full), 160, 160, 100},
		{"never wider", "image/png", mustPNG(t, full), 1000, 640, 400},
		{"never without a height", "image/png", mustPNG(t, display(640, 1)), 16, 16, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, err := pngOf(tt.mime, tt.picture, tt.ask)
			if err != nil {
				t.Fatal(err)
			}
			got, err := png.Decode(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			if size := got.Bounds().Size(); size != image.Pt(tt.width, tt.height) {
				t.Errorf("got %v, want %d x %d", size, tt.width, tt.height)
			}
			if c := color.RGBAModel.Convert(got.At(3, 0)); c != sand {
				t.Errorf("got the colour %v, want %v", c, sand)
			}
		})
	}
}

func TestPicturesThatAreNone(t *testing.T) {
	whole := ppm(display(8, 8))
	for _, bad := range [][]byte{nil, []byte("P5\n1 1\n255\n"), []byte("P6\n0 1\n255\n"), []byte("P6\n99999 99999\n255\n"), []byte("P6\n8 8\n65535\n"), whole[:len(whole)-1]} {
		if _, err := pngOf("image/x-portable-pixmap", bad, 0); err == nil {
			t.Errorf("got a picture of %.20q, want an error", bad)
		}
	}
	if _, err := pngOf("image/png", []byte("not one"), 100); err == nil {
		t.Error("got a picture, want an error")
	}
}

func TestScreenshot(t *testing.T) {
	s := mustEnter(t)
	next := s.mustStream(t)
	s.mustCall(t, "Create", `[{"name":"web","image":"tiny","start":true}]`)
	for e := next(); e.Node == nil || e.Node.State != lab.Running; e = next() {
		t.Logf("passed over %s", e.Kind)
	}
	for path, want := range map[string]int{
		"/screenshot/web":          http.StatusOK,
		"/screenshot/web?width=32": http.StatusOK,
		"/screenshot/web?width=1":  http.StatusBadRequest,
		"/screenshot/web?width=x":  http.StatusBadRequest,
		"/screenshot/none":         http.StatusNotFound,
	} {
		if got := s.mustGet(t, path); got.StatusCode != want {
			t.Errorf("%s: got %s, want %d", path, got.Status, want)
		}
	}
}

func BenchmarkThumbnail(b *testing.B) {
	picture := mustPNG(b, display(1280, 800))
	for b.Loop() {
		if _, err := pngOf("image/png", picture, 320); err != nil {
			b.Fatal(err)
		}
	}
}
