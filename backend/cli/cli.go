// Package cli is the command line: a table of commands over the service's verbs.
//
// It exits 0 if what was asked is done, 1 if it failed and 2 if the command line
// itself is wrong. A failure is a sentence and a hint on stderr. With --json,
// stdout carries exactly one JSON document: the result, or the lab.Problem if
// there is none.
package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// Program is what the commands work on. The functions take the connection URI
// of the command line, empty for the one of the settings.
type Program struct {
	// Open wires a service; close ends what it stands on.
	Open func(uri string) (s *service.Service, close func() error, err error)
	// Window opens the desktop window and returns when it is closed, or brings
	// the one that is open to the front, which other says; either shows what is
	// asked for.
	Window func(ctx context.Context, uri string, o lab.Opening) (other bool, err error)
	// Trouble shows why there is no window to a person who has no terminal to read it on,
	// until they have seen it or ctx ends.
	Trouble func(ctx context.Context, p *lab.Problem)
	// Serve serves the page and the APIs until ctx ends, and calls ready with the
	// link to open, empty where no browser could.
	Serve func(ctx context.Context, uri string, how Serving, ready func(link string)) error
	// Token gives the token by which programs enter what is served, or a new one,
	// which ends the old one.
	Token func(ctx context.Context, rotate bool) (string, error)
	// Link gives a new link to the page that is served at a socket, empty for the usual one.
	Link func(ctx context.Context, socket string) (string, error)
	// Browse opens a link in the person's browser.
	Browse func(ctx context.Context, link string) error

	Version  string
	In       io.Reader
	Out, Err io.Writer
}

// face is one run of the command line.
type face struct {
	Program
	uri  string
	json bool
}

// Main runs the command that args name and gives the exit code.
func Main(ctx context.Context, p Program, args []string) int {
	f := &face{Program: p}
	root := f.root()
	root.SetArgs(args)
	return f.exit(root.ExecuteContext(ctx), args)
}

// Commands gives the paths of all commands below the program's name, such as
// "node ls".
func Commands() []string {
	var paths []string
	var walk func(prefix string, cmd *cobra.Command)
	walk = func(prefix string, cmd *cobra.Command) {
		for _, c := range cmd.Commands() {
			paths = append(paths, prefix+c.Name())
			walk(prefix+c.Name()+" ", c)
		}
	}
	walk("", Tree(""))
	return paths
}

// Tree gives the commands of a version of the program to be described, not run.
func Tree(version string) *cobra.Command {
	root := (&face{Program: Program{Version: version}}).root()
	root.InitDefaultVersionFlag()
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	return root
}

func (f *face) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "sandboxlabs [FILE]...",
		Short: "Disposable lab machines on libvirt",
		Long: "SandBoxLabs makes lab machines that are wiped in a moment and come back as they were.\n" +
			"Without a command it opens its window. Disks and ISOs that are given to it are offered\n" +
			"there as images to add.",
		Version:       f.Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("sandboxlabs {{.Version}}\n")
	root.SetOut(f.Out)
	root.SetErr(f.Err)
	f.opens(root)
	root.PersistentFlags().StringVar(&f.uri, "connect", "", "libvirt `URI`, such as qemu:///session or qemu:///system")
	root.PersistentFlags().BoolVar(&f.json, "json", false, "print one JSON document")
	root.AddCommand(f.nodes(), f.images(), f.backup(), f.restore(), f.gateway(), f.settings(), f.serve(), f.token(), f.doctor(), f.folders(), f.log(), f.autostart(), f.importPrototype(), f.version())
	return root
}

func (f *face) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: f.command(func(*cobra.Command, []string) error {
			f.print(map[string]string{"version": f.Version}, func(w io.Writer) { say(w, "sandboxlabs %s\n", f.Version) })
			return nil
		}),
	}
}
