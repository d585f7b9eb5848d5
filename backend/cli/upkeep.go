package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

func (f *face) folders() *cobra.Command {
	return &cobra.Command{
		Use: "folders", Short: "Tell what is kept where, and what it takes", Args: cobra.NoArgs,
		RunE: f.command(func(cmd *cobra.Command, _ []string) error {
			return f.session(cmd.Context(), true, func(ctx context.Context, s *service.Service) error {
				all, err := measured(ctx, s)
				if err != nil {
					return err
				}
				f.print(all, func(w io.Writer) {
					rows := []string{row("FOLDER", "FILES", "DISK", "PATH")}
					for _, it := range all {
						rows = append(rows, row(it.Name, it.Files, lab.Size(it.Bytes), it.Path))
					}
					table(w, rows)
				})
				return nil
			})
		}),
	}
}

func measured(ctx context.Context, s *service.Service) ([]lab.Folder, error) {
	all, err := s.Folders(ctx)
	for i, it := range all {
		if err == nil {
			all[i], err = s.MeasureFolder(ctx, it.Name)
		}
	}
	return all, err
}

func (f *face) log() *cobra.Command {
	return &cobra.Command{
		Use: "log", Short: "Show the last lines of the log", Args: cobra.NoArgs,
		RunE: f.offline(func(ctx context.Context, s *service.Service) error {
			text, err := s.Log(ctx)
			if err != nil {
				return err
			}
			f.print(map[string]string{"log": text}, func(w io.Writer) { say(w, "%s", text) })
			return nil
		}),
	}
}
