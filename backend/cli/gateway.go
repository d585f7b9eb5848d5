package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

func (f *face) gateway() *cobra.Command {
	cmd := &cobra.Command{
		Use: "gateway", Short: "Consoles through Apache Guacamole",
		Long: "A gateway shows the consoles of nodes in any browser. Every node registers itself there.\n" +
			"up runs one in containers on this computer; set takes to one that is there already.",
		Args: cobra.NoArgs, RunE: help,
	}
	cmd.AddCommand(f.gatewayUp(), f.gatewayDown(), f.gatewayStatus(), f.gatewayLogs(), f.gatewaySet(), f.gatewayTest())
	return cmd
}

// offline is a command that goes on where there is no libvirt.
func (f *face) offline(run func(ctx context.Context, s *service.Service) error) func(*cobra.Command, []string) error {
	return f.command(func(cmd *cobra.Command, _ []string) error {
		return f.session(cmd.Context(), false, run)
	})
}

func (f *face) gatewayUp() *cobra.Command {
	return &cobra.Command{
		Use: "up", Short: "Run the gateway in containers on this computer", Args: cobra.NoArgs,
		Long: "up chooses secrets and ports the first time, and returns when every container is healthy.",
		RunE: f.offline(func(ctx context.Context, s *service.Service) error {
			return f.followGateway(ctx, s, (*service.Service).GatewayUp)
		}),
	}
}

func (f *face) gatewayDown() *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "End the gateway's containers; their data stays", Args: cobra.NoArgs,
		RunE: f.offline(func(ctx context.Context, s *service.Service) error {
			return f.followGateway(ctx, s, (*service.Service).GatewayDown)
		}),
	}
}

// followGateway does what takes long, tells how it goes, and ends with how it is.
// Interrupted, it ends what it began.
func (f *face) followGateway(ctx context.Context, s *service.Service, do func(*service.Service, context.Context) (lab.GatewayStatus, error)) error {
	told, stop := context.WithCancel(ctx)
	events := s.Subscribe(told)
	<-events // the snapshot tells of what was before
	ended := make(chan struct{})
	defer func() { stop(); <-ended }()
	go func() {
		defer close(ended)
		for e := range events {
			if e.Gateway != nil && e.Gateway.Progress != "" && !f.json {
				say(f.Err, "%s\n", e.Gateway.Progress)
			}
		}
	}()
	if _, err := do(s, ctx); err != nil {
		return err
	}
	status, err := s.WaitGateway(ctx)
	if err != nil {
		return err
	}
	f.print(status, func(w io.Writer) { say(w, "%s\n", gatewaySentence(status)) })
	return nil
}

func gatewaySentence(status lab.GatewayStatus) string {
	if status.State == lab.GatewayReady {
		return "The gateway is ready at " + status.URL
	}
	return fmt.Sprintf("The gateway is %s", status.State)
}

// statusLimit is how long status waits for a gateway that does not answer.
const statusLimit = 15 * time.Second

func (f *face) gatewayStatus() *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Tell how the gateway is; exits 1 if it can not be used", Args: cobra.NoArgs,
		RunE: f.offline(func(ctx context.Context, s *service.Service) error {
			limited, cancel := context.WithTimeout(ctx, statusLimit)
			defer cancel()
			_, failed := s.WaitGateway(limited)
			report, err := s.Gateway(ctx)
			if err != nil {
				return err
			}
			f.print(report, func(w io.Writer) { gatewaySheet(w, report) })
			if failed != nil {
				return errTold
			}
			return nil
		}),
	}
}

func gatewaySheet(w io.Writer, r lab.GatewayReport) {
	rows := []string{row("Gateway", r.Status.Mode), row("State", r.Status.State)}
	add := func(name, value string) {
		if value != "" {
			rows = append(rows, row(name, value))
		}
	}
	add("Address", r.Status.URL)
	add("Schema", r.Status.Schema)
	for _, service := range r.Services {
		add(service.Name, strings.TrimSpace(service.State+" "+service.Health))
	}
	for _, p := range []*lab.Problem{r.Status.Problem, r.Problem} {
		if p != nil {
			add("Problem", p.Message)
			rows = append(rows, row("", p.Hint))
		}
	}
	table(w, rows)
}

func (f *face) gatewayLogs() *cobra.Command {
	return &cobra.Command{
		Use: "logs", Short: "Show the end of the containers' log", Args: cobra.NoArgs,
		RunE: f.offline(func(ctx context.Context, s *service.Service) error {
			text, err := s.GatewayLogs(ctx)
			if err != nil {
				return err
			}
			f.print(map[string]string{"log": text}, func(w io.Writer) {
				if text == "" {
					say(f.Err, "No containers yet. Run them: sandboxlabs gateway up\n")
					return
				}
				say(w, "%s\n", strings.TrimRight(text, "\n"))
			})
			return nil
		}),
	}
}

// gatewayFlags are the settings of the gateway as flags; read gives the settings
// of s with what the command line says of them.
func (f *face) gatewayFlags(cmd *cobra.Command) (read func(ctx context.Context, s *service.Service) (lab.GatewaySettings, error)) {
	var in lab.GatewaySettings
	var mode string
	flags := cmd.Flags()
	flags.StringVar(&mode, "mode", "", "off, stack (containers on this computer) or external")
	flags.StringVar(&in.URL, "url", "", "`address` of an external web application")
	flags.StringVar(&in.DSN, "dsn", "", "its database, postgres://USER:PASSWORD@HOST:PORT/DATABASE; - reads it from standard input")
	flags.StringVar(&in.DisplayHost, "display-host", "", "`host` by which guacd reaches this computer's displays (default 127.0.0.1)")
	flags.StringVar(&in.Recordings, "recordings", "", "`folder` for recordings, as guacd sees it")
	flags.IntVar(&in.WebPort, "web-port", 0, "`port` of the web application in the stack; 0: as it was, or one that is free")
	flags.IntVar(&in.GuacdPort, "guacd-port", 0, "`port` of guacd in the stack")
	flags.IntVar(&in.DatabasePort, "database-port", 0, "`port` of the database in the stack")
	must(cmd.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions([]string{"off", "stack", "external"}, cobra.ShellCompDirectiveNoFileComp)))
	return func(ctx context.Context, s *service.Service) (lab.GatewaySettings, error) {
		report, err := s.Gateway(ctx)
		if err != nil {
			return in, err
		}
		if in.DSN == "-" {
			text, err := io.ReadAll(io.LimitReader(cmd.InOrStdin(), 1<<16))
			if err != nil {
				return in, lab.Errorf(lab.KindInvalid, "the DSN can not be read from standard input").WithCause(err)
			}
			in.DSN = strings.TrimSpace(string(text))
		}
		in.Mode = lab.GatewayMode(mode)
		return overlaid(cmd, report.Settings, in), nil
	}
}

// overlaid gives the settings with those that were given on the command line. An
// address means an external gateway where no mode is given.
func overlaid(cmd *cobra.Command, s, in lab.GatewaySettings) lab.GatewaySettings {
	take(cmd, "url", &s.URL, in.URL)
	take(cmd, "dsn", &s.DSN, in.DSN)
	take(cmd, "display-host", &s.DisplayHost, in.DisplayHost)
	take(cmd, "recordings", &s.Recordings, in.Recordings)
	take(cmd, "web-port", &s.WebPort, in.WebPort)
	take(cmd, "guacd-port", &s.GuacdPort, in.GuacdPort)
	take(cmd, "database-port", &s.DatabasePort, in.DatabasePort)
	if cmd.Flags().Changed("url") || cmd.Flags().Changed("dsn") {
		s.Mode = lab.GatewayExternal
	}
	take(cmd, "mode", &s.Mode, in.Mode)
	return s
}

// take sets what was given on the command line.
func take[T any](cmd *cobra.Command, flag string, to *T, value T) {
	if cmd.Flags().Changed(flag) {
		*to = value
	}
}

func (f *face) gatewaySet() *cobra.Command {
	cmd := &cobra.Command{
		Use: "set", Short: "Choose the gateway", Args: cobra.NoArgs,
		Long: "set changes what is given. A window that is open takes to it within a minute.",
	}
	read := f.gatewayFlags(cmd)
	cmd.MarkFlagsOneRequired("mode", "url", "dsn", "display-host", "recordings", "web-port", "guacd-port", "database-port")
	cmd.RunE = f.offline(func(ctx context.Context, s *service.Service) error {
		in, err := read(ctx, s)
		if err != nil {
			return err
		}
		return f.followGateway(ctx, s, func(s *service.Service, ctx context.Context) (lab.GatewayStatus, error) {
			return s.SetGateway(ctx, in)
		})
	})
	return cmd
}

func (f *face) gatewayTest() *cobra.Command {
	cmd := &cobra.Command{
		Use: "test", Short: "Try the gateway step by step, or another without choosing it", Args: cobra.NoArgs,
		Long: "test stops at the first step that fails, says how to mend it, and exits 1.",
	}
	read := f.gatewayFlags(cmd)
	cmd.RunE = f.offline(func(ctx context.Context, s *service.Service) error {
		in, err := read(ctx, s)
		if err != nil {
			return err
		}
		checks, err := s.TestGateway(ctx, in)
		if err != nil {
			return err
		}
		f.print(checks, func(w io.Writer) { checkTable(w, checks) })
		return failedCheck(checks)
	})
	return cmd
}

// parametersOf reads parameters of a node's connection from KEY=VALUE words, over
// those it has; an empty value takes one away.
func parametersOf(words []string, has map[string]string) (map[string]string, error) {
	set := maps.Clone(has)
	if set == nil {
		set = map[string]string{}
	}
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return nil, lab.Errorf(lab.KindInvalid, "%q is not KEY=VALUE", word).WithHint("Write it as in read-only=true; read-only= takes it away.")
		}
		set[name] = value
		if value == "" {
			delete(set, name)
		}
	}
	return set, nil
}
