package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// opens lets a command open the window.
func (f *face) opens(cmd *cobra.Command) {
	var o lab.Opening
	cmd.Flags().BoolVar(&o.Hidden, "hidden", false, "begin as an icon in the tray, without a window")
	cmd.Flags().StringVar((*string)(&o.View), "show", "", "what the window shows at first: "+views())
	cmd.MarkFlagsMutuallyExclusive("hidden", "show")
	cmd.Args = func(_ *cobra.Command, args []string) error { return checkOpening(o, args) }
	cmd.RunE = f.command(func(cmd *cobra.Command, args []string) (err error) {
		defer func() { f.regret(cmd.Context(), err) }()
		if o.Files, err = disks(args); err != nil {
			return err
		}
		_, err = f.Window(cmd.Context(), f.uri, o)
		return err
	})
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveDefault
	}
	complete := cobra.FixedCompletions(names(lab.Views, nil, func(v lab.View) string { return string(v) }), cobra.ShellCompDirectiveNoFileComp)
	if err := cmd.RegisterFlagCompletionFunc("show", complete); err != nil {
		panic(err) // the flag is there
	}
}

// regret shows why there is no window, unless the program was ended.
func (f *face) regret(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		f.Trouble(ctx, lab.ProblemOf(err))
	}
}

// nodeConsole is for people; programs have virsh console.
func (f *face) nodeConsole() *cobra.Command {
	return &cobra.Command{
		Use: "console NODE", Short: "Open the console of a node in the window",
		Long: "console opens a tab in the window that is open, or opens the window first.",
		Args: cobra.ExactArgs(1), ValidArgsFunction: f.completeNode,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			var node lab.Node
			err := f.session(cmd.Context(), true, func(ctx context.Context, s *service.Service) (err error) {
				node, err = s.Show(ctx, args[0])
				return err
			})
			if err != nil {
				return err
			}
			other, err := f.Window(cmd.Context(), f.uri, lab.Opening{Console: node.ID})
			if err == nil && other {
				f.print(node, func(w io.Writer) { say(w, "the console of %s is in the window that is open\n", node.Name) })
			}
			return err
		}),
	}
}

func views() string {
	return strings.Join(names(lab.Views, nil, func(v lab.View) string { return string(v) }), ", ")
}

// checkOpening tells a command line that is wrong in itself. A word that is neither a
// command nor a file is more likely to be meant as the former.
func checkOpening(o lab.Opening, args []string) error {
	if o.View != "" && !slices.Contains(lab.Views, o.View) {
		return fmt.Errorf("--show takes one of %s", views())
	}
	if o.Hidden && len(args) > 0 {
		return fmt.Errorf("--hidden shows no files")
	}
	if len(args) > 0 && !strings.ContainsRune(args[0], filepath.Separator) {
		if _, err := os.Stat(args[0]); err != nil {
			return fmt.Errorf("unknown command %q for \"sandboxlabs\"", args[0])
		}
	}
	return nil
}

// disks gives the absolute paths of files that can be read.
func disks(args []string) ([]string, error) {
	var paths []string
	for _, arg := range args {
		path, err := filepath.Abs(arg)
		if err != nil {
			return nil, lab.Errorf(lab.KindUnavailable, "can not tell where %s is", arg).WithCause(err)
		}
		if err := readable(path); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

func readable(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return unreadable(path, err)
	}
	if !info.Mode().IsRegular() {
		return lab.Errorf(lab.KindInvalid, "%s is not a file", path).WithHint("Give the file of a disk or an ISO.")
	}
	file, err := os.Open(path)
	if err != nil {
		return unreadable(path, err)
	}
	return file.Close()
}
