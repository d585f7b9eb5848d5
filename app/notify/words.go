package notify

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/words"
)

// Urgency of the specification.
const (
	normal   byte = 1
	critical byte = 2
)

// notice is what a notification says, and what comes of a click on it.
type notice struct {
	summary  string
	body     string // plain text, a line or a few
	category string // of the specification, or "" where it has none
	urgency  byte
	undo     string // label of the button that undoes; empty: none
	open     opening
}

// opening is a lab.Opening that can be compared.
type opening struct {
	view lab.View
	node string
}

// notice says what is due of a kind; ok is false if that is nothing.
func (b *board) notice(kind lab.Notice) (n notice, ok bool) {
	due := b.due(kind)
	if len(due) == 0 {
		return n, false
	}
	n.urgency = normal
	switch kind {
	case lab.NoticeStopped:
		b.sayStopped(&n, due)
	case lab.NoticeImages:
		b.sayImages(&n, due)
	case lab.NoticeWipes:
		b.sayWipes(&n, due)
	case lab.NoticeDisk:
		b.sayDisk(&n)
	}
	n.body = shorten(n.body)
	return n, true
}

func (b *board) sayStopped(n *notice, due []item) {
	n.category, n.open = "device.error", opening{view: lab.ViewNodes}
	if len(due) > 1 {
		n.summary, n.body = words.Number(len(due), "%d node has stopped or failed", "%d nodes have stopped or failed"), b.names(due)
		return
	}
	node := b.nodes[due[0].id]
	n.open.node = node.ID
	switch {
	case due[0].cause == poweredOff:
		n.category = "device"
		n.summary, n.body = words.Text("%s has powered off", node.Name), words.Text("Its guest shut down by itself.")
		return
	case due[0].cause == still:
		n.summary = words.Text("%s stands still", node.Name)
	case node.State == lab.Failed:
		n.summary = words.Text("%s has failed", node.Name)
	default:
		n.summary = words.Text("%s has a problem", node.Name)
	}
	n.body = sentence(node.Problem)
}

func (b *board) sayImages(n *notice, due []item) {
	n.category, n.open = "transfer.complete", opening{view: lab.ViewImages}
	good, bad := split(due, ready)
	if len(bad) > 0 {
		n.category = "transfer.error"
	}
	image := b.images[due[0].id]
	switch {
	case len(good) > 1:
		n.summary, n.body = words.Number(len(good), "%d image is ready", "%d images are ready"), b.names(good)
	case len(good) == 1:
		image = b.images[good[0].id]
		n.summary, n.body = words.Text("Image %s is ready", image.Name), words.Text("It takes %s.", lab.Size(image.AllocatedBytes))
	case len(bad) > 1:
		n.summary, n.body = words.Number(len(bad), "%d image could not be made", "%d images could not be made"), b.names(bad)
	case bad[0].cause == unmade:
		n.summary, n.body = words.Text("Image %s could not be made", image.Name), sentence(image.Problem)
	default:
		n.summary, n.body = words.Text("Image %s has a problem", image.Name), sentence(image.Problem)
	}
	if len(good) > 0 && len(bad) > 0 {
		n.body += "\n" + words.Text("Could not be made: %s", b.names(bad))
	}
}

func (b *board) sayWipes(n *notice, due []item) {
	n.open = opening{view: lab.ViewNodes}
	if len(due) == 1 {
		n.open.node = due[0].id
	}
	good, bad := split(due, wiped)
	var lines []string
	switch len(good) {
	case 0:
	case 1:
		node := b.nodes[good[0].id]
		n.summary, n.undo = words.Text("%s is wiped", node.Name), words.Text("Undo")
		lines = append(lines, words.Text("Its old disk, %s, is kept for a while.", lab.Size(node.Undo.Bytes)))
	default:
		n.summary, n.undo = words.Number(len(good), "%d node is wiped", "%d nodes are wiped"), words.Text("Undo all")
		lines = append(lines, b.names(good))
	}
	for _, i := range bad {
		n.category = "device.error"
		says := words.Text("The wipe of %s could not be undone", b.nodes[i.id].Name)
		if n.summary == "" {
			n.summary, says = says, sentence(i.problem)
		}
		lines = append(lines, says)
	}
	n.body = strings.Join(lines, "\n")
}

func (b *board) sayDisk(n *notice) {
	n.open, n.category = opening{view: lab.ViewHealth}, "device.error"
	if b.room.Status == lab.CheckFailed {
		n.urgency = critical
	}
	n.summary = words.Text("The disk is nearly full")
	n.body = words.Text("%s of %s are free in %s. Wipe or delete what you no longer need.", lab.Size(b.room.Free), lab.Size(b.room.Bytes), b.room.Path)
}

func split(due []item, by cause) (with, without []item) {
	for _, i := range due {
		if i.cause == by {
			with = append(with, i)
		} else {
			without = append(without, i)
		}
	}
	return with, without
}

// maxNames is how many are named before the others are counted.
const maxNames = 5

func (b *board) names(items []item) string {
	var names []string
	for _, i := range items[:min(len(items), maxNames)] {
		name := i.id // an image's is its name
		if n, ok := b.nodes[i.id]; ok {
			name = n.Name
		}
		names = append(names, name)
	}
	if more := len(items) - len(names); more > 0 {
		return words.Text("%s and %d more", strings.Join(names, ", "), more)
	}
	return strings.Join(names, ", ")
}

// sentence is what a person is told of a problem.
func sentence(p *lab.Problem) string {
	if p == nil {
		return ""
	}
	message := hush(words.Told(p.Message))
	first, size := utf8.DecodeRuneInString(message)
	return strings.TrimSpace(string(unicode.ToUpper(first)) + message[size:] + ". " + hush(words.Told(p.Hint)))
}

// secrets are the parts of an address that may hold some: who asks, and what is asked.
// A desktop keeps what its notifications said.
var secrets = regexp.MustCompile(`(\w://)[^\s/@]*@|[?#][^\s"',;]*`)

func hush(text string) string {
	return address.ReplaceAllStringFunc(text, func(found string) string { return secrets.ReplaceAllString(found, "$1") })
}

var address = regexp.MustCompile(`\w+://[^\s"',;]+`)

// maxBody is how many characters of a body are said.
const maxBody = 400

func shorten(text string) string {
	if r := []rune(text); len(r) > maxBody {
		return string(r[:maxBody-1]) + "…"
	}
	return text
}

// markup escapes a text for a daemon that takes a little HTML in it.
var markup = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
