package cli

import (
	"context"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/lab/labtest"
	"sandboxlabs/backend/service"
)

func TestImageCare(t *testing.T) {
	d := mustDesk(t)
	for _, step := range []struct {
		args []string
		want string
	}{
		{[]string{"image", "verify", "tiny"}, "tiny ready, "},
		{[]string{"image", "compress", "tiny"}, "tiny ready, "},
		{[]string{"image", "resize", "tiny", "1G"}, "tiny ready, "},
		{[]string{"image", "rename", "tiny", "small"}, "tiny is small now\n"},
	} {
		if got := d.mustRun(t, step.args...).out; !strings.HasPrefix(got, step.want) {
			t.Errorf("%v says %q, want %q", step.args, got, step.want)
		}
	}
	d.mustRun(t, "node", "create", "web", "--image", "small")
	image := mustJSON[lab.Image](t, d, exitDone, "image", "info", "small")
	if image.VirtualBytes != 1<<30 || image.Compression != "zstd" || len(image.UsedBy) != 1 {
		t.Errorf("got %+v, want 1 GiB, compressed, used by web", image)
	}
	sheet := d.mustRun(t, "image", "info", "small").out
	for _, want := range []string{"1 GiB", "compressed by zstd", image.SHA256, "web", "full copies would take"} {
		if !strings.Contains(sheet, want) {
			t.Errorf("got %s, want %q in it", sheet, want)
		}
	}
	for _, args := range [][]string{{"image", "compress", "small"}, {"image", "resize", "small", "2G"}} {
		if o := d.run(t.Context(), args...); o.code != exitFailed || !strings.Contains(o.err, "in use by web") {
			t.Errorf("%v: got %d %s, want it refused, naming web", args, o.code, o.err)
		}
	}
	for _, args := range [][]string{{"image", "resize", "small", "1M"}, {"image", "resize", "small", "huge"}} {
		if p := mustJSON[lab.Problem](t, d, exitFailed, args...); p.Kind != lab.KindInvalid || p.Hint == "" {
			t.Errorf("%v: got %+v, want it refused, with a remedy", args, p)
		}
	}
	d.Pool.Spoil(image.Volume)
	if o := d.run(t.Context(), "image", "verify", "small"); o.code != exitFailed || !strings.Contains(o.err, "changed") || !strings.Contains(o.err, "hint: ") {
		t.Errorf("got %d %s, want a failure that says why", o.code, o.err)
	}
}

func TestImagePrune(t *testing.T) {
	d := mustDesk(t)
	d.Library.MustAddImage(t, "twin")
	d.mustRun(t, "node", "create", "web", "--image", "tiny")
	o := d.mustRun(t, "image", "prune")
	if !strings.Contains(o.out, "twin") || strings.Contains(o.out, "tiny") || !strings.Contains(o.err, "--yes") {
		t.Errorf("got %s%s, want twin alone and how it goes", o.out, o.err)
	}
	unused := mustJSON[[]lab.Unused](t, d, exitDone, "image", "prune", "--yes")
	if len(unused) != 1 || unused[0].Image != "twin" || !unused[0].Removed {
		t.Errorf("got %+v, want twin removed", unused)
	}
	if o := d.mustRun(t, "image", "prune"); o.out != "" || !strings.Contains(o.err, "in use") {
		t.Errorf("got %s%s, want nothing more", o.out, o.err)
	}
}

// Interrupted, the work is given up and the image stays as it was.
func TestImageCareIsGivenUp(t *testing.T) {
	d := mustDesk(t)
	d.Library.Hold()
	ctx, interrupt := context.WithCancel(t.Context())
	d.wired = func(s *service.Service) {
		events := s.Subscribe(ctx)
		go func() {
			for e := range events {
				if e.Image != nil && e.Image.Step != nil {
					interrupt()
				}
			}
		}()
	}
	if o := d.run(ctx, "image", "compress", "tiny"); o.code != exitFailed || !strings.Contains(o.err, "given up") {
		t.Errorf("got %d %s, want it given up", o.code, o.err)
	}
	d.wired = nil
	image := mustJSON[lab.Image](t, d, exitDone, "image", "info", "tiny")
	if image.VirtualBytes != labtest.BaseBytes || image.Compression != "" {
		t.Errorf("got %+v, want it as it was", image)
	}
}
