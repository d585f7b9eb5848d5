package cli

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"sandboxlabs/backend/lab"
)

// table aligns rows, whose cells are divided by tabs. They are written at once:
// a tabwriter writes every cell by itself.
func table(w io.Writer, rows []string) {
	var text bytes.Buffer
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		say(t, "%s\n", row)
	}
	_ = t.Flush() // a buffer takes everything
	say(w, "%s", text.Bytes())
}

func row(cells ...any) string {
	text := make([]string, len(cells))
	for i, c := range cells {
		text[i] = fmt.Sprint(c)
	}
	return strings.Join(text, "\t")
}

func (f *face) nodeTable(w io.Writer, nodes []lab.Node) {
	if len(nodes) == 0 {
		say(f.Err, "No nodes yet. Make one: sandboxlabs node create NAME --image IMAGE\n")
		return
	}
	rows := []string{row("NAME", "STATE", "IMAGE", "VCPUS", "MEMORY", "DISK", "AGE")}
	for _, n := range nodes {
		rows = append(rows, row(n.Name, n.State, n.Image, n.VCPUs, mebibytes(n.MemoryMiB), lab.Size(n.Overlay.Bytes), age(n.CreatedAt)))
	}
	table(w, rows)
}

func (f *face) deletedTable(w io.Writer, nodes []lab.Node) {
	if len(nodes) == 0 {
		say(f.Err, "No deleted nodes are kept.\n")
		return
	}
	rows := []string{row("NAME", "IMAGE", "VCPUS", "MEMORY", "DISK", "DELETED", "ID")}
	for _, n := range nodes {
		rows = append(rows, row(n.Name, n.Image, n.VCPUs, mebibytes(n.MemoryMiB), lab.Size(n.Overlay.Bytes), moment(n.DeletedAt), n.ID))
	}
	table(w, rows)
}

func (f *face) historyTable(w io.Writer, moments []lab.Moment) {
	if len(moments) == 0 {
		say(f.Err, "Nothing is remembered of it.\n")
		return
	}
	rows := make([]string, 0, len(moments))
	for _, m := range moments {
		detail := m.Detail
		if m.Problem != nil {
			detail = m.Problem.Message
		}
		rows = append(rows, row(moment(&m.At), m.Kind, detail))
	}
	table(w, rows)
}

// nodeSheet is one node with everything a person may want to know of it.
func nodeSheet(w io.Writer, n lab.Node) {
	rows := []string{
		row("Name", n.Name),
		row("ID", n.ID),
		row("State", n.State),
		row("Image", n.Image),
		row("vCPUs", n.VCPUs),
		row("Memory", mebibytes(n.MemoryMiB)),
		row("Disk", fmt.Sprintf("%s  %s", lab.Size(n.Overlay.Bytes), n.Overlay.Path)),
		row("MAC", n.MAC),
		row("Created", moment(&n.CreatedAt)),
		row("Started", moment(n.StartedAt)),
		row("Wiped", moment(n.WipedAt)),
	}
	if n.Medium != "" || n.Inserted != "" {
		rows = append(rows, row("Drive", driveOf(n)))
	}
	if n.Firmware == lab.FirmwareUEFI || n.TPM {
		rows = append(rows, row("Firmware", firmwareOf(n.NodeSpec)))
	}
	if n.VNC != nil {
		rows = append(rows, row("VNC", fmt.Sprintf("%s:%d", n.VNC.Host, n.VNC.Port)))
	}
	if way := consoleWay(n); way != "" {
		rows = append(rows, row("Console", way))
	}
	if f := n.FirstBoot; f != nil {
		rows = append(rows, row("First boot", firstBootLine(n.HostName(), f)))
	}
	if n.Undo != nil {
		rows = append(rows, row("Undo", fmt.Sprintf("%s of %s, until %s", lab.Size(n.Undo.Bytes), moment(&n.Undo.At), moment(&n.Undo.Until))))
	}
	if n.Notes != "" {
		rows = append(rows, row("Notes", strings.ReplaceAll(n.Notes, "\n", "\n\t")))
	}
	if n.Problem != nil {
		rows = append(rows, row("Problem", n.Problem.Message), row("", n.Problem.Hint))
	}
	table(w, rows)
}

// driveOf says what is in a node's drive, and what will be.
func driveOf(n lab.Node) string {
	now, next := cmp.Or(n.Inserted, "empty"), cmp.Or(n.Medium, "empty")
	if n.VNC != nil && now != next {
		return fmt.Sprintf("%s; %s from its next start on", now, next)
	}
	return next
}

func firmwareOf(spec lab.NodeSpec) string {
	text := strings.ToUpper(string(cmp.Or(spec.Firmware, lab.FirmwareBIOS)))
	if spec.TPM {
		text += ", with a TPM 2.0"
	}
	return text
}

// firstBootLine says what cloud-init is told: the host name, and what else there is.
func firstBootLine(host string, f *lab.FirstBoot) string {
	parts := []string{"host name " + host}
	say := func(is bool, format string, args ...any) {
		if is {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	say(f.User != "", "user %s", f.User)
	say(f.PasswordHash != "", "a password")
	say(len(f.SSHKeys) > 0, "SSH keys: %d", len(f.SSHKeys))
	say(len(f.Packages) > 0, "packages: %s", strings.Join(f.Packages, " "))
	say(f.UserData != "", "user-data of your own")
	say(f.NetworkConfig != "", "network-config of your own")
	return strings.Join(parts, ", ")
}

// consoleWay says how a node's console can be had.
func consoleWay(n lab.Node) string {
	switch n.Gateway.State {
	case lab.Direct:
		return "direct"
	case lab.Registered:
		return "Guacamole"
	case lab.Registering:
		if n.Gateway.Problem != nil {
			return "direct; Guacamole could not be told: " + n.Gateway.Problem.Message
		}
		return "direct; registering with Guacamole"
	}
	return ""
}

func (f *face) imageTable(w io.Writer, images []lab.Image) {
	if len(images) == 0 {
		say(f.Err, "No images yet. Add one: sandboxlabs image add FILE\n")
		return
	}
	rows := []string{row("NAME", "STATE", "FILE", "DISK", "USED BY", "AGE")}
	for _, i := range images {
		rows = append(rows, row(i.Name, i.State, lab.Size(i.Bytes), lab.Size(i.VirtualBytes), strings.Join(i.UsedBy, " "), age(i.AddedAt)))
	}
	table(w, rows)
}

// probeTable is what can be made of a file.
func probeTable(w io.Writer, p lab.Probe) {
	size := "known when it is unpacked"
	if p.VirtualBytes > 0 {
		size = lab.Size(p.VirtualBytes)
	}
	rows := []string{row("Kind", p.Kind), row("Format", p.Format), row("File", lab.Size(p.Bytes)), row("Disk", size)}
	if d := p.Defaults; d.VCPUs > 0 {
		rows = append(rows, row("vCPUs", d.VCPUs))
	}
	if d := p.Defaults; d.MemoryMiB > 0 {
		rows = append(rows, row("Memory", mebibytes(d.MemoryMiB)))
	}
	if d := p.Defaults; d.Firmware != "" {
		rows = append(rows, row("Firmware", d.Firmware))
	}
	for _, note := range p.Notes {
		rows = append(rows, row("", note))
	}
	table(w, rows)
}

func mebibytes(n int) string { return lab.Size(int64(n) << 20) }

// age is the time since t in its largest unit. A clock that was set back may have it come yet.
func age(t time.Time) string {
	d := max(0, time.Since(t))
	switch {
	case t.IsZero():
		return "-"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

func moment(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.Local().Format(time.DateTime)
}
