// Command mmm is the MMM Engine: server, demo and operator's tool in one binary.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/zeroui/mmm-engine/adapters/cli"
	"github.com/zeroui/mmm-engine/cmd/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, app.NewProgram(os.Stdin, os.Stdout, os.Stderr), os.Args[1:])
	stop()
	os.Exit(code)
}
