package main

import (
	"bytes"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"sandboxlabs/backend/cli"
)

// manual writes a page for every command, and the completions of the shells.
func (j *job) manual(s *stage) error {
	root := cli.Tree(j.version)
	root.DisableAutoGenTag = true
	if err := j.pages(s, root); err != nil {
		return err
	}
	for path, write := range map[string]func(io.Writer) error{
		"bash-completion/completions/sandboxlabs": func(w io.Writer) error { return root.GenBashCompletionV2(w, true) },
		"zsh/site-functions/_sandboxlabs":         root.GenZshCompletion,
		"fish/vendor_completions.d/sandboxlabs.fish": func(w io.Writer) error {
			return root.GenFishCompletion(w, true)
		},
	} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			return err
		}
		if err := s.put("share/"+path, 0o644, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// pages writes the page of a command and those of the commands below it.
func (j *job) pages(s *stage, cmd *cobra.Command) error {
	if !cmd.IsAvailableCommand() && cmd.HasParent() {
		return nil
	}
	name := strings.ReplaceAll(cmd.CommandPath(), " ", "-")
	day := j.time.UTC()
	var b bytes.Buffer
	header := doc.GenManHeader{Title: strings.ToUpper(name), Section: "1", Date: &day, Source: "SandBoxLabs", Manual: "SandBoxLabs"}
	if err := doc.GenMan(cmd, &header, &b); err != nil {
		return err
	}
	page, err := pressed(b.Bytes())
	if err != nil {
		return err
	}
	if err := s.put("share/man/man1/"+name+".1.gz", 0o644, page); err != nil {
		return err
	}
	for _, c := range cmd.Commands() {
		if err := j.pages(s, c); err != nil {
			return err
		}
	}
	return nil
}
