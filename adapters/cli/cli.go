package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/zeroui/mmm-engine/infrastructure/config"
)

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

type commands struct {
	Serve    serveCmd   `cmd:"" help:"Serve the HTTP API."`
	Demo     demoCmd    `cmd:"" help:"Replay sample events on a throw-away engine and show each decision with its why."`
	Migrate  migrateCmd `cmd:"" help:"Change or show the database schema."`
	Token    tokenCmd   `cmd:"" help:"Print a token of the local identity."`
	Playbook struct {
		Validate validateCmd `cmd:"" help:"Check playbook files."`
		Test     testCmd     `cmd:"" help:"Run the tests in playbook files."`
		Push     pushCmd     `cmd:"" help:"Create or change playbooks on a server from files."`
		Pull     pullCmd     `cmd:"" help:"Write a server's playbooks to files."`
	} `cmd:"" help:"Work with playbooks."`
	Signals struct {
		Replay replayCmd `cmd:"" help:"Decide on recorded signals, on a virtual clock; with --url a server does, on the real one."`
	} `cmd:"" help:"Work with signals."`
	Receipts struct {
		Export exportCmd  `cmd:"" help:"Write a tenant's receipts as JSONL."`
		Verify verifyCmd  `cmd:"" help:"Check an export offline: signatures and sequence."`
		Parked parkedCmds `cmd:"" help:"Look after receipts, events and other deliveries that were refused for good."`
	} `cmd:"" help:"Work with the evidence ledger."`
	Keys struct {
		Generate generateCmd `cmd:"" help:"Make the keys that are missing."`
		Rotate   rotateCmd   `cmd:"" help:"Make a new current key; the old one stays published."`
	} `cmd:"" help:"Work with signing keys."`
	Doctor  doctorCmd  `cmd:"" help:"Check configuration and dependencies, and say what to do."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// usageError is a mistake in how a command was called.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Run carries out one command line and gives the exit code.
func Run(ctx context.Context, p *Program, args []string) int {
	var cmds commands
	exited := -1
	parser, err := kong.New(&cmds,
		kong.Name("mmm"),
		kong.Description("The MMM Engine: a few well-chosen nudges from engineering signals, and a receipt for each decision."),
		kong.Writers(p.Out, p.Err),
		kong.UsageOnError(),
		kong.Exit(func(code int) { exited = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(p),
	)
	if err != nil {
		fmt.Fprintln(p.Err, "mmm:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	kctx, err := parser.Parse(args)
	switch {
	case exited >= 0: // --help has been printed
		return exited
	case err != nil:
		fmt.Fprintf(p.Err, "mmm: %v\n(mmm --help lists the commands)\n", err)
		return exitUsage
	}
	err = kctx.Run()
	var wrong usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &wrong):
		fmt.Fprintf(p.Err, "mmm: %v\n", err)
		return exitUsage
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(p.Err, "mmm: stopped")
		return exitFailed
	default:
		fmt.Fprintf(p.Err, "mmm: %v\n", err)
		return exitFailed
	}
}

// load reads the configuration; data, where given, wins over MMM_DATA_DIR.
func (p *Program) load(data string, flags ...string) (config.Config, error) {
	if data != "" {
		flags = append(flags, "MMM_DATA_DIR="+data)
	}
	cfg, err := p.Config(flags...)
	if err != nil {
		return cfg, fmt.Errorf("the configuration has problems:\n  %s", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	return cfg, nil
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(p *Program) error {
	_, err := fmt.Fprintln(p.Out, "mmm", p.Version)
	return err
}
