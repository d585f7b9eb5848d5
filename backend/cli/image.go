package cli

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

func (f *face) images() *cobra.Command {
	cmd := &cobra.Command{Use: "image", Short: "Keep the base images nodes stand on", Args: cobra.NoArgs, RunE: help}
	cmd.AddCommand(f.imageList(), f.imageAdd(), f.imageRemove())
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
	var name string
	cmd := &cobra.Command{
		Use: "add FILE", Short: "Copy a qcow2 file into the library", Args: cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"qcow2", "img"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			path, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			return f.settled(cmd.Context(), func(ctx context.Context, s *service.Service) error {
				image, err := f.add(ctx, s, service.AddImageInput{Name: name, Path: path})
				if err != nil {
					return err
				}
				f.print(image, func(w io.Writer) { say(w, "%s %s, %s\n", image.Name, image.State, lab.Size(image.Bytes)) })
				return nil
			})
		}),
	}
	cmd.Flags().StringVar(&name, "name", "", "`name` of the image (default: the file's)")
	return cmd
}

// add adds an image and shows how far it is; if ctx ends first, the addition is
// given up and nothing of it stays.
func (f *face) add(ctx context.Context, s *service.Service, in service.AddImageInput) (lab.Image, error) {
	image, err := s.AddImage(ctx, in)
	if err != nil {
		return lab.Image{}, err
	}
	watching, stop := context.WithCancel(ctx)
	shown := make(chan struct{})
	go func() {
		defer close(shown)
		f.showProgress(s.Subscribe(watching), image.Name)
	}()
	added, err := s.WaitImage(ctx, image.Name)
	stop()
	<-shown
	if ctx.Err() != nil {
		if err := s.CancelImage(context.WithoutCancel(ctx), image.Name); err != nil {
			return lab.Image{}, err
		}
		return lab.Image{}, lab.Errorf(lab.KindUnavailable, "the addition of image %s was given up", image.Name)
	}
	return added, err
}

// showProgress keeps one line on a terminal up to date, until there are no more
// events, and takes it away again.
func (f *face) showProgress(events <-chan lab.Event, name string) {
	silent := f.json || !terminal(f.Err)
	for e := range events {
		if silent || e.Image == nil || e.Image.Name != name || e.Image.State != lab.ImageAdding {
			continue
		}
		say(f.Err, "\r%s: %3.0f %%", name, e.Image.Progress*100)
	}
	if !silent {
		say(f.Err, "\r\x1b[K")
	}
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
