package notify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sandboxlabs/backend/lab"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// scene is a board with its clock.
type scene struct {
	*testing.T
	*board
	at time.Time
}

// newScene has every kind told, and the nodes and images of a first snapshot.
func newScene(t *testing.T, nodes []lab.Node, images []lab.Image) *scene {
	s := &scene{t, newBoard(), noon}
	s.event(lab.Event{Kind: lab.EventSnapshot, Nodes: nodes, Images: images, Desktop: &lab.Desktop{Notices: lab.Notices}})
	return s
}

func (s *scene) event(e lab.Event) { s.take(e, s.at) }

func (s *scene) node(n lab.Node)   { s.event(lab.Event{Kind: lab.EventNode, Node: &n}) }
func (s *scene) image(i lab.Image) { s.event(lab.Event{Kind: lab.EventImage, Image: &i}) }

func (s *scene) room(status lab.CheckStatus) {
	s.event(lab.Event{Kind: lab.EventRoom, Room: &lab.Room{Status: status, Free: 3 << 30, Bytes: 100 << 30, Path: "/pool"}})
}

// show notes that all that is due is shown.
func (s *scene) show() {
	for _, kind := range lab.Notices {
		s.told(s.due(kind))
	}
}

// want compares what is told of a kind: summary, body, and the label of the button, by |.
func (s *scene) want(kind lab.Notice, want string) {
	s.Helper()
	var got string
	if n, ok := s.notice(kind); ok {
		got = strings.Join([]string{n.summary, n.body, n.undo}, "|")
	}
	if got != want {
		s.Errorf("%s: told %q, want %q", kind, got, want)
	}
}

func node(name string, state lab.State) lab.Node {
	return lab.Node{NodeSpec: lab.NodeSpec{ID: name + "-id", Name: name}, State: state}
}

func offByItself(name string) lab.Node {
	n := node(name, lab.Stopped)
	n.PoweredOff = true
	return n
}

func crashed(name string) lab.Node {
	n := node(name, lab.Failed)
	n.Problem = &lab.Problem{Message: "the node crashed", Hint: "Start it again."}
	return n
}

func wipedAt(name string, state lab.State, at time.Time) lab.Node {
	n := node(name, state)
	n.Undo = &lab.Undo{At: at, Bytes: 5 << 20}
	return n
}

func image(name string, state lab.ImageState, problem string) lab.Image {
	i := lab.Image{Name: name, State: state, AllocatedBytes: 300 << 20}
	if problem != "" {
		i.Problem = &lab.Problem{Message: problem}
	}
	return i
}

func TestNodesThatStopByThemselves(t *testing.T) {
	s := newScene(t, []lab.Node{node("a", lab.Running), node("b", lab.Running), crashed("old")}, nil)
	s.want(lab.NoticeStopped, "")
	s.node(node("a", lab.Stopped)) // somebody stopped it
	s.want(lab.NoticeStopped, "")
	s.node(node("a", lab.Running))
	s.node(offByItself("a"))
	s.want(lab.NoticeStopped, "a has powered off|Its guest shut down by itself.|")
	s.node(crashed("b"))
	s.want(lab.NoticeStopped, "2 nodes have stopped or failed|a, b|")
	s.node(node("a", lab.Starting))
	s.want(lab.NoticeStopped, "b has failed|The node crashed. Start it again.|")
	s.event(lab.Event{Kind: lab.EventNodeRemoved, ID: "b-id"})
	s.want(lab.NoticeStopped, "")
}

func TestOtherProblemsOfNodes(t *testing.T) {
	s := newScene(t, []lab.Node{node("a", lab.Running), node("b", lab.Running), node("c", lab.Stopped)}, nil)
	paused := node("a", lab.Paused)
	paused.Problem = &lab.Problem{Message: "its disk could not be written"}
	s.node(paused)
	s.want(lab.NoticeStopped, "a stands still|Its disk could not be written.|")
	s.node(node("a", lab.Running))
	s.want(lab.NoticeStopped, "")
	hurt := node("b", lab.Running)
	hurt.Problem = &lab.Problem{Message: "it could not be wiped"}
	s.node(hurt)
	s.want(lab.NoticeStopped, "b has a problem|It could not be wiped.|")
	gone := node("b", lab.Missing)
	gone.Problem = &lab.Problem{Message: "b is gone"}
	s.node(node("b", lab.Running))
	s.node(gone) // virsh undefined it
	s.want(lab.NoticeStopped, "")
}

func TestImages(t *testing.T) {
	s := newScene(t, nil, []lab.Image{image("old", lab.ImageReady, ""), image("a", lab.ImageAdding, ""), image("b", lab.ImageAdding, ""), image("c", lab.ImageAdding, "")})
	s.image(image("a", lab.ImageReady, ""))
	s.want(lab.NoticeImages, "Image a is ready|It takes 300 MiB.|")
	s.image(image("b", lab.ImageReady, ""))
	s.want(lab.NoticeImages, "2 images are ready|a, b|")
	s.image(image("c", lab.ImageAdding, "nothing came from https://ann:pw@host/file?token=secret"))
	s.want(lab.NoticeImages, "2 images are ready|a, b\nCould not be made: c|")
	s.event(lab.Event{Kind: lab.EventImageRemoved, ID: "a"})
	s.image(image("b", lab.ImageChanged, ""))
	s.want(lab.NoticeImages, "Image c could not be made|Nothing came from https://host/file.|")
	s.image(image("c", lab.ImageAdding, "")) // once more
	s.image(image("new", lab.ImageReady, ""))
	s.want(lab.NoticeImages, "")
	s.image(image("old", lab.ImageReady, "it could not be compressed"))
	s.want(lab.NoticeImages, "Image old has a problem|It could not be compressed.|")
}

func TestWipes(t *testing.T) {
	s := newScene(t, []lab.Node{node("a", lab.Running), node("b", lab.Stopped)}, nil)
	s.node(wipedAt("a", lab.Starting, noon))
	s.want(lab.NoticeWipes, "")
	s.node(wipedAt("a", lab.Running, noon))
	s.want(lab.NoticeWipes, "a is wiped|Its old disk, 5 MiB, is kept for a while.|Undo")
	s.node(wipedAt("b", lab.Stopped, noon))
	s.want(lab.NoticeWipes, "2 nodes are wiped|a, b|Undo all")
	if s.show(); len(s.wipes()) != 2 {
		t.Errorf("undoes %v, want both", s.wipes())
	}
	s.node(node("a", lab.Running)) // undone, or purged
	s.want(lab.NoticeWipes, "b is wiped|Its old disk, 5 MiB, is kept for a while.|Undo")
	s.at = noon.Add(time.Hour)
	s.node(wipedAt("a", lab.Running, s.at))
	s.want(lab.NoticeWipes, "a is wiped|Its old disk, 5 MiB, is kept for a while.|Undo")
}

// An undone wipe brings one before it back, which is no news.
func TestWipeBeforeAWipe(t *testing.T) {
	s := newScene(t, []lab.Node{wipedAt("a", lab.Stopped, noon)}, nil)
	s.node(wipedAt("a", lab.Stopped, noon.Add(time.Minute)))
	s.node(wipedAt("a", lab.Stopped, noon))
	s.want(lab.NoticeWipes, "")
}

func TestManyWipes(t *testing.T) {
	var nodes []lab.Node
	for n := range 20 {
		nodes = append(nodes, node(fmt.Sprintf("n%02d", n), lab.Running))
	}
	s := newScene(t, nodes, nil)
	for _, n := range nodes {
		s.at = s.at.Add(30 * time.Second) // a bulk takes longer than two wipes are apart that are not of one
		s.node(wipedAt(n.Name, lab.Running, s.at))
	}
	s.want(lab.NoticeWipes, "20 nodes are wiped|n00, n01, n02, n03, n04 and 15 more|Undo all")
}

func TestWipesThatCanNotBeUndone(t *testing.T) {
	s := newScene(t, []lab.Node{node("a", lab.Running), node("b", lab.Running)}, nil)
	s.node(wipedAt("a", lab.Running, noon))
	s.show()
	s.closed(lab.NoticeWipes)
	s.see(Look{Focused: true, Screen: "settings"})
	s.notUndone(map[string]error{"a-id": lab.Errorf(lab.KindBusy, "a is being stopped"), "gone": lab.Errorf(lab.KindBusy, "it is gone")}, s.at)
	s.want(lab.NoticeWipes, "The wipe of a could not be undone|A is being stopped.|")
	s.see(Look{})
	s.node(wipedAt("b", lab.Running, noon))
	s.want(lab.NoticeWipes, "b is wiped|Its old disk, 5 MiB, is kept for a while.\nThe wipe of a could not be undone|Undo")
	s.node(wipedAt("a", lab.Stopping, noon)) // it is tried again
	s.want(lab.NoticeWipes, "b is wiped|Its old disk, 5 MiB, is kept for a while.|Undo")
}

func TestDisk(t *testing.T) {
	s := newScene(t, nil, nil)
	const low = "The disk is nearly full|3 GiB of 100 GiB are free in /pool. Wipe or delete what you no longer need.|"
	s.room(lab.CheckOK)
	s.want(lab.NoticeDisk, "")
	s.room(lab.CheckWarning)
	s.want(lab.NoticeDisk, low)
	s.show()
	s.closed(lab.NoticeDisk)
	s.room(lab.CheckWarning)
	s.want(lab.NoticeDisk, "")
	s.room(lab.CheckFailed)
	if n, _ := s.notice(lab.NoticeDisk); n.urgency != critical {
		t.Errorf("the urgency is %d, want it critical", n.urgency)
	}
	s.room(lab.CheckWarning) // better, and not enough
	s.want(lab.NoticeDisk, low)
	s.room(lab.CheckOK)
	s.want(lab.NoticeDisk, "")
}

// What happens in front of a person is told by the window.
func TestNothingWhileTheWindowIsFocused(t *testing.T) {
	s := newScene(t, []lab.Node{node("a", lab.Running)}, []lab.Image{image("i", lab.ImageAdding, "")})
	s.see(Look{Focused: true, Screen: "settings"})
	s.node(offByItself("a"))
	s.image(image("i", lab.ImageReady, ""))
	s.room(lab.CheckFailed)
	s.see(Look{Screen: "settings"})
	for _, kind := range lab.Notices {
		s.want(kind, "")
	}
}

func TestWhatTheWindowShowsIsSeen(t *testing.T) {
	for screen, want := range map[Look]string{
		{Screen: "nodes"}:                      "stopped wipes images disk",
		{Focused: true, Screen: "settings"}:    "stopped wipes images disk",
		{Focused: true, Screen: "nodes"}:       "images disk",
		{Focused: true, Screen: "images"}:      "stopped wipes disk",
		{Focused: true, Screen: "health"}:      "stopped wipes images",
		{true, "console", "a-id"}:              "images disk",
		{true, "console", "some-other-node-s"}: "stopped wipes images disk",
	} {
		s := newScene(t, []lab.Node{node("a", lab.Running)}, []lab.Image{image("i", lab.ImageAdding, "")})
		off := offByItself("a")
		off.Undo = &lab.Undo{At: noon}
		s.node(off)
		s.image(image("i", lab.ImageReady, ""))
		s.room(lab.CheckFailed)
		s.show()
		s.see(screen)
		var left []string
		for _, kind := range lab.Notices {
			if _, ok := s.notice(kind); ok {
				left = append(left, string(kind))
			}
		}
		got := strings.Join(left, " ")
		if got = strings.Replace(got, "stopped images wipes", "stopped wipes images", 1); got != want {
			t.Errorf("%+v leaves %q, want %q", screen, got, want)
		}
	}
}

// What was not shown yet need not be when the person comes back.
func TestFocusForgetsWhatWaits(t *testing.T) {
	s := newScene(t, []lab.Node{node("a", lab.Running)}, nil)
	s.node(offByItself("a"))
	s.see(Look{Focused: true, Screen: "settings"})
	s.see(Look{})
	s.want(lab.NoticeStopped, "")
}

func TestKindsAreSwitchedOff(t *testing.T) {
	s := newScene(t, []lab.Node{node("a", lab.Running)}, nil)
	s.room(lab.CheckWarning)
	s.node(offByItself("a"))
	s.event(lab.Event{Kind: lab.EventDesktop, Desktop: &lab.Desktop{Notices: []lab.Notice{lab.NoticeDisk}}})
	s.want(lab.NoticeStopped, "")
	s.node(node("a", lab.Running))
	s.node(offByItself("a"))
	s.want(lab.NoticeStopped, "")
	if _, ok := s.notice(lab.NoticeDisk); !ok {
		t.Error("the disk is told no longer, which is switched on")
	}
}

// A snapshot in between stands for events that were lost.
func TestSnapshotInBetween(t *testing.T) {
	s := newScene(t, []lab.Node{node("a", lab.Running), node("b", lab.Running)}, []lab.Image{image("i", lab.ImageAdding, ""), image("j", lab.ImageAdding, "")})
	s.node(crashed("b"))
	s.image(image("j", lab.ImageReady, ""))
	s.event(lab.Event{Kind: lab.EventSnapshot, Nodes: []lab.Node{offByItself("a")}, Images: []lab.Image{image("i", lab.ImageReady, "")}, Room: &lab.Room{Status: lab.CheckWarning}})
	s.want(lab.NoticeStopped, "a has powered off|Its guest shut down by itself.|")
	s.want(lab.NoticeImages, "Image i is ready|It takes 300 MiB.|")
	if _, ok := s.notice(lab.NoticeDisk); !ok {
		t.Error("the disk is not told")
	}
}

func TestLongBodies(t *testing.T) {
	s := newScene(t, []lab.Node{node("a", lab.Running)}, nil)
	n := crashed("a")
	n.Problem.Message = strings.Repeat("ä", 3*maxBody)
	s.node(n)
	if got, _ := s.notice(lab.NoticeStopped); len([]rune(got.body)) != maxBody {
		t.Errorf("the body has %d characters, want %d", len([]rune(got.body)), maxBody)
	}
}
