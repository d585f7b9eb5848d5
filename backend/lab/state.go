package lab

// State is where a node is in its life.
type State string

// The states of a node. Starting and Stopping are states in change: a second
// request meanwhile is answered with KindBusy.
const (
	Stopped  State = "stopped"  // defined, no process
	Starting State = "starting" // a start is under way
	Running  State = "running"  // its vCPUs run
	Paused   State = "paused"   // its process is there, its vCPUs stand still
	Stopping State = "stopping" // asked to power off, not off yet
	Failed   State = "failed"   // crashed, or its last start failed; Node.Problem says why
	Missing  State = "missing"  // its spec is here, its domain is gone from libvirt
)

// States lists every state, in the order of a node's life.
var States = []State{Stopped, Starting, Running, Paused, Stopping, Failed, Missing}

// Changing reports whether the node is on its way to another state.
func (s State) Changing() bool { return s == Starting || s == Stopping }

// Active reports whether a process of the node may be alive in this state.
func (s State) Active() bool { return s == Running || s == Paused || s.Changing() }
