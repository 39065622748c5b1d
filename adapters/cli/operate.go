package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

type serveCmd struct {
	Listen string `help:"Address to listen on; wins over MMM_LISTEN."`
}

// Run serves until the process is told to stop.
func (c serveCmd) Run(ctx context.Context, p *Program) (err error) {
	var flags []string
	if c.Listen != "" {
		flags = append(flags, "MMM_LISTEN="+c.Listen)
	}
	cfg, err := p.load("", flags...)
	if err != nil {
		return err
	}
	// Replicas share their keys, so in production none may make its own.
	if !cfg.Storage.Production() {
		made, err := p.GenerateKeys(cfg)
		if err != nil {
			return err
		}
		for _, k := range made {
			fmt.Fprintln(p.Err, "made key", k)
		}
	}
	e, err := p.Open(ctx, cfg, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()
	return e.Serve(ctx, false, func(url string) {
		fmt.Fprintf(p.Err, "serving %s/v1/mmm (documentation at %s/v1/mmm/docs)\n", url, url)
	})
}

type migrateCmd struct {
	Verb string `arg:"" enum:"up,down,status" help:"One of up, down, status."`
}

// Run changes or tells the schema.
func (c migrateCmd) Run(ctx context.Context, p *Program) error {
	cfg, err := p.load("")
	if err != nil {
		return err
	}
	text, err := p.Migrate(ctx, cfg, c.Verb)
	if text != "" {
		fmt.Fprintln(p.Out, text)
	}
	return err
}

type tokenCmd struct {
	Tenant    string        `required:"" help:"The tenant the token is for."`
	Actor     string        `required:"" help:"The subject of the token."`
	ActorType string        `help:"human or ai_agent; left out, the token makes no such claim."`
	Role      []string      `sep:"none" help:"A role; may be given several times."`
	Scope     []string      `sep:"none" help:"Scopes, separated by spaces; may be given several times."`
	TTL       time.Duration `default:"12h" help:"How long the token is valid."`
}

// Run prints a token.
func (c tokenCmd) Run(p *Program) error {
	cfg, err := p.load("")
	if err != nil {
		return err
	}
	if c.TTL <= 0 {
		return usage("--ttl must be longer than 0")
	}
	token, err := p.Mint(cfg, Token{
		Tenant: c.Tenant, Actor: c.Actor, ActorType: c.ActorType, Roles: c.Role,
		Scopes: strings.Fields(strings.Join(c.Scope, " ")), TTL: c.TTL,
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.Out, token)
	return err
}

type generateCmd struct{}

// Run makes the missing keys.
func (generateCmd) Run(p *Program) error {
	cfg, err := p.load("")
	if err != nil {
		return err
	}
	made, err := p.GenerateKeys(cfg)
	if err != nil {
		return err
	}
	for _, k := range made {
		fmt.Fprintln(p.Out, "made", k)
	}
	if len(made) == 0 {
		fmt.Fprintln(p.Out, "all keys are there already")
	}
	return nil
}

type rotateCmd struct {
	Use string `arg:"" enum:"receipt,token,grant" help:"One of receipt, token, grant."`
}

// Run makes a new current key.
func (c rotateCmd) Run(p *Program) error {
	cfg, err := p.load("")
	if err != nil {
		return err
	}
	kid, err := p.RotateKeys(cfg, c.Use)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Out, "new %s key %s; restart servers to sign with it\n", c.Use, kid)
	return err
}

type doctorCmd struct {
	JSON bool `help:"Print findings as JSON."`
}

// Run looks at everything and says what to do.
func (c doctorCmd) Run(ctx context.Context, p *Program) error {
	cfg, err := p.load("")
	if err != nil {
		return err
	}
	findings := p.Check(ctx, cfg)
	bad := 0
	for _, f := range findings {
		if !f.OK {
			bad++
		}
	}
	if c.JSON {
		enc := json.NewEncoder(p.Out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(findings); err != nil {
			return err
		}
	} else {
		for _, f := range findings {
			mark := "ok  "
			if !f.OK {
				mark = "BAD "
			}
			fmt.Fprintf(p.Out, "%s %-16s %s\n", mark, f.Name, f.Detail)
			if f.Advice != "" {
				fmt.Fprintf(p.Out, "     %-16s -> %s\n", "", f.Advice)
			}
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d checks failed", bad, len(findings))
	}
	return nil
}
