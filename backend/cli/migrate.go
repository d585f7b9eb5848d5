package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

func (f *face) importPrototype() *cobra.Command {
	var in service.MigrateInput
	var dry bool
	cmd := &cobra.Command{
		Use: "import-prototype DIR", Short: "Bring the nodes of the web prototype over", Args: cobra.ExactArgs(1),
		Long: "import-prototype reads nodes-state.json in DIR, or in its backend, state or data folder, with\n" +
			"overlays/*.qcow2 and images/*.qcow2, says what it will do, and does it: the images and disks are\n" +
			"copied, and each node is made with its UUID, name, memory, CPUs and times. DIR stays as it is, unless\n" +
			"--move says otherwise. It can be run again after any failure: what is here already is left alone.",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: f.command(func(cmd *cobra.Command, args []string) (err error) {
			if in.Dir, err = filepath.Abs(args[0]); err != nil {
				return err
			}
			return f.settled(cmd.Context(), func(ctx context.Context, s *service.Service) error {
				if dry {
					return f.planMigration(ctx, s, in)
				}
				return f.migrate(ctx, s, in)
			})
		}),
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would be done, and do nothing")
	cmd.Flags().BoolVar(&in.Move, "move", false, "remove each disk from DIR once its node is here, and the images with the last one")
	return cmd
}

// planMigration says what would be done.
func (f *face) planMigration(ctx context.Context, s *service.Service, in service.MigrateInput) error {
	plan, err := s.PlanMigration(ctx, in)
	if err != nil {
		return err
	}
	f.print(plan, func(w io.Writer) { f.migrationTable(w, plan) })
	return nil
}

// migrate says what will be done, does it, and says what came of it.
func (f *face) migrate(ctx context.Context, s *service.Service, in service.MigrateInput) error {
	plan, err := s.Migrate(ctx, in)
	if err != nil {
		return err
	}
	if !f.json {
		plan.Status = lab.MigrationPlanned
		f.migrationTable(f.Err, plan)
	}
	done, err := f.followMigration(ctx, s)
	if err != nil {
		return err
	}
	f.print(done, func(w io.Writer) { f.migrationTable(w, done) })
	if done.Status == lab.MigrationDone {
		return nil
	}
	return errTold
}

// followMigration shows how far it is until it is over. If ctx ends first it is
// given up; what is here by then stays.
func (f *face) followMigration(ctx context.Context, s *service.Service) (lab.Migration, error) {
	watching, stop := context.WithCancel(ctx)
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		f.showMigration(s.Subscribe(watching))
	}()
	done, err := s.WaitMigration(ctx)
	stop()
	<-shown
	if err == nil || ctx.Err() == nil {
		return done, err
	}
	if err := s.CancelMigration(context.WithoutCancel(ctx)); err != nil && lab.KindOf(err) != lab.KindNotFound {
		return lab.Migration{}, err
	}
	return s.WaitMigration(context.WithoutCancel(ctx))
}

// showMigration keeps one line on a terminal up to date, until there are no more
// events, and takes it away again.
func (f *face) showMigration(events <-chan lab.Event) {
	silent := f.json || !terminal(f.Err)
	for e := range events {
		if m := e.Migration; m != nil && !silent {
			line := migrationLine(*m)
			say(f.Err, "\r\x1b[K%s", line[:min(len(line), lineWidth)])
		}
	}
	if !silent {
		say(f.Err, "\r\x1b[K")
	}
}

// migrationLine tells what is just coming over: web: 41 % of 3.2 GiB
func migrationLine(m lab.Migration) string {
	going := ""
	for _, i := range m.Images {
		if i.Status == lab.MoveGoing {
			going = i.File
		}
	}
	for _, n := range m.Nodes {
		if n.Status == lab.MoveGoing {
			going = n.Name
		}
	}
	return fmt.Sprintf("%s: %.0f %% of %s", going, 100*float64(m.DoneBytes)/float64(max(m.Bytes, 1)), lab.Size(m.Bytes))
}

// moveWords say how it stands with a node or an image.
var moveWords = map[lab.MoveStatus]string{
	lab.MoveReady: "to come", lab.MoveHere: "here already", lab.MoveWrong: "can not come", lab.MoveGoing: "coming",
	lab.MoveDone: "here now", lab.MoveFailed: "failed",
}

// migrationTable is a plan, or what came of it: the images, the nodes, and below
// them what there is to say.
func (f *face) migrationTable(w io.Writer, m lab.Migration) {
	rows := []string{row("IMAGE", "FILE", "SIZE", "")}
	for _, i := range m.Images {
		rows = append(rows, row(i.Name, i.File, lab.Size(i.Bytes), moveWords[i.Status]))
	}
	table(w, rows)
	rows = []string{"", row("NODE", "IMAGE", "VCPUS", "MEMORY", "DISK", "FILE", "")}
	for _, n := range m.Nodes {
		rows = append(rows, row(n.Name, cmp.Or(n.Image, "-"), n.VCPUs, mebibytes(n.MemoryMiB), lab.Size(n.VirtualBytes), lab.Size(n.Bytes), moveWords[n.Status]))
	}
	table(w, rows)
	f.migrationNotes(w, m)
}

func (f *face) migrationNotes(w io.Writer, m lab.Migration) {
	for _, n := range m.Nodes {
		for _, note := range n.Notes {
			say(w, "%s: %s\n", n.Name, note)
		}
	}
	for _, note := range m.Notes {
		say(w, "%s\n", note)
	}
	for _, i := range m.Images {
		f.warnOf(i.File, i.Problem)
	}
	for _, n := range m.Nodes {
		f.warnOf(n.Name, n.Problem)
	}
	if m.Status == lab.MigrationPlanned {
		say(w, "It takes %s at most; %s are free on the disk of the pool.\n", lab.Size(m.NeedBytes), lab.Size(m.FreeBytes))
	}
	f.warnOf("", m.Problem)
}

func (f *face) warnOf(what string, p *lab.Problem) {
	if p != nil {
		f.warn(what, p)
	}
}
