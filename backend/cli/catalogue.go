package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

func (f *face) imageCatalogue() *cobra.Command {
	cmd := &cobra.Command{
		Use: "catalogue", Short: "List the images that publishers offer to everyone", Args: cobra.NoArgs,
		RunE: f.command(func(cmd *cobra.Command, _ []string) error {
			return f.session(cmd.Context(), false, func(ctx context.Context, s *service.Service) error {
				offers, err := s.Catalogue(ctx)
				if err != nil {
					return err
				}
				f.print(offers, func(w io.Writer) { f.catalogueTable(w, offers) })
				return nil
			})
		}),
	}
	cmd.AddCommand(f.catalogueCheck())
	return cmd
}

func (f *face) catalogueTable(w io.Writer, offers lab.Offers) {
	rows := []string{row("ID", "IMAGE", "DOWNLOAD", "MEMORY", "USER", "GROUP")}
	for i := range offers.Entries {
		e := &offers.Entries[i]
		group := e.Group
		if e.Overridden {
			group += ", yours"
		}
		rows = append(rows, row(e.ID, e.Title+" "+e.Version, sizeOr(e.Remote.Bytes), mebibytes(e.Defaults.MemoryMiB), cmp.Or(e.Defaults.User, "-"), group))
	}
	table(w, rows)
	if offers.Problem != nil {
		f.warn("", offers.Problem)
	}
}

// sizeOr is a size, or a hyphen where it is not known.
func sizeOr(bytes int64) string {
	if bytes <= 0 {
		return "-"
	}
	return lab.Size(bytes)
}

func (f *face) catalogueCheck() *cobra.Command {
	return &cobra.Command{
		Use: "check [ID...]", Short: "Ask the publishers whether the images are still there, with their checksums",
		Long: "check asks every address of the catalogue, reads the publishers' lists of checksums and looks for the\n" +
			"files in them. It downloads no image. It is for those who keep the catalogue, and needs the internet.",
		ValidArgsFunction: f.completeEntries,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			return f.session(cmd.Context(), false, func(ctx context.Context, s *service.Service) error {
				offers, err := s.Catalogue(ctx)
				if err != nil {
					return err
				}
				if len(args) == 0 {
					args = names(offers.Entries, nil, func(e lab.CatalogueEntry) string { return e.ID })
				}
				return f.checkEntries(ctx, s, args, offers.Problem)
			})
		}),
	}
}

// checkEntries tells of each as soon as it is known; trouble is the problem of
// the person's own file.
func (f *face) checkEntries(ctx context.Context, s *service.Service, ids []string, trouble *lab.Problem) error {
	checks := make([]lab.EntryCheck, 0, len(ids))
	for _, id := range ids {
		check, err := s.CheckEntry(ctx, id)
		if ctx.Err() != nil {
			return err
		}
		if err != nil {
			check = lab.EntryCheck{ID: id, Problem: lab.ProblemOf(err)}
		}
		checks = append(checks, check)
		if !f.json {
			say(f.Out, "%s\n", checkLine(check))
		}
	}
	switch {
	case f.json:
		f.printJSON(checks)
	case trouble != nil:
		f.warn("", trouble)
	}
	if trouble != nil || slices.ContainsFunc(checks, func(c lab.EntryCheck) bool { return c.Problem != nil }) {
		return errTold
	}
	return nil
}

func checkLine(c lab.EntryCheck) string {
	if c.Problem != nil {
		return fmt.Sprintf("%-20s WRONG: %s", c.ID, c.Problem.Message)
	}
	return fmt.Sprintf("%-20s ok: %s, checksum %.12s...", c.ID, sizeOr(c.Bytes), cmp.Or(c.Sum, "none"))
}

// pulled is the outcome of one pull.
type pulled struct {
	Of      string       `json:"of"` // as it was asked
	Image   *lab.Image   `json:"image"`
	Problem *lab.Problem `json:"problem"`
}

func (f *face) imagePull() *cobra.Command {
	var name, sum string
	cmd := &cobra.Command{
		Use: "pull ID|ADDRESS...", Short: "Download images of the catalogue, or from addresses", Args: cobra.MinimumNArgs(1),
		Long: "pull downloads what the catalogue lists (image catalogue), or any address, verifies it, and makes images\n" +
			"of it. Three are downloaded at a time. What was cut short goes on when it is pulled again, unless it is packed; Ctrl-C gives\n" +
			"it up, and nothing of it stays.",
		ValidArgsFunction: f.completeEntries,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 && (name != "" || sum != "") {
				return lab.Errorf(lab.KindInvalid, "a name and a checksum are of one image, not of %d", len(args)).WithHint("Pull them one by one.")
			}
			return f.settled(cmd.Context(), func(ctx context.Context, s *service.Service) error {
				return f.pull(ctx, s, args, name, sum)
			})
		}),
	}
	cmd.Flags().StringVar(&name, "name", "", "`name` of the image (default: the entry's id, or the file's)")
	cmd.Flags().StringVar(&sum, "sum", "", "SHA-256 or SHA-512 `checksum` of what is downloaded (default: the publisher's)")
	return cmd
}

func (f *face) pull(ctx context.Context, s *service.Service, args []string, name, sum string) error {
	inputs := make([]service.AddImageInput, len(args))
	for i, arg := range args {
		inputs[i] = service.AddImageInput{Name: name, Sum: sum, Entry: arg}
		if isAddress(arg) {
			inputs[i].Entry, inputs[i].Address = "", arg
		}
	}
	images, errs := f.addAll(ctx, s, inputs)
	results := make([]pulled, len(args))
	for i := range args {
		results[i] = pulled{Of: args[i], Problem: lab.ProblemOf(errs[i])}
		if errs[i] == nil {
			results[i].Image = &images[i]
		}
	}
	return f.printPulled(results)
}

// printPulled prints the one image or problem if one was asked for, and the list
// of results if there were several.
func (f *face) printPulled(results []pulled) error {
	failed := slices.ContainsFunc(results, func(r pulled) bool { return r.Problem != nil })
	switch {
	case !f.json:
		f.sayPulled(results)
	case len(results) > 1:
		f.printJSON(results)
	case failed:
		f.printJSON(results[0].Problem)
	default:
		f.printJSON(results[0].Image)
	}
	if failed {
		return errTold
	}
	return nil
}

func (f *face) sayPulled(results []pulled) {
	for _, r := range results {
		switch {
		case r.Problem == nil:
			tellAdded(f.Out, *r.Image)
		case len(results) > 1:
			f.warn(r.Of, r.Problem)
		default:
			f.warn("", r.Problem)
		}
	}
}

// completeEntries completes every argument with the ids of the catalogue that
// are not among them yet.
func (f *face) completeEntries(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return f.complete(cmd, func(ctx context.Context, s *service.Service) ([]string, error) {
		offers, err := s.Catalogue(ctx)
		return names(offers.Entries, args, func(e lab.CatalogueEntry) string { return e.ID }), err
	})
}
