package cli

import (
	"context"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// completeLimit is how long a person waits for the Tab key.
const completeLimit = 3 * time.Second

// completeNode completes the first argument with the names of the nodes.
func (f *face) completeNode(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return f.completeNodes(cmd, args, prefix)
}

// completeNodes completes every argument with the names of the nodes that are
// not among them yet.
func (f *face) completeNodes(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return f.complete(cmd, func(ctx context.Context, s *service.Service) ([]string, error) {
		nodes, err := s.List(ctx)
		return names(nodes, args, func(n lab.Node) string { return n.Name }), err
	})
}

// completeImage completes the first argument with the names of the images.
func (f *face) completeImage(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return f.completeImages(cmd, args, prefix)
}

// completeImages completes with the names of the images.
func (f *face) completeImages(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return f.complete(cmd, func(ctx context.Context, s *service.Service) ([]string, error) {
		images, err := s.Images(ctx)
		return names(images, args, func(i lab.Image) string { return i.Name }), err
	})
}

func (f *face) complete(cmd *cobra.Command, list func(context.Context, *service.Service) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	return f.completed(cmd, true, list)
}

// completeOffline completes with what is known without libvirt.
func (f *face) completeOffline(cmd *cobra.Command, list func(context.Context, *service.Service) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	return f.completed(cmd, false, list)
}

func (f *face) completed(cmd *cobra.Command, connected bool, list func(context.Context, *service.Service) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	ctx, cancel := context.WithTimeout(cmd.Context(), completeLimit)
	defer cancel()
	var words []string
	err := f.session(ctx, connected, func(ctx context.Context, s *service.Service) (err error) {
		words, err = list(ctx, s)
		return err
	})
	if err != nil {
		cobra.CompErrorln(err.Error())
		return nil, cobra.ShellCompDirectiveError
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

func names[T any](values []T, without []string, name func(T) string) []string {
	var words []string
	for _, v := range values {
		if !slices.Contains(without, name(v)) {
			words = append(words, name(v))
		}
	}
	return words
}
