package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

func (f *face) nodeCreate() *cobra.Command {
	var c creation
	cmd := &cobra.Command{
		Use: "create NAME --image IMAGE", Short: "Make a node", Args: cobra.ExactArgs(1),
		Long: "create makes a node on a base image. Of an installer's ISO it makes one with an empty disk and\n" +
			"the ISO in its drive: the node boots from that until something is installed on the disk.\n\n" +
			"A system that runs cloud-init is told at its first boot, and again after a wipe, its host name\n" +
			"and what else the flags of the first boot say.",
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              f.command(func(cmd *cobra.Command, args []string) error { return c.run(f, cmd, args[0]) }),
	}
	c.flags(cmd)
	must(cmd.MarkFlagRequired("image"))
	must(cmd.RegisterFlagCompletionFunc("image", f.completeImages))
	return cmd
}

// creation is what node create is told.
type creation struct {
	in         service.CreateInput
	wait, tpm  bool
	parameters []string // of the connection at the gateway
	first      firstBoot
}

func (c *creation) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&c.in.Image, "image", "", "`image` it stands on, or is installed from")
	flags.IntVar(&c.in.VCPUs, "vcpus", 0, "number of vCPUs (default: the image's, or the settings')")
	flags.IntVar(&c.in.MemoryMiB, "memory", 0, "memory in `MiB` (default: the image's, or the settings')")
	flags.IntVar(&c.in.DiskGiB, "disk", 0, fmt.Sprintf("size of its disk in `GiB`, not below the image's (default: the image's, or %d for an ISO)", lab.DefaultDiskGiB))
	flags.StringVar((*string)(&c.in.Firmware), "firmware", "", "bios or uefi (default: the image's, or bios)")
	flags.BoolVar(&c.tpm, "tpm", false, "give it a TPM 2.0 (default: the image's)")
	flags.IntVar(&c.in.StopSeconds, "stop-seconds", 0, "`seconds` a stop may take before it is forced (default 30)")
	flags.StringVar(&c.in.Keymap, "keymap", "", "`keymap` of the console, such as de")
	flags.BoolVar(&c.in.Clipboard, "clipboard", false, "share the clipboard with a guest that runs spice-vdagent")
	flags.StringVar(&c.in.Notes, "notes", "", "your own `text`")
	flags.StringArrayVar(&c.parameters, "guacamole", nil, "`KEY=VALUE` for its console at the gateway, such as read-only=true; may be repeated")
	flags.BoolVar(&c.in.Start, "start", false, "boot it")
	flags.BoolVar(&c.wait, "wait", false, "return when it runs")
	c.first.flags(cmd)
}

func (c *creation) run(f *face, cmd *cobra.Command, name string) (err error) {
	c.in.Name, c.in.TPM = name, given(cmd, "tpm", &c.tpm)
	if c.in.Guacamole, err = parametersOf(c.parameters, nil); err != nil {
		return err
	}
	if err = c.first.read(f); err != nil {
		return err
	}
	return f.settled(cmd.Context(), func(ctx context.Context, s *service.Service) error {
		if c.in.FirstBoot, err = c.first.of(ctx, s, c.in.Image, cmd); err != nil {
			return err
		}
		n, err := s.Create(ctx, c.in)
		if err == nil && (c.in.Start || c.wait) {
			n, err = s.Wait(ctx, n.ID)
		}
		return f.printNode(n, err)
	})
}

func (f *face) nodeRename() *cobra.Command {
	return &cobra.Command{
		Use: "rename NODE NAME", Short: "Give a stopped node another name", Args: cobra.ExactArgs(2),
		ValidArgsFunction: f.completeNode,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			return f.settled(cmd.Context(), func(ctx context.Context, s *service.Service) error {
				return f.printNode(s.Rename(ctx, args[0], args[1]))
			})
		}),
	}
}

func (f *face) nodeSet() *cobra.Command {
	var vcpus, memory, stop int
	var notes, keymap, medium string
	var clipboard, eject bool
	var parameters []string
	cmd := &cobra.Command{
		Use: "set NODE", Short: "Change a node's resources and notes",
		Long: "set changes what is given; vCPUs, memory, keymap and clipboard of a running node take effect at its next start.\n" +
			"What is in its drive changes at once, unless its guest holds on to it or it had no drive so far: the answer tells.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: f.completeNode,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			in := service.SetInput{
				VCPUs: given(cmd, "vcpus", &vcpus), MemoryMiB: given(cmd, "memory", &memory),
				StopSeconds: given(cmd, "stop-seconds", &stop), Notes: given(cmd, "notes", &notes), Keymap: given(cmd, "keymap", &keymap),
				Clipboard: given(cmd, "clipboard", &clipboard), Medium: given(cmd, "medium", &medium),
			}
			if eject {
				in.Medium = new(string)
			}
			return f.settled(cmd.Context(), func(ctx context.Context, s *service.Service) (err error) {
				if cmd.Flags().Changed("guacamole") {
					n, showErr := s.Show(ctx, args[0])
					if in.Guacamole, err = parametersOf(parameters, n.Guacamole); cmp.Or(showErr, err) != nil {
						return cmp.Or(showErr, err)
					}
				}
				return f.printNode(s.Set(ctx, args[0], in))
			})
		}),
	}
	cmd.Flags().IntVar(&vcpus, "vcpus", 0, "number of vCPUs")
	cmd.Flags().IntVar(&memory, "memory", 0, "memory in `MiB`")
	cmd.Flags().IntVar(&stop, "stop-seconds", 0, "`seconds` a stop may take before it is forced")
	cmd.Flags().StringVar(&notes, "notes", "", "your own `text`")
	cmd.Flags().StringVar(&keymap, "keymap", "", "`keymap` of the console, such as de")
	cmd.Flags().BoolVar(&clipboard, "clipboard", false, "share the clipboard with a guest that runs spice-vdagent; --clipboard=false ends that")
	cmd.Flags().StringArrayVar(&parameters, "guacamole", nil, "`KEY=VALUE` for its console at the gateway; an empty value takes KEY away; may be repeated")
	cmd.Flags().StringVar(&medium, "medium", "", "`image` of an ISO to be in its drive")
	cmd.Flags().BoolVar(&eject, "eject", false, "take the ISO out of its drive")
	cmd.MarkFlagsOneRequired("vcpus", "memory", "stop-seconds", "notes", "keymap", "clipboard", "guacamole", "medium", "eject")
	cmd.MarkFlagsMutuallyExclusive("medium", "eject")
	must(cmd.RegisterFlagCompletionFunc("medium", f.completeImages))
	return cmd
}

// given is value if its flag was on the command line.
func given[T any](cmd *cobra.Command, flag string, value *T) *T {
	if cmd.Flags().Changed(flag) {
		return value
	}
	return nil
}

func (f *face) nodeClone() *cobra.Command {
	var in service.CloneInput
	cmd := &cobra.Command{
		Use: "clone NODE NAME", Short: "Make a node like another", Args: cobra.ExactArgs(2),
		ValidArgsFunction: f.completeNode,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			in.Name = args[1]
			return f.settled(cmd.Context(), func(ctx context.Context, s *service.Service) error {
				return f.printNode(s.Clone(ctx, args[0], in))
			})
		}),
	}
	cmd.Flags().BoolVar(&in.CopyDisk, "copy-disk", false, "take along what the node wrote, for which it must be stopped")
	return cmd
}

// must ends the program where a command names a flag it does not have.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
