package labtest

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"sandboxlabs/backend/lab"
)

// ReceiverSuite holds a lab.Receiver to its contract. fresh gives one over an
// empty pool.
func ReceiverSuite(t *testing.T, fresh func(t *testing.T) (lab.Receiver, lab.Pool)) {
	for _, tt := range []struct {
		name string
		run  func(t *testing.T, r lab.Reception, p lab.Pool)
	}{
		{"a disk stands on its new base, with its variables", receiveDisk},
		{"a disk can stand alone", receiveAlone},
		{"a disk is not replaced", receiveTwice},
		{"what is not placed goes", receiveNothing},
		{"what others would follow is refused", receiveFlaws},
		{"a content must be whole, and its name its own", receiveWrong},
	} {
		t.Run(tt.name, func(t *testing.T) {
			receiver, p := fresh(t)
			r, err := receiver.Receive(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			tt.run(t, r, p)
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			if err := receiver.SweepReceptions(t.Context()); err != nil {
				t.Error(err)
			}
			wantSettled(t, receiver, p)
		})
	}
}

// wantSettled wants every overlay that came of a reception to be remembered until it is settled.
func wantSettled(t *testing.T, l lab.Receiver, p lab.Pool) {
	t.Helper()
	volumes, err := l.Unsettled(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range volumes {
		mustVolume(t, p, v)
		wantKind(t, "settling", l.Settle(t.Context(), v), "")
	}
	for _, v := range volumeNames(t, p) {
		if isOverlay(v) && len(volumes) != 1 {
			t.Errorf("got %v unsettled, want the one that was placed", volumes)
		}
	}
	if left, err := l.Unsettled(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("got %v, %v unsettled after all were settled", left, err)
	}
}

func mustTake(t *testing.T, r lab.Reception, name string, content []byte) {
	t.Helper()
	if err := r.Take(t.Context(), name, int64(len(content)), bytes.NewReader(content)); err != nil {
		t.Fatal(err)
	}
}

func receiveDisk(t *testing.T, r lab.Reception, p lab.Pool) {
	base, overlay := mustUploadBase(t, p), OverlayName()
	mustTake(t, r, "disk", QCOW2On("/elsewhere/base.qcow2", BaseBytes))
	mustTake(t, r, "variables", []byte("boot order"))
	wantKind(t, "a disk on a base elsewhere", r.Check(t.Context(), "disk"), "")
	mustHaveVolumes(t, p, 1)
	v, err := r.PlaceDisk(t.Context(), overlay, base.Path, "disk", "variables")
	if err != nil || v.Backing != base.Path || v.VirtualBytes != BaseBytes {
		t.Fatalf("got %+v, %v, want a disk on %s", v, err, base.Path)
	}
	id, _, _ := lab.ParseOverlayVolume(overlay)
	if got := mustDownload(t, p, (&lab.NodeSpec{ID: id}).VariablesVolume(1)); string(got) != "boot order" {
		t.Errorf("got the variables %q", got)
	}
	mustHaveVolumes(t, p, 2)
}

func receiveAlone(t *testing.T, r lab.Reception, p lab.Pool) {
	overlay := OverlayName()
	mustTake(t, r, "disk", QCOW2(BaseBytes, NoFlaw))
	v, err := r.PlaceDisk(t.Context(), overlay, "", "disk", "")
	if err != nil || v.Backing != "" {
		t.Fatalf("got %+v, %v, want a disk that stands alone", v, err)
	}
	mustHaveVolumes(t, p, 1)
}

func receiveTwice(t *testing.T, r lab.Reception, p lab.Pool) {
	base, overlay := mustUploadBase(t, p), OverlayName()
	was := mustCreateOverlay(t, p, overlay, base.Name)
	mustTake(t, r, "disk", QCOW2On(base.Path, 2*BaseBytes))
	_, err := r.PlaceDisk(t.Context(), overlay, base.Path, "disk", "")
	wantKind(t, "a name that is taken", err, lab.KindExists)
	wantVolume(t, mustVolume(t, p, overlay), was)
	next := OverlayName()
	_, err = r.PlaceDisk(t.Context(), next, base.Path, "disk", "")
	wantKind(t, "another name then", err, "")
}

func receiveNothing(t *testing.T, r lab.Reception, p lab.Pool) {
	mustTake(t, r, "disk", QCOW2(BaseBytes, NoFlaw))
	if room, err := r.Room(); err != nil || room <= 0 {
		t.Errorf("got room for %d bytes, %v", room, err)
	}
	mustHaveVolumes(t, p, 0)
}

func receiveFlaws(t *testing.T, r lab.Reception, _ lab.Pool) {
	for _, flaw := range []Flaw{WithDataFile, Encrypted, Corrupt, NewerFormat} {
		mustTake(t, r, string(flaw), QCOW2(BaseBytes, flaw))
		wantKind(t, string(flaw), r.Check(t.Context(), string(flaw)), lab.KindInvalid)
	}
}

func receiveWrong(t *testing.T, r lab.Reception, p lab.Pool) {
	for _, name := range []string{"", "a/b", "../x"} {
		wantKind(t, "the name "+name, r.Take(t.Context(), name, 1, strings.NewReader("x")), lab.KindInvalid)
	}
	wantKind(t, "a short content", r.Take(t.Context(), "short", 5, strings.NewReader("four")), lab.KindInvalid)
	why := errors.New("its disk is broken")
	if err := r.Take(t.Context(), "broken", 5, broken{why}); !errors.Is(err, why) {
		t.Errorf("got %v, want what the content said", err)
	}
	_, err := r.PlaceDisk(t.Context(), "disk.qcow2", "", "short", "")
	wantKind(t, "a name that is none", err, lab.KindInvalid)
	mustHaveVolumes(t, p, 0)
}

type broken struct{ why error }

func (b broken) Read([]byte) (int, error) { return 0, b.why }
