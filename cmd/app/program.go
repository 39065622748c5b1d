package app

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/zeroui/mmm-engine/adapters/auditlog"
	"github.com/zeroui/mmm-engine/adapters/cli"
	"github.com/zeroui/mmm-engine/adapters/identity/local"
	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/signing"
	"github.com/zeroui/mmm-engine/application/manageplaybook"
	"github.com/zeroui/mmm-engine/application/testplaybook"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/buildinfo"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/infrastructure/ids"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
)

// NewProgram gives the command line everything it can do.
func NewProgram(in io.Reader, out, errOut io.Writer) *cli.Program {
	return &cli.Program{
		In: in, Out: out, Err: errOut, Terminal: isTerminal(out), Version: buildinfo.Read().String(),
		Config: config.FromEnvironment,
		Open: func(ctx context.Context, cfg config.Config, quiet bool) (*cli.Engine, error) {
			level := cfg.Observability.Level()
			if quiet {
				level = max(level, slog.LevelWarn)
				// What such a command prints is its result, and nothing else may stand between.
				if cfg.Observability.AuditLog == auditlog.Stdout {
					cfg.Observability.AuditLog = filepath.Join(cfg.Storage.DataDir, "audit.log")
				}
			}
			a, err := Open(ctx, cfg, observability.NewLogger(errOut, level, serviceName))
			if err != nil {
				return nil, err
			}
			return a.engine(), nil
		},
		Migrate:          migrate,
		GenerateKeys:     func(cfg config.Config) ([]string, error) { return signing.Generate(cfg.KeysDir(), rand.Reader) },
		RotateKeys:       rotate,
		Mint:             mint,
		ValidatePlaybook: validatePlaybook,
		TestPlaybook:     testPlaybook,
		VerifyReceipts:   verifyReceipts,
		Letters:          letters,
		Platform:         startPlatform,
		Check:            check,
	}
}

func (a *App) engine() *cli.Engine {
	return &cli.Engine{
		Ingest: a.ingest, Playbooks: a.playbooks, Settings: a.settings, Preferences: a.prefs, Identity: a.identity, Clock: a.clock, IDs: ids.UUIDv7{},
		GithubStream: a.readers.githubStream, GitRepo: a.readers.gitRepo, SignalFile: a.readers.signalFile,
		Serve: a.Serve, Close: a.Close,
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func rotate(cfg config.Config, use string) (string, error) {
	u, err := signing.ParseUse(use)
	if err != nil {
		return "", err
	}
	return signing.Rotate(cfg.KeysDir(), u, rand.Reader)
}

func mint(cfg config.Config, who cli.Token) (string, error) {
	if p := cfg.Identity.Provider; p != "local" {
		return "", fmt.Errorf("tokens come from the identity provider (identity.provider is %s); mmm token is for local identity", p)
	}
	ring, err := keyring(cfg)
	if err != nil {
		return "", err
	}
	m := local.NewMinter(ring.Current(signing.UseToken), local.Config{Issuer: cfg.Identity.Issuer, Audience: cfg.Identity.Audience}, clock.System{}.Now)
	token, _, err := m.Mint(caller.Claims{
		Subject: actor.ID(who.Actor), Tenant: tenant.ID(who.Tenant), ActorType: actor.Type(who.ActorType), Roles: who.Roles, Scopes: who.Scopes,
	}, who.TTL)
	return token, err
}

func validatePlaybook(document []byte) []fault.Field {
	exprs, err := conditions()
	if err != nil {
		return []fault.Field{{Field: "conditions", Reason: err.Error()}}
	}
	_, problems := manageplaybook.Check(document, exprs)
	return problems
}

func testPlaybook(document []byte) ([]testplaybook.Outcome, []fault.Field) {
	exprs, err := conditions()
	if err != nil {
		return nil, []fault.Field{{Field: "conditions", Reason: err.Error()}}
	}
	def, problems := manageplaybook.Check(document, exprs)
	if len(problems) > 0 {
		return nil, problems
	}
	return testplaybook.Run(def, exprs)
}

func verifyReceipts(cfg config.Config, export io.Reader, keys []byte) (cli.Verification, error) {
	var jwks signing.JWKS
	if keys != nil {
		parsed, err := signing.ParseJWKS(keys)
		if err != nil {
			return cli.Verification{}, err
		}
		jwks = parsed
	} else {
		ring, err := keyring(cfg)
		if err != nil {
			return cli.Verification{}, err
		}
		jwks = ring.JWKS()
	}
	r, err := signing.VerifyExport(export, jwks, signing.ExportOptions{})
	if err != nil {
		return cli.Verification{}, err
	}
	out := cli.Verification{
		OK: r.OK(), Tenant: r.Tenant, Receipts: r.Receipts, First: r.FirstSequence, Last: r.LastSequence, Problems: []string{},
	}
	for _, p := range r.Problems {
		out.Problems = append(out.Problems, fmt.Sprintf("line %d (sequence %d): %s", p.Line, p.Sequence, p.What))
	}
	return out, nil
}

func migrate(ctx context.Context, cfg config.Config, verb string) (string, error) {
	if !cfg.Storage.Production() {
		unlock, err := lock(cfg.Storage.DataDir)
		if err != nil {
			return "", err
		}
		defer unlock()
	}
	s, files, err := connect(ctx, cfg, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = s.Close() }()
	switch verb {
	case "up":
		if err := s.Up(ctx, files); err != nil {
			return "", err
		}
	case "down":
		if err := s.Down(ctx, files); err != nil {
			return "", err
		}
	}
	list, err := s.Status(ctx, files)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, m := range list {
		state := "missing"
		if m.Applied {
			state = "applied"
		}
		fmt.Fprintf(&b, "%-8s %s\n", state, m.File)
	}
	return strings.TrimRight(b.String(), "\n"), nil
}

// letters opens what was given up, in whichever database is configured.
func letters(ctx context.Context, cfg config.Config) (*cli.Letters, error) {
	unlock := func() {}
	if !cfg.Storage.Production() {
		var err error
		if unlock, err = lock(cfg.Storage.DataDir); err != nil {
			return nil, err
		}
	}
	s, closeStore, err := openStore(ctx, cfg, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		unlock()
		return nil, err
	}
	return &cli.Letters{
		DeadLetters: persistence.NewDeadLetters(s.DB()), Clock: clock.System{},
		Close: func() error { closeStore(); unlock(); return nil },
	}, nil
}
