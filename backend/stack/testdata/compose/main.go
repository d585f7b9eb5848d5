// Command compose reads docker-compose.yml and .env of the working directory as
// Docker Compose does, with its own parser, and prints what it makes of them. It is
// a module of its own, since only a test needs that parser.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	out, err := read()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(string(out))
}

func read() ([]byte, error) {
	options, err := cli.NewProjectOptions([]string{"docker-compose.yml"}, cli.WithEnvFiles(), cli.WithDotEnv)
	if err != nil {
		return nil, err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return nil, err
	}
	return project.MarshalJSON()
}
