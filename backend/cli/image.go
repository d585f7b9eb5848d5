package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

func (f *face) images() *cobra.Command {
	cmd := &cobra.Command{Use: "image", Short: "Keep the base images nodes stand on", Args: cobra.NoArgs, RunE: help}
	cmd.AddCommand(f.imageList(), f.imageCatalogue(), f.imagePull(), f.imageAdd(), f.imagePublish(), f.imageProbe(), f.imageSet(), f.imageRemove())
	cmd.AddCommand(f.imageInfo(), f.imageVerify(), f.imageCompress(), f.imageResize(), f.imageRename(), f.imagePrune())
	return cmd
}

func (f *face) imageList() *cobra.Command {
	return &cobra.Command{
		Use: "ls", Short: "List the base images", Args: cobra.NoArgs,
		RunE: f.command(func(cmd *cobra.Command, _ []string) error {
			return f.session(cmd.Context(), true, func(ctx context.Context, s *service.Service) error {
				images, err := s.Images(ctx)
				if err != nil {
					return err
				}
				f.print(images, func(w io.Writer) { f.imageTable(w, images) })
				return nil
			})
		}),
	}
}

func (f *face) imageAdd() *cobra.Command {
	var in service.AddImageInput
	var defaults lab.Defaults
	cmd := &cobra.Command{
		Use: "add FILE|ADDRESS", Short: "Make an image of a disk in any format, or of an ISO", Args: cobra.ExactArgs(1),
		Long: "add takes qcow2, raw, vmdk, vdi, vhd and vhdx, an OVA or OVF with its disk, and installers' ISOs,\n" +
			"packed by gzip, xz, zstd or bzip2 or not, from this machine or from the network.\n" +
			"A download that was cut short goes on when it is added again, unless it is packed.",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveDefault
		},
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			if err := place(args[0], &in); err != nil {
				return err
			}
			if changedAny(cmd, defaultFlags) {
				in.Defaults = &defaults
			}
			return f.addImage(cmd.Context(), in)
		}),
	}
	cmd.Flags().StringVar(&in.Name, "name", "", "`name` of the image (default: the file's)")
	cmd.Flags().StringVar(&in.Sum, "sum", "", "SHA-256 or SHA-512 `checksum` of what is downloaded")
	cmd.Flags().BoolVar(&in.Compress, "compress", false, "compress the disk: less room, more time")
	defaultsFlags(cmd, &defaults)
	return cmd
}

func (f *face) addImage(ctx context.Context, in service.AddImageInput) error {
	return f.settled(ctx, func(ctx context.Context, s *service.Service) error {
		image, err := f.add(ctx, s, in)
		if err != nil {
			return err
		}
		f.print(image, func(w io.Writer) { tellAdded(w, image) })
		return nil
	})
}

func (f *face) imagePublish() *cobra.Command {
	var in service.AddImageInput
	cmd := &cobra.Command{
		Use: "publish NODE", Short: "Make a base image of a stopped node's present disk", Args: cobra.ExactArgs(1),
		Long: "publish copies what is on the node's disk, with the base it stands on, into one base image.\n" +
			"The node stays as it is. Nodes of the new image get the vCPUs, memory and firmware of this one.",
		ValidArgsFunction: f.completeNode,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			in.Node = args[0]
			return f.addImage(cmd.Context(), in)
		}),
	}
	cmd.Flags().StringVar(&in.Name, "name", "", "`name` of the image (default: the node's)")
	cmd.Flags().BoolVar(&in.Compress, "compress", false, "compress the disk: less room, more time")
	return cmd
}

// place tells an address from a path.
func place(arg string, in *service.AddImageInput) (err error) {
	if isAddress(arg) {
		in.Address = arg
		return nil
	}
	in.Path, err = filepath.Abs(arg)
	return err
}

func isAddress(arg string) bool {
	return strings.HasPrefix(arg, "https://") || strings.HasPrefix(arg, "http://")
}

func tellAdded(w io.Writer, i lab.Image) {
	say(w, "%s %s, %s\n", i.Name, i.State, lab.Size(i.Bytes))
	if len(i.Twins) > 0 {
		say(w, "It has the same content as %s.\n", strings.Join(i.Twins, ", "))
	}
}

// defaultFlags are the flags of what an image's nodes get.
var defaultFlags = []string{"vcpus", "memory", "firmware", "tpm", "cloud-init", "user"}

func defaultsFlags(cmd *cobra.Command, d *lab.Defaults) {
	cmd.Flags().IntVar(&d.VCPUs, "vcpus", 0, "`vCPUs` of its nodes")
	cmd.Flags().IntVar(&d.MemoryMiB, "memory", 0, "memory of its nodes in `MiB`")
	cmd.Flags().StringVar((*string)(&d.Firmware), "firmware", "", "bios or uefi, for its nodes")
	cmd.Flags().BoolVar(&d.TPM, "tpm", false, "give its nodes a TPM 2.0")
	cmd.Flags().BoolVar(&d.CloudInit, "cloud-init", false, "it runs cloud-init at its first boot")
	cmd.Flags().StringVar(&d.User, "user", "", "`account` that its system expects to log in")
}

func changedAny(cmd *cobra.Command, flags []string) bool {
	return slices.ContainsFunc(flags, cmd.Flags().Changed)
}

func (f *face) imageProbe() *cobra.Command {
	return &cobra.Command{
		Use: "probe FILE", Short: "Say what can be made of a file, and change nothing", Args: cobra.ExactArgs(1),
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			path, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			return f.session(cmd.Context(), true, func(ctx context.Context, s *service.Service) error {
				p, err := s.ProbeImage(ctx, path)
				if err != nil {
					return err
				}
				f.print(p, func(w io.Writer) { probeTable(w, p) })
				return nil
			})
		}),
	}
}

func (f *face) imageSet() *cobra.Command {
	var defaults lab.Defaults
	cmd := &cobra.Command{
		Use: "set IMAGE", Short: "Say what the nodes of an image get where nothing else is asked for", Args: cobra.ExactArgs(1),
		ValidArgsFunction: f.completeImages,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			return f.settled(cmd.Context(), func(ctx context.Context, s *service.Service) error {
				was, err := imageNamed(ctx, s, args[0])
				if err != nil {
					return err
				}
				image, err := s.ChangeImage(ctx, args[0], merged(cmd, was.Defaults, defaults))
				if err != nil {
					return err
				}
				f.print(image, func(w io.Writer) { say(w, "%s changed\n", image.Name) })
				return nil
			})
		}),
	}
	defaultsFlags(cmd, &defaults)
	return cmd
}

// imageNamed gives an image; KindNotFound if there is none.
func imageNamed(ctx context.Context, s *service.Service, name string) (lab.Image, error) {
	images, err := s.Images(ctx)
	if err != nil {
		return lab.Image{}, err
	}
	if i := slices.IndexFunc(images, func(i lab.Image) bool { return i.Name == name }); i >= 0 {
		return images[i], nil
	}
	return lab.Image{}, lab.Errorf(lab.KindNotFound, "there is no image %q", name).WithHint("List the images to see their names.")
}

// merged takes those of the flags that were given.
func merged(cmd *cobra.Command, was, set lab.Defaults) lab.Defaults {
	for flag, take := range map[string]func(){
		"vcpus":      func() { was.VCPUs = set.VCPUs },
		"memory":     func() { was.MemoryMiB = set.MemoryMiB },
		"firmware":   func() { was.Firmware = set.Firmware },
		"tpm":        func() { was.TPM = set.TPM },
		"cloud-init": func() { was.CloudInit = set.CloudInit },
		"user":       func() { was.User = set.User },
	} {
		if cmd.Flags().Changed(flag) {
			take()
		}
	}
	return was
}

// add adds an image and shows how far it is.
func (f *face) add(ctx context.Context, s *service.Service, in service.AddImageInput) (lab.Image, error) {
	images, errs := f.addAll(ctx, s, []service.AddImageInput{in})
	return images[0], errs[0]
}

// addAll adds images and shows how far they are.
func (f *face) addAll(ctx context.Context, s *service.Service, inputs []service.AddImageInput) (images []lab.Image, errs []error) {
	images, errs = make([]lab.Image, len(inputs)), make([]error, len(inputs))
	var names []string
	for i, in := range inputs {
		if images[i], errs[i] = s.AddImage(ctx, in); errs[i] == nil {
			names = append(names, images[i].Name)
		}
	}
	defer f.showing(ctx, s, names)()
	for i := range inputs {
		if errs[i] == nil {
			images[i], errs[i] = f.awaitImage(ctx, s, images[i].Name)
		}
	}
	return images, errs
}

// follow shows how far the work on an image is, until it is done.
func (f *face) follow(ctx context.Context, s *service.Service, name string) (lab.Image, error) {
	defer f.showing(ctx, s, []string{name})()
	return f.awaitImage(ctx, s, name)
}

// awaitImage waits for the work on an image. If ctx ends first, that is given
// up, and the image is as it was or not there.
func (f *face) awaitImage(ctx context.Context, s *service.Service, name string) (lab.Image, error) {
	image, err := s.WaitImage(ctx, name)
	if err == nil || ctx.Err() == nil {
		return image, err
	}
	if err := s.CancelImage(context.WithoutCancel(ctx), name); err != nil && lab.KindOf(err) != lab.KindNotFound {
		return lab.Image{}, err
	}
	return lab.Image{}, lab.Errorf(lab.KindUnavailable, "the work on image %s was given up", name)
}

// showing shows how far the work on images is, until done is called.
func (f *face) showing(ctx context.Context, s *service.Service, names []string) (done func()) {
	watching, stop := context.WithCancel(ctx)
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		f.showProgress(s.Subscribe(watching), names)
	}()
	return func() {
		stop()
		<-shown
	}
}

// lineWidth is what fits on a line of any terminal: one that wraps can not be
// taken away again.
const lineWidth = 79

// showProgress keeps one line on a terminal up to date, until there are no more
// events, and takes it away again.
func (f *face) showProgress(events <-chan lab.Event, names []string) {
	silent := f.json || !terminal(f.Err)
	lines := map[string]string{}
	for e := range events {
		if silent || e.Image == nil || !slices.Contains(names, e.Image.Name) {
			continue
		}
		delete(lines, e.Image.Name)
		if e.Image.Step != nil && e.Image.Problem == nil {
			lines[e.Image.Name] = e.Image.Name + ": " + progressLine(*e.Image)
		}
		line := strings.Join(slices.Sorted(maps.Values(lines)), "  ")
		say(f.Err, "\r\x1b[K%s", line[:min(len(line), lineWidth)])
	}
	if !silent {
		say(f.Err, "\r\x1b[K")
	}
}

// progressLine tells how far an image's step is: downloading 41 %, 12 MiB/s, 38s left
func progressLine(i lab.Image) string {
	step := i.Step
	line := fmt.Sprintf("%s %.0f %%", step.Name, i.Progress*100)
	if step.Rate > 0 {
		line += fmt.Sprintf(", %s/s", lab.Size(step.Rate))
	}
	if left := step.Left(); left > 0 {
		line += fmt.Sprintf(", %s left", left.Round(time.Second))
	}
	return line
}

func terminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (f *face) imageRemove() *cobra.Command {
	return &cobra.Command{
		Use: "rm IMAGE", Short: "Remove a base image no node stands on", Args: cobra.ExactArgs(1),
		ValidArgsFunction: f.completeImages,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			return f.settled(cmd.Context(), func(ctx context.Context, s *service.Service) error {
				if err := s.RemoveImage(ctx, args[0]); err != nil {
					return err
				}
				f.print(map[string]string{"removed": args[0]}, func(w io.Writer) { say(w, "%s removed\n", args[0]) })
				return nil
			})
		}),
	}
}
