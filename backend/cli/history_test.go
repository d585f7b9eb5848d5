package cli

import (
	"context"
	"errors"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

// A command ends after what it did was written down, so the next can tell it.
func TestHistory(t *testing.T) {
	d := mustDesk(t)
	if got := d.mustRun(t, "node", "ls", "--deleted").err; got != "No deleted nodes are kept.\n" {
		t.Errorf("without deleted nodes ls says %q", got)
	}
	d.mustRun(t, "node", "create", "web", "--image", "tiny", "--start", "--wait")
	d.mustRun(t, "node", "off", "web")
	d.mustRun(t, "node", "rename", "web", "db")
	out := d.mustRun(t, "node", "history", "db").out
	lines := strings.Split(strings.TrimSpace(out), "\n")
	for i, want := range []string{"created  from image tiny", "started", "stopped", "renamed  web to db"} {
		if i >= len(lines) || !strings.HasSuffix(strings.TrimSpace(lines[i]), want) {
			t.Fatalf("history prints\n%swant %q in line %d", out, want, i+1)
		}
	}
	d.mustDelete(t, "db")
	moments := mustJSON[[]lab.Moment](t, d, exitDone, "node", "history", "db")
	if last := moments[len(moments)-1]; len(moments) != 5 || last.Kind != lab.MomentDeleted {
		t.Errorf("the history of a deleted node is %+v", moments)
	}
	if gone := mustJSON[[]lab.Node](t, d, exitDone, "node", "ls", "--deleted"); len(gone) != 1 || gone[0].Name != "db" || gone[0].DeletedAt == nil {
		t.Errorf("deleted are %+v, want db", gone)
	}
	if got := d.mustRun(t, "node", "ls", "--deleted").out; !strings.Contains(got, "DELETED") || !strings.Contains(got, "db") {
		t.Errorf("ls --deleted prints %q", got)
	}
	if p := mustJSON[lab.Problem](t, d, exitFailed, "node", "history", "absent"); p.Kind != lab.KindNotFound {
		t.Errorf("the history of an absent node is %+v", p)
	}
}

// mustDelete deletes a node as the window does: so that it can be restored.
func (d *desk) mustDelete(t *testing.T, node string) {
	t.Helper()
	s, shut, err := d.open("")
	if err != nil {
		t.Fatal(err)
	}
	err = Run(t.Context(), s, func(ctx context.Context) error {
		if err := s.Ready(ctx); err != nil {
			return err
		}
		_, err := s.Delete(ctx, node, false)
		return err
	})
	if err := errors.Join(err, shut()); err != nil {
		t.Fatal(err)
	}
}
