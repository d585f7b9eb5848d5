package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

func (f *face) imageInfo() *cobra.Command {
	return &cobra.Command{
		Use: "info IMAGE", Short: "Show everything about an image", Args: cobra.ExactArgs(1),
		ValidArgsFunction: f.completeImages,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			return f.session(cmd.Context(), true, func(ctx context.Context, s *service.Service) error {
				image, err := imageNamed(ctx, s, args[0])
				if err != nil {
					return err
				}
				f.print(image, func(w io.Writer) { imageSheet(w, image) })
				return nil
			})
		}),
	}
}

func (f *face) imageVerify() *cobra.Command {
	return &cobra.Command{
		Use: "verify IMAGE", Short: "Read the whole file of an image and compare its checksum", Args: cobra.ExactArgs(1),
		ValidArgsFunction: f.completeImages,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			return f.care(cmd.Context(), func(ctx context.Context, s *service.Service) (lab.Image, error) {
				return s.VerifyImage(ctx, args[0])
			})
		}),
	}
}

func (f *face) imageCompress() *cobra.Command {
	return &cobra.Command{
		Use: "compress IMAGE", Short: "Make a base image take as little room as it can", Args: cobra.ExactArgs(1),
		Long:              "compress makes the disk of a base image anew, compressed. No node may stand on the image.\nIt stays as it is if it would not become smaller.",
		ValidArgsFunction: f.completeImages,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			return f.care(cmd.Context(), func(ctx context.Context, s *service.Service) (lab.Image, error) {
				return s.CompressImage(ctx, args[0])
			})
		}),
	}
}

func (f *face) imageResize() *cobra.Command {
	return &cobra.Command{
		Use: "resize IMAGE SIZE", Short: "Let the disk of a base image grow, as to 20G", Args: cobra.ExactArgs(2),
		Long:              "resize makes the disk of a base image anew, with SIZE, such as 512M, 20G or 1T. It can only grow,\nand its file systems do not grow by that. No node may stand on the image.",
		ValidArgsFunction: f.completeImage,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			size, err := lab.ParseSize(args[1])
			if err != nil {
				return err
			}
			return f.care(cmd.Context(), func(ctx context.Context, s *service.Service) (lab.Image, error) {
				return s.ResizeImage(ctx, args[0], size)
			})
		}),
	}
}

// care does long work on an image and shows how far it is. An image found to be
// changed is a failure.
func (f *face) care(ctx context.Context, begin func(context.Context, *service.Service) (lab.Image, error)) error {
	return f.settled(ctx, func(ctx context.Context, s *service.Service) error {
		image, err := begin(ctx, s)
		if err == nil {
			image, err = f.follow(ctx, s, image.Name)
		}
		if err == nil && image.State == lab.ImageChanged {
			err = &lab.Error{Kind: image.Problem.Kind, Message: image.Problem.Message, Hint: image.Problem.Hint}
		}
		if err != nil {
			return err
		}
		f.print(image, func(w io.Writer) { tellAdded(w, image) })
		return nil
	})
}

func (f *face) imageRename() *cobra.Command {
	return &cobra.Command{
		Use: "rename IMAGE NAME", Short: "Give an image another name; its nodes go with it", Args: cobra.ExactArgs(2),
		ValidArgsFunction: f.completeImage,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			return f.settled(cmd.Context(), func(ctx context.Context, s *service.Service) error {
				image, err := s.RenameImage(ctx, args[0], args[1])
				if err != nil {
					return err
				}
				f.print(image, func(w io.Writer) { say(w, "%s is %s now\n", args[0], image.Name) })
				return nil
			})
		}),
	}
}

func (f *face) imagePrune() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "prune", Short: "List what no node uses, and remove it", Args: cobra.NoArgs,
		Long: "prune lists the images that no node uses, be it deleted or not, and the files that were left in the\npool by a program that died. With --yes it removes them.",
		RunE: f.command(func(cmd *cobra.Command, _ []string) error {
			return f.settled(cmd.Context(), func(ctx context.Context, s *service.Service) error {
				unused, err := s.PruneImages(ctx, service.PruneInput{})
				if err == nil && yes {
					unused, err = s.PruneImages(ctx, everything(unused))
				}
				if err != nil {
					return err
				}
				f.print(unused, func(w io.Writer) { f.unusedTable(w, unused) })
				return nil
			})
		}),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "remove all of it")
	return cmd
}

func everything(unused []lab.Unused) (in service.PruneInput) {
	for _, u := range unused {
		if u.Image != "" {
			in.Images = append(in.Images, u.Image)
		} else {
			in.Volumes = append(in.Volumes, u.Volume)
		}
	}
	return in
}

func (f *face) unusedTable(w io.Writer, unused []lab.Unused) {
	if len(unused) == 0 {
		say(f.Err, "Every image is in use, and nothing was left behind.\n")
		return
	}
	rows := []string{row("IMAGE", "SIZE", "FILE", "")}
	var sum int64
	removed := false
	for _, u := range unused {
		note := map[bool]string{true: "removed"}[u.Removed]
		rows = append(rows, row(cmp.Or(u.Image, "-"), lab.Size(u.Bytes), u.Volume, note))
		sum, removed = sum+u.Bytes, removed || u.Removed
	}
	table(w, rows)
	if !removed {
		say(f.Err, "%s can go: sandboxlabs image prune --yes\n", lab.Size(sum))
	}
}

// imageSheet is one image with everything a person may want to know of it.
func imageSheet(w io.Writer, i lab.Image) {
	rows := []string{
		row("Name", i.Name),
		row("State", i.State),
		row("Kind", i.Kind),
		row("Disk", lab.Size(i.VirtualBytes)),
		row("File", fmt.Sprintf("%s, which takes %s of the host's disk", lab.Size(i.Bytes), lab.Size(i.AllocatedBytes))),
		row("Format", formatOf(i)),
		row("Path", i.Path),
		row("SHA-256", i.SHA256),
		row("From", originOf(i.Origin)),
		row("Added", moment(&i.AddedAt)),
		row("Its nodes", defaultsOf(i.Defaults)),
		row("Used by", cmp.Or(strings.Join(i.UsedBy, " "), "no node")),
		row("Overlays", fmt.Sprintf("%s; full copies would take %s more", lab.Size(i.OverlayBytes), lab.Size(i.SavedBytes))),
	}
	if len(i.Twins) > 0 {
		rows = append(rows, row("Same as", strings.Join(i.Twins, " ")))
	}
	if i.Problem != nil {
		rows = append(rows, row("Problem", i.Problem.Message), row("", i.Problem.Hint))
	}
	table(w, rows)
}

func formatOf(i lab.Image) string {
	if i.Kind == lab.ImageMedium {
		return "iso"
	}
	switch i.Compression {
	case "":
		return "qcow2"
	case "none":
		return "qcow2, not compressed"
	}
	return "qcow2, compressed by " + i.Compression
}

// originOf says where an image came from.
func originOf(o lab.Origin) string {
	text := map[lab.OriginKind]string{
		lab.OriginFile: "the file ", lab.OriginCatalogue: "the catalogue: ", lab.OriginAddress: "", lab.OriginNode: "the disk of node ",
		lab.OriginFound: "a file that lay in the pool",
	}[o.Kind] + o.Of
	if o.Base != "" {
		text += " on image " + o.Base
	}
	if o.Format != "" {
		text += ", which was " + o.Format
	}
	return cmp.Or(text, "it is not known")
}

// defaultsOf says what nodes get of an image.
func defaultsOf(d lab.Defaults) string {
	var all []string
	for _, part := range []struct {
		set  bool
		text string
	}{
		{d.VCPUs > 0, fmt.Sprintf("%d vCPUs", d.VCPUs)},
		{d.MemoryMiB > 0, mebibytes(d.MemoryMiB)},
		{d.Firmware != "", strings.ToUpper(string(d.Firmware))},
		{d.TPM, "a TPM 2.0"},
		{d.CloudInit, "cloud-init"},
		{d.User != "", "user " + d.User},
	} {
		if part.set {
			all = append(all, part.text)
		}
	}
	return cmp.Or(strings.Join(all, ", "), "get what the settings say")
}
