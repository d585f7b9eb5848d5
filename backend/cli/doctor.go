package cli

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

func (f *face) doctor() *cobra.Command {
	return &cobra.Command{
		Use: "doctor", Short: "Check what SandBoxLabs needs, and say how to mend it",
		Long: "doctor exits 1 if something will not work; warnings do not count.",
		Args: cobra.NoArgs,
		RunE: f.command(func(cmd *cobra.Command, _ []string) error {
			return f.session(cmd.Context(), false, func(ctx context.Context, s *service.Service) error {
				health, err := s.Health(ctx)
				if err != nil {
					return err
				}
				f.print(health, func(w io.Writer) { checkTable(w, health.Checks) })
				return failedCheck(health.Checks)
			})
		}),
	}
}

// failedCheck ends the command with failure if one of the checks did.
func failedCheck(checks []lab.Check) error {
	for _, c := range checks {
		if c.Status == lab.CheckFailed {
			return errTold
		}
	}
	return nil
}

func checkTable(w io.Writer, checks []lab.Check) {
	var rows []string
	for _, c := range checks {
		rows = append(rows, row(strings.ToUpper(string(c.Status)), c.Name, c.Message))
		if c.Remedy != "" {
			rows = append(rows, row("", "", "mend it: "+c.Remedy))
		}
	}
	table(w, rows)
}
