package labtest

import (
	"path/filepath"
	"testing"

	"sandboxlabs/backend/lab"
)

func TestPool(t *testing.T) {
	PoolSuite(t, func(*testing.T) lab.Pool { return NewWorld().Pool })
	ReceiverSuite(t, func(*testing.T) (lab.Receiver, lab.Pool) { w := NewWorld(); return w.Library, w.Pool })
	CopierSuite(t, func(*testing.T) (CopyingHypervisor, lab.Pool) { w := NewWorld(); return w.Hypervisor, w.Pool })
	PlacerSuite(t, func(t *testing.T) PlacingPool { return Placing{NewWorld().Pool, t.TempDir()} })
}

func TestHypervisor(t *testing.T) {
	HypervisorSuite(t, func(*testing.T) (lab.Hypervisor, lab.Pool) {
		w := NewWorld()
		return losable{w.Hypervisor}, w.Pool
	})
}

// losable is the hypervisor with a daemon that the suite can take away.
type losable struct{ *Hypervisor }

func (l losable) Lose(*testing.T) (back func()) {
	why := lab.Errorf(lab.KindUnavailable, "the daemon is gone")
	l.Disconnect(why)
	l.Disconnect(why)
	return l.Connect
}

func TestAdopter(t *testing.T) {
	AdopterSuite(t, func(*testing.T) (AdoptingLibrary, lab.Pool) {
		w := NewWorld()
		return w.Library, w.Pool
	})
}

func TestPrototype(t *testing.T) {
	PrototypeSuite(t, func(_ *testing.T, f lab.PrototypeFolder) (lab.Prototype, string) {
		f.Dir = "/prototype"
		f.State = f.Dir + "/nodes-state.json"
		for _, disks := range [][]lab.PrototypeDisk{f.Images, f.Overlays} {
			for i, d := range disks {
				disks[i].Path = f.Dir + "/" + d.Name
			}
		}
		for i, n := range f.Nodes {
			f.Nodes[i].Disk = f.Dir + "/" + filepath.Base(n.Overlay)
		}
		w := NewWorld()
		w.Prototype.Lay(f)
		return w.Prototype, f.Dir
	})
}

func TestStore(t *testing.T) {
	StoreSuite(t, func(*testing.T) lab.Store { return NewWorld().Store })
}

func TestJournal(t *testing.T) {
	JournalSuite(t, func(*testing.T) lab.Journal { return NewWorld().Journal })
}

func TestPage(t *testing.T) {
	PreferenceSuite(t, func(*testing.T) lab.PreferenceKeeper { return NewWorld().Page })
}

func TestLibrary(t *testing.T) {
	LibrarySuite(t, func(*testing.T) (lab.Library, lab.Pool) {
		w := NewWorld()
		return w.Library, w.Pool
	})
}

func TestCarer(t *testing.T) {
	CarerSuite(t, func(*testing.T) (CaringLibrary, lab.Pool) {
		w := NewWorld()
		return w.Library, w.Pool
	})
}

func TestGateway(t *testing.T) {
	GatewaySuite(t, func(*testing.T) (lab.Gateway, lab.GatewayAccess) {
		w := NewWorld()
		return w.Gateway, w.Gateway.Access()
	})
}
