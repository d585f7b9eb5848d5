package cli

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

func (f *face) autostart() *cobra.Command {
	cmd := &cobra.Command{
		Use: "autostart", Short: "Tell or decide whether it starts with your desktop session", Args: cobra.NoArgs,
		Long: "autostart tells how it is. It is off until you switch it on; then the window starts hidden,\n" +
			"as an icon in the tray, where the desktop has one.",
		RunE: f.autostarting(func(ctx context.Context, s *service.Service) (lab.Autostart, error) { return s.Autostart(ctx) }),
	}
	for _, to := range []struct {
		use, short string
		on         bool
	}{{"on", "Have it start with your desktop session", true}, {"off", "Have it start no more by itself", false}} {
		cmd.AddCommand(&cobra.Command{
			Use: to.use, Short: to.short, Args: cobra.NoArgs,
			RunE: f.autostarting(func(ctx context.Context, s *service.Service) (lab.Autostart, error) {
				return s.SetAutostart(ctx, to.on)
			}),
		})
	}
	return cmd
}

func (f *face) autostarting(do func(context.Context, *service.Service) (lab.Autostart, error)) func(*cobra.Command, []string) error {
	return f.command(func(cmd *cobra.Command, _ []string) error {
		return f.session(cmd.Context(), false, func(ctx context.Context, s *service.Service) error {
			a, err := do(ctx, s)
			if err != nil {
				return err
			}
			f.print(a, func(w io.Writer) { tellAutostart(w, a) })
			return nil
		})
	})
}

func tellAutostart(w io.Writer, a lab.Autostart) {
	state, by := "off", ""
	if a.On {
		state = "on"
	}
	if a.On || a.Foreign {
		by = ", by " + a.File
	}
	say(w, "start with the desktop session: %s%s\n", state, by)
}
