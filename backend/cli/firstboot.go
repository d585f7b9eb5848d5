package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

// firstBoot is what the flags of a command say of a first boot.
type firstBoot struct {
	lab.FirstBootInput
	prompt, piped           bool   // where the password comes from
	userData, networkConfig string // files
}

var firstBootFlags = []string{"hostname", "user", "password", "password-stdin", "ssh-key", "packages", "user-data", "network-config"}

func (b *firstBoot) flags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&b.HostName, "hostname", "", "first boot: `name` its system has for itself (default: the node's)")
	flags.StringVar(&b.User, "user", "", "first boot: `account` that is made (default: the settings', or the image's)")
	flags.BoolVar(&b.prompt, "password", false, "first boot: ask for the account's password")
	flags.BoolVar(&b.piped, "password-stdin", false, "first boot: read the account's password from stdin")
	flags.StringArrayVar(&b.SSHKeys, "ssh-key", nil, "first boot: `FILE.pub` of a key that may log in, or auto for all in ~/.ssh; may be repeated")
	flags.StringSliceVar(&b.Packages, "packages", nil, "first boot: `names` of packages to install, with commas between them")
	flags.StringVar(&b.userData, "user-data", "", "first boot: `file` for cloud-init, in the place of account and packages")
	flags.StringVar(&b.networkConfig, "network-config", "", "first boot: `file` with the network's configuration")
	cmd.MarkFlagsMutuallyExclusive("password", "password-stdin")
	must(cmd.MarkFlagFilename("ssh-key", "pub"))
}

// read reads what the flags name: files and the password.
func (b *firstBoot) read(f *face) (err error) {
	for i, key := range b.SSHKeys {
		if b.SSHKeys[i], err = keyPath(key); err != nil {
			return err
		}
	}
	for file, text := range map[string]*string{b.userData: &b.UserData, b.networkConfig: &b.NetworkConfig} {
		if file == "" {
			continue
		}
		if *text, err = readFile(file); err != nil {
			return err
		}
	}
	switch {
	case b.piped:
		b.Password, err = readLine(f.In)
	case b.prompt:
		b.Password, err = f.askPassword()
	}
	return err
}

// keyPath makes the path of a key's file whole; anything else stays.
func keyPath(key string) (string, error) {
	if key == lab.KeysFound || strings.ContainsAny(key, " \t") {
		return key, nil
	}
	return filepath.Abs(key)
}

// readFile reads no more than cloud-init may be given, and a byte to tell that there is more.
func readFile(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", unreadable(path, err)
	}
	text, err := io.ReadAll(io.LimitReader(file, lab.MaxUserData+1))
	if err := errors.Join(err, file.Close()); err != nil {
		return "", unreadable(path, err)
	}
	if len(text) == 0 {
		return "", lab.Errorf(lab.KindInvalid, "%s is empty", path).WithHint("Leave it out.")
	}
	return string(text), nil
}

func unreadable(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return lab.Errorf(lab.KindNotFound, "there is no file %s", path)
	}
	return lab.Errorf(lab.KindDenied, "%s can not be read", path).WithCause(err)
}

// readLine reads a password to the end of its line.
func readLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, 4<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", lab.Errorf(lab.KindUnavailable, "the password can not be read").WithCause(err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", lab.Errorf(lab.KindInvalid, "the password on stdin is empty").WithHint("Leave out --password-stdin where there is to be none.")
	}
	return line, nil
}

// askPassword has a password typed twice, unseen.
func (f *face) askPassword() (string, error) {
	in, ok := f.In.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", lab.Errorf(lab.KindInvalid, "there is no terminal to ask for the password on").WithHint("Give it with --password-stdin.")
	}
	var typed [2]string
	for i, question := range []string{"Password: ", "Again: "} {
		say(f.Err, "%s", question)
		text, err := term.ReadPassword(int(in.Fd()))
		say(f.Err, "\n")
		if err != nil {
			return "", lab.Errorf(lab.KindUnavailable, "the password can not be read").WithCause(err)
		}
		typed[i] = string(text)
	}
	switch {
	case typed[0] == "":
		return "", lab.Errorf(lab.KindInvalid, "the password is empty").WithHint("Leave out --password where there is to be none.")
	case typed[0] != typed[1]:
		return "", lab.Errorf(lab.KindInvalid, "the two passwords differ").WithHint("Try again.")
	}
	return typed[0], nil
}

// of gives what is asked of the first boot of a node: what the flags say, with the
// settings' choices where they say nothing; nil for an image without cloud-init if
// nothing was asked.
func (b *firstBoot) of(ctx context.Context, s *service.Service, image string, cmd *cobra.Command) (*lab.FirstBootInput, error) {
	if !changedAny(cmd, firstBootFlags) {
		images, err := s.Images(ctx)
		runs := slices.ContainsFunc(images, func(i lab.Image) bool { return i.Name == image && i.Defaults.CloudInit })
		if err != nil || !runs {
			return nil, err
		}
	}
	choices, err := s.FirstBoot(ctx)
	if err != nil {
		return nil, err
	}
	in := b.FirstBootInput
	if in.UserData != "" {
		return &in, nil
	}
	in.User = cmp.Or(in.User, choices.Settings.User)
	if !cmd.Flags().Changed("ssh-key") {
		in.SSHKeys = choices.Settings.SSHKeys
	}
	return &in, nil
}

func (f *face) nodeKeys() *cobra.Command {
	return &cobra.Command{
		Use: "keys", Short: "List the public SSH keys in ~/.ssh that a node can be given", Args: cobra.NoArgs,
		RunE: f.command(func(cmd *cobra.Command, _ []string) error {
			return f.session(cmd.Context(), false, func(ctx context.Context, s *service.Service) error {
				choices, err := s.FirstBoot(ctx)
				if err != nil {
					return err
				}
				f.print(choices, func(w io.Writer) { f.keyTable(w, choices) })
				return nil
			})
		}),
	}
}

func (f *face) keyTable(w io.Writer, choices lab.FirstBootChoices) {
	if len(choices.Keys) == 0 {
		say(f.Err, "There is no public key in ~/.ssh. Make one: ssh-keygen\n")
		return
	}
	rows := []string{row("TYPE", "COMMENT", "FINGERPRINT", "CHOSEN", "FILE")}
	for _, k := range choices.Keys {
		chosen := ""
		if slices.Contains(choices.Settings.SSHKeys, k.Line) {
			chosen = "by the settings"
		}
		rows = append(rows, row(k.Type, k.Comment, k.Fingerprint, chosen, k.Path))
	}
	table(w, rows)
}
