package cli

import (
	"cmp"
	"context"
	"io"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
)

// Serving says how to serve; what is empty is the settings' or the usual.
type Serving struct {
	Listen    []string // host:port
	Socket    string   // path
	Hosts     []string // names that are answered to, beside those of loopback and the certificate
	Cert, Key string   // files
	Insecure  bool
	Anyone    bool // nobody is asked who they are
}

func (f *face) serve() *cobra.Command {
	var how Serving
	var open bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the page to browsers, and the API to programs",
		Long: "serve prints an address that opens the page once; end it with Ctrl-C. Nodes keep running.\n" +
			"Programs enter by a unix socket of your own, or with the token of sandboxlabs token show.\n" +
			"Other computers reach it only with a certificate (--tls-cert, --tls-key), or through ssh -L.",
		Args: cobra.NoArgs,
		RunE: f.command(func(cmd *cobra.Command, _ []string) error {
			f.caution(how)
			return f.Serve(cmd.Context(), f.uri, how, func(link string) {
				f.print(map[string]string{"url": link}, func(w io.Writer) {
					say(w, "SandBoxLabs is at %s\n", cmp.Or(link, "its socket; sandboxlabs token link makes an address for a browser"))
				})
				if open && link != "" {
					f.browse(cmd.Context(), link)
				}
			})
		}),
	}
	flags := cmd.Flags()
	flags.StringSliceVar(&how.Listen, "listen", nil, "`address`es to listen on; port 0 takes a free one (default: the settings', 127.0.0.1:3001)")
	flags.StringVar(&how.Socket, "socket", "", "`path` of the unix socket (default: serve.sock in $XDG_RUNTIME_DIR/sandboxlabs)")
	flags.StringSliceVar(&how.Hosts, "host", nil, "`name`s of this computer to answer to, beside those in the certificate")
	flags.StringVar(&how.Cert, "tls-cert", "", "`file` of a certificate in PEM")
	flags.StringVar(&how.Key, "tls-key", "", "`file` of its key in PEM")
	flags.BoolVar(&how.Insecure, "insecure", false, "let other computers in without TLS: everybody on the way can read and change what is said")
	flags.BoolVar(&how.Anyone, "no-auth", false, "ask nobody on this computer who they are")
	flags.BoolVar(&open, "open", false, "open the page in your browser")
	cmd.MarkFlagsRequiredTogether("tls-cert", "tls-key")
	return cmd
}

// caution says what is risky in the way something is to be served.
func (f *face) caution(how Serving) {
	if how.Anyone {
		say(f.Err, "warning: everybody who has an account on this computer can use your nodes (--no-auth)\n")
	}
	if how.Insecure && how.Cert == "" {
		say(f.Err, "warning: everybody on the way between another computer and this one can use your nodes (--insecure)\n")
	}
}

// browse opens a link; that it can not is no failure of what was served.
func (f *face) browse(ctx context.Context, link string) {
	if err := f.Browse(ctx, link); err != nil {
		f.warn("", lab.ProblemOf(err))
	}
}

func (f *face) token() *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "The token by which programs enter what serve serves",
		Long: "A program sends it as Authorization: Bearer TOKEN. It is in a file that only you may read, and\n" +
			"made at first use.",
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(
		f.tokenOf("show", "Print the token", false),
		f.tokenOf("rotate", "Make a new token; the old one ends at once, in a running server too", true),
		f.tokenLink(),
	)
	return cmd
}

func (f *face) tokenOf(use, short string, rotate bool) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: f.command(func(cmd *cobra.Command, _ []string) error {
			token, err := f.Token(cmd.Context(), rotate)
			if err != nil {
				return err
			}
			f.print(map[string]string{"token": token}, func(w io.Writer) { say(w, "%s\n", token) })
			return nil
		}),
	}
}

func (f *face) tokenLink() *cobra.Command {
	var socket string
	var open bool
	cmd := &cobra.Command{
		Use: "link", Short: "Print a new address that opens the page of a running serve once", Args: cobra.NoArgs,
		RunE: f.command(func(cmd *cobra.Command, _ []string) error {
			link, err := f.Link(cmd.Context(), socket)
			if err != nil {
				return err
			}
			f.print(map[string]string{"url": link}, func(w io.Writer) { say(w, "%s\n", link) })
			if open {
				return f.Browse(cmd.Context(), link)
			}
			return nil
		}),
	}
	cmd.Flags().StringVar(&socket, "socket", "", "`path` of its unix socket (default: serve.sock in $XDG_RUNTIME_DIR/sandboxlabs)")
	cmd.Flags().BoolVar(&open, "open", false, "open it in your browser")
	return cmd
}
