package cli

import (
	"context"
	"io"
	"iter"
	"time"

	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/application/manageplaybook"
	"github.com/zeroui/mmm-engine/application/testplaybook"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/ports"
)

// Program is what the commands need of the rest of the engine.
type Program struct {
	In       io.Reader
	Out, Err io.Writer
	// Terminal says that Out is one, so that progress may be redrawn.
	Terminal bool
	Version  string

	// Config loads the configuration; flags are NAME=value and win over the environment.
	Config func(flags ...string) (config.Config, error)
	// Open builds an engine on an embedded data directory. Nobody else may have it open.
	Open func(ctx context.Context, cfg config.Config, quiet bool) (*Engine, error)
	// Migrate changes or tells the schema of the data directory: up, down or status.
	Migrate func(ctx context.Context, cfg config.Config, verb string) (string, error)
	// GenerateKeys makes missing keys and names them; RotateKeys makes a new key of one use and gives its id.
	GenerateKeys func(cfg config.Config) ([]string, error)
	RotateKeys   func(cfg config.Config, use string) (string, error)
	// Mint signs a local token.
	Mint func(cfg config.Config, who Token) (string, error)
	// ValidatePlaybook lists what is wrong with a playbook document.
	ValidatePlaybook func(document []byte) []fault.Field
	// TestPlaybook runs the tests of a playbook document, or lists what is wrong with the document itself.
	TestPlaybook func(document []byte) ([]testplaybook.Outcome, []fault.Field)
	// VerifyReceipts checks an export against a JWKS document, or this installation's own keys where keys is nil.
	VerifyReceipts func(cfg config.Config, export io.Reader, keys []byte) (Verification, error)
	// Letters opens the store, of a data directory that nobody else has open or of a database, for its dead letters.
	Letters func(ctx context.Context, cfg config.Config) (*Letters, error)
	// Platform starts simulators of all neighbour services, which know the tenant and its people.
	Platform func(ctx context.Context, tenant string, people []string) (*Platform, error)
	// Check looks at the configuration and every dependency.
	Check func(ctx context.Context, cfg config.Config) []Finding
}

// Engine is an engine that was opened on a data directory.
type Engine struct {
	Ingest      *ingestsignal.UseCase
	Playbooks   *manageplaybook.UseCase
	Settings    ports.TenantSettings
	Preferences ports.Preferences
	Identity    ports.Identity
	Clock       ports.Clock
	IDs         ports.IDs
	// GithubStream and GitRepo read events for one tenant; the readers know its configured actors.
	GithubStream func(t tenant.ID, r io.Reader) (iter.Seq2[signal.Signal, error], error)
	GitRepo      func(ctx context.Context, t tenant.ID, path string) (iter.Seq2[signal.Signal, error], error)
	SignalFile   func(r io.Reader) iter.Seq2[Incoming, error]
	// Serve serves HTTP until ctx ends; ready is told the root URL. With next, the next free port is taken when the
	// configured one is in use.
	Serve func(ctx context.Context, next bool, ready func(url string)) error
	// Close flushes and closes everything.
	Close func(ctx context.Context) error
}

// Platform is simulated neighbours that run beside an engine.
type Platform struct {
	// Env are the NAME=value entries by which an engine uses them.
	Env []string
	// Control is the address at which they are broken and mended.
	Control  string
	Services []PlatformService
	// Times tell what is shorter here than in earnest, one a line.
	Times []string
	// Mint makes a token that the simulated identity service knows.
	Mint func(who Token) (string, error)
	// Close ends them.
	Close func() error
}

// PlatformService is one simulated neighbour: its name in circuits and answers, what it is asked for, and its address.
type PlatformService struct{ Name, What, URL string }

// Incoming is a signal of a file that may name its tenant.
type Incoming struct {
	Tenant tenant.ID
	Signal signal.Signal
}

// Token says what a local token is to claim.
type Token struct {
	Tenant, Actor, ActorType string
	Roles, Scopes            []string
	TTL                      time.Duration
}

// Verification is what checking an export found.
type Verification struct {
	OK       bool     `json:"ok"`
	Tenant   string   `json:"tenant_id"`
	Receipts int      `json:"receipts"`
	First    int64    `json:"first_sequence"`
	Last     int64    `json:"last_sequence"`
	Problems []string `json:"problems"`
}

// Finding is one thing that doctor looked at.
type Finding struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
	Advice string `json:"advice,omitempty"`
}
