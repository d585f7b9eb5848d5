package cli

import (
	"context"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"sandboxlabs/backend/lab"
	"sandboxlabs/backend/service"
)

func (f *face) nodes() *cobra.Command {
	cmd := &cobra.Command{Use: "node", Short: "Make, run, wipe and remove nodes", Args: cobra.NoArgs, RunE: help}
	cmd.AddCommand(f.nodeList(), f.nodeShow(), f.nodeCreate(), f.nodeRename(), f.nodeSet(), f.nodeClone(), f.nodeHistory(), f.nodeKeys(), f.nodeConsole())
	cmd.AddCommand(
		f.nodeBulk("start", service.BulkStart, nil, "Boot nodes"),
		f.nodeBulk("stop", service.BulkStop, (*service.Service).Stop, "Ask nodes to power off; with --wait they are forced off after their limit"),
		f.nodeBulk("wipe", service.BulkWipe, nil, "Give nodes a fresh disk; undo brings the old one back"),
		f.nodeEach("off", "Pull the plug of nodes", awaited((*service.Service).ForceOff)),
		f.nodeEach("reboot", "Restart the guests of nodes", awaited((*service.Service).Reboot)),
		f.nodeEach("pause", "Stand nodes still", awaited((*service.Service).Pause)),
		f.nodeEach("resume", "Let paused nodes run", awaited((*service.Service).Resume)),
		f.nodeEach("undo", "Bring back the disk nodes had before their last wipe", awaited((*service.Service).UndoWipe)),
		f.nodeEach("restore", "Make missing or deleted nodes again", awaited((*service.Service).Restore)),
		f.nodeEach("rm", "Remove nodes and their disks for good", purge),
	)
	return cmd
}

// help is what a command does that has only subcommands.
func help(cmd *cobra.Command, _ []string) error { return cmd.Help() }

// verb is one of the service's for one node.
type verb func(s *service.Service, ctx context.Context, node string) (lab.Node, error)

// awaited is a verb that returns when its node is in no state of change.
func awaited(do verb) verb {
	return func(s *service.Service, ctx context.Context, node string) (lab.Node, error) {
		n, err := do(s, ctx, node)
		if err != nil || !n.State.Changing() { // what failed before is no failure of the verb
			return n, err
		}
		return s.Wait(ctx, n.ID)
	}
}

func purge(s *service.Service, ctx context.Context, node string) (lab.Node, error) {
	return s.Delete(ctx, node, true)
}

func (f *face) nodeList() *cobra.Command {
	var deleted bool
	cmd := &cobra.Command{
		Use: "ls", Short: "List the nodes", Args: cobra.NoArgs,
		RunE: f.command(func(cmd *cobra.Command, _ []string) error {
			return f.session(cmd.Context(), true, func(ctx context.Context, s *service.Service) error {
				if deleted {
					return f.listDeleted(ctx, s)
				}
				nodes, err := s.List(ctx)
				if err != nil {
					return err
				}
				f.print(nodes, func(w io.Writer) { f.nodeTable(w, nodes) })
				return nil
			})
		}),
	}
	cmd.Flags().BoolVar(&deleted, "deleted", false, "list the deleted nodes instead, which restore can make again")
	return cmd
}

func (f *face) listDeleted(ctx context.Context, s *service.Service) error {
	nodes, err := s.Deleted(ctx)
	if err != nil {
		return err
	}
	f.print(nodes, func(w io.Writer) { f.deletedTable(w, nodes) })
	return nil
}

func (f *face) nodeShow() *cobra.Command {
	return &cobra.Command{
		Use: "show NODE", Short: "Show a node", Args: cobra.ExactArgs(1), ValidArgsFunction: f.completeNodes,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			return f.session(cmd.Context(), true, func(ctx context.Context, s *service.Service) error {
				limited, cancel := context.WithTimeout(ctx, gatewayLimit)
				defer cancel()
				_, _ = s.WaitGateway(limited) // how it is, the node tells
				return f.printNode(s.Show(ctx, args[0]))
			})
		}),
	}
}

func (f *face) nodeHistory() *cobra.Command {
	return &cobra.Command{
		Use: "history NODE", Short: "Tell what happened to a node, also to a deleted one", Args: cobra.ExactArgs(1),
		ValidArgsFunction: f.completeNode,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			return f.session(cmd.Context(), true, func(ctx context.Context, s *service.Service) error {
				moments, err := s.History(ctx, args[0])
				if err != nil {
					return err
				}
				f.print(moments, func(w io.Writer) { f.historyTable(w, moments) })
				return nil
			})
		}),
	}
}

func (f *face) printNode(n lab.Node, err error) error {
	if err != nil {
		return err
	}
	f.print(n, func(w io.Writer) { nodeSheet(w, n) })
	return nil
}

// nodeBulk is a command for one of the service's bulk verbs, which wait for the
// state they lead to. Without --wait it does hasty, if there is one.
func (f *face) nodeBulk(name string, bulk service.BulkVerb, hasty verb, short string) *cobra.Command {
	var wait bool
	cmd := &cobra.Command{
		Use: name + " NODE...", Short: short, Args: cobra.MinimumNArgs(1), ValidArgsFunction: f.completeNodes,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			if hasty != nil && !wait {
				return f.session(cmd.Context(), true, func(ctx context.Context, s *service.Service) error {
					return f.each(ctx, s, args, hasty)
				})
			}
			return f.settled(cmd.Context(), func(ctx context.Context, s *service.Service) error {
				results, err := s.Bulk(ctx, service.BulkInput{Verb: bulk, Nodes: args})
				if err != nil {
					return err
				}
				return f.printResults(results)
			})
		}),
	}
	usage := "return when the state is reached"
	if hasty == nil {
		usage += ", as it always does"
	}
	cmd.Flags().BoolVar(&wait, "wait", false, usage)
	return cmd
}

// nodeEach is a command that asks a verb of one node after another.
func (f *face) nodeEach(name, short string, do verb) *cobra.Command {
	return &cobra.Command{
		Use: name + " NODE...", Short: short, Args: cobra.MinimumNArgs(1), ValidArgsFunction: f.completeNodes,
		RunE: f.command(func(cmd *cobra.Command, args []string) error {
			return f.settled(cmd.Context(), func(ctx context.Context, s *service.Service) error {
				return f.each(ctx, s, args, do)
			})
		}),
	}
}

func (f *face) each(ctx context.Context, s *service.Service, nodes []string, do verb) error {
	var results []service.BulkResult
	for _, node := range nodes {
		results = append(results, resultOf(node, func() (lab.Node, error) { return do(s, ctx, node) }))
	}
	return f.printResults(results)
}

func resultOf(node string, do func() (lab.Node, error)) service.BulkResult {
	n, err := do()
	if err != nil {
		return service.BulkResult{Node: node, Problem: lab.ProblemOf(err)}
	}
	return service.BulkResult{Node: node, Value: &n}
}

// printResults prints the one node or problem if one was asked for, and the
// list of results if there were several.
func (f *face) printResults(results []service.BulkResult) error {
	failed := slices.ContainsFunc(results, func(r service.BulkResult) bool { return r.Problem != nil })
	switch {
	case !f.json:
		f.sayResults(results)
	case len(results) > 1:
		f.printJSON(results)
	case failed:
		f.printJSON(results[0].Problem)
	default:
		f.printJSON(results[0].Value)
	}
	if failed {
		return errTold
	}
	return nil
}

func (f *face) sayResults(results []service.BulkResult) {
	for _, r := range results {
		switch {
		case r.Problem == nil && r.Value.DeletedAt != nil:
			say(f.Out, "%s removed\n", r.Value.Name)
		case r.Problem == nil:
			say(f.Out, "%s %s\n", r.Value.Name, r.Value.State)
		case len(results) > 1:
			f.warn(r.Node, r.Problem)
		default:
			f.warn("", r.Problem)
		}
	}
}
