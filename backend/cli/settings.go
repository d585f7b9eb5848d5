package cli

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

func (f *face) settings() *cobra.Command {
	cmd := &cobra.Command{
		Use: "settings", Short: "List what is set",
		Long: "settings lists everything that can be set, but for the gateway (sandboxlabs gateway).\n" +
			"It is in a file that can be edited by hand as well; what is written there stays as it is.",
		Args: cobra.NoArgs,
		RunE: f.offline(func(ctx context.Context, s *service.Service) error {
			all, err := s.Settings(ctx)
			if err != nil {
				return err
			}
			f.print(all, func(w io.Writer) { settingsTable(w, all) })
			return nil
		}),
	}
	cmd.AddCommand(f.settingsSet(), f.settingsReset())
	return cmd
}

func settingsTable(w io.Writer, all lab.Settings) {
	say(w, "# %s\n", all.File)
	rows := []string{row("KEY", "VALUE", "DEFAULT", "NOTE")}
	for _, item := range all.Items {
		rows = append(rows, row(item.Key, inLine(item.Value), inLine(item.Default), settingNote(item)))
	}
	table(w, rows)
}

// inLine writes a value in one line.
func inLine(value string) string {
	if value == "" {
		return "-"
	}
	return strings.ReplaceAll(value, "\n", " ")
}

func settingNote(item lab.Setting) string {
	switch {
	case item.Overruled != "":
		return item.Overruled + " says otherwise"
	case item.AtStart:
		return "at the next start"
	}
	return ""
}

func (f *face) settingsSet() *cobra.Command {
	return &cobra.Command{
		Use: "set KEY VALUE...", Short: "Change one setting",
		Long: "set takes the words of a list one after the other; a list of none is set by an empty word.\n" +
			"A window that is open, or a page, takes to it at once.",
		Args: cobra.MinimumNArgs(2), ValidArgsFunction: f.completeSetting,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			set := map[string]string{args[0]: strings.Join(args[1:], "\n")}
			return f.changeSettings(cmd.Context(), lab.SettingsChange{Set: set}, args[:1])
		}),
	}
}

func (f *face) settingsReset() *cobra.Command {
	return &cobra.Command{
		Use: "reset KEY...", Short: "Take settings back to their defaults",
		Args: cobra.MinimumNArgs(1), ValidArgsFunction: f.completeSettings,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			return f.changeSettings(cmd.Context(), lab.SettingsChange{Reset: args}, args)
		}),
	}
}

// changeSettings changes some, and tells how they are now.
func (f *face) changeSettings(ctx context.Context, change lab.SettingsChange, keys []string) error {
	return f.session(ctx, false, func(ctx context.Context, s *service.Service) error {
		all, err := s.ChangeSettings(ctx, change)
		if err != nil {
			return err
		}
		f.print(all, func(w io.Writer) {
			for _, key := range keys {
				item := settingOf(all, key)
				say(w, "%s is %s", key, inLine(item.Value))
				if note := settingNote(item); note != "" {
					say(w, " (%s)", note)
				}
				say(w, "\n")
			}
		})
		return nil
	})
}

func settingOf(all lab.Settings, key string) (item lab.Setting) {
	for _, it := range all.Items {
		if it.Key == key {
			item = it
		}
	}
	return item
}

// completeSetting completes a key, and then what it can be set to.
func (f *face) completeSetting(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return f.completeSettings(cmd, args, prefix)
	}
	return f.completeOffline(cmd, func(ctx context.Context, s *service.Service) ([]string, error) {
		all, err := s.Settings(ctx)
		item := settingOf(all, args[0])
		switch {
		case item.Kind == lab.SettingSwitch:
			return []string{"true", "false"}, err
		case item.Kind == lab.SettingChoice && len(args) > 1:
			return nil, err
		}
		return names(item.Choices, args[1:], func(choice string) string { return choice }), err
	})
}

// completeSettings completes every argument with the keys that are not among them yet.
func (f *face) completeSettings(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	return f.completeOffline(cmd, func(ctx context.Context, s *service.Service) ([]string, error) {
		all, err := s.Settings(ctx)
		return names(all.Items, args, func(item lab.Setting) string { return item.Key }), err
	})
}
