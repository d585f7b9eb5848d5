package tray

import (
	"strings"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/words"
)

// Face is what the icon says.
type Face struct {
	Title     string // one line, for the hosts that show one
	Tip       string // what the icon says when it is pointed at, below the program's name
	Attention bool   // a node failed, and nobody has looked since
}

// FaceOf is the face of a state; seen tells of a failed node whether it was looked at.
func FaceOf(s State, seen func(id string) bool) Face {
	f := Face{Title: "SandBoxLabs: " + s.headline(), Tip: s.headline()}
	var failed []string
	for _, n := range s.Nodes {
		if n.State != lab.Failed {
			continue
		}
		failed = append(failed, n.Name)
		f.Attention = f.Attention || !seen(n.ID)
	}
	if len(failed) > 0 {
		f.Tip += "\n" + words.Text("Failed: %s", enumerate(failed))
	}
	return f
}

// headline is what there is to say in a few words.
func (s State) headline() string {
	running, memory := 0, int64(0)
	for _, n := range s.Nodes {
		if n.State.Active() {
			running++
			memory += int64(n.MemoryMiB) << 20
		}
	}
	switch {
	case s.Away:
		return words.Text("libvirt does not answer")
	case len(s.Nodes) == 0:
		return words.Text("no nodes yet")
	case running == 0:
		return words.Text("%d of %d running", 0, len(s.Nodes))
	}
	return words.Text("%d of %d running, %s", running, len(s.Nodes), lab.Size(memory))
}

// maxNamed is how many nodes are called by name in one line.
const maxNamed = 5

func enumerate(names []string) string {
	if more := len(names) - maxNamed; more > 0 {
		return words.Text("%s and %d more", strings.Join(names[:maxNamed], ", "), more)
	}
	return strings.Join(names, ", ")
}
