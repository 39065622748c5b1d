package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"

	"github.com/zeroui/mmm-engine/adapters/cli/sample"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/infrastructure/config"
)

type demoCmd struct {
	Data     string `type:"path" help:"Keep the data in this directory; a throw-away one otherwise."`
	Repo     string `type:"existingdir" help:"Replay the history of this git repository instead of the sample events."`
	Platform bool   `help:"Run beside simulators of all neighbour services, which can be broken to see what the engine does."`
	Exit     bool   `help:"Stop after the summary instead of serving."`
}

// Run replays events through a fresh engine and shows what it decides, then leaves the server up.
func (c demoCmd) Run(ctx context.Context, p *Program) (err error) {
	dir := c.Data
	if dir == "" {
		if dir, err = os.MkdirTemp("", "mmm-demo-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	flags := []string{"MMM_KEYS_DIR=" + filepath.Join(dir, "keys"), "MMM_AUDIT_LOG=" + filepath.Join(dir, "audit.log")}
	var neighbours *Platform
	if c.Platform {
		if neighbours, err = p.Platform(ctx, sample.Tenant, people()); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, neighbours.Close()) }()
		flags = append(flags, neighbours.Env...)
		p = beside(p, neighbours)
	}
	cfg, err := p.load(dir, flags...)
	if err != nil {
		return err
	}
	for _, a := range sample.Actors() {
		cfg.Actors = append(cfg.Actors, config.Actor{
			Tenant: sample.Tenant, ActorID: a.ID, ActorType: a.Type, ResponsibleHuman: a.ResponsibleHuman,
		})
	}
	if _, err := p.GenerateKeys(cfg); err != nil {
		return err
	}
	e, err := p.Open(ctx, cfg, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()

	if err := prepareSample(ctx, p, cfg, e, sample.Tenant); err != nil {
		return err
	}
	if c.Repo == "" {
		if err := prepareActors(ctx, e); err != nil {
			return err
		}
	}
	if err := c.play(ctx, p, e); err != nil {
		return err
	}
	if c.Exit {
		return nil
	}
	token, err := adminToken(p, cfg, sample.Tenant)
	if err != nil {
		return err
	}
	return e.Serve(ctx, true, func(url string) {
		c.invite(p.Out, url, token)
		if neighbours != nil {
			neighbours.invite(p.Out)
		}
		fmt.Fprint(p.Out, "\nStop it with Ctrl-C.\n")
	})
}

// play replays the events and prints what is decided.
func (c demoCmd) play(ctx context.Context, p *Program, e *Engine) error {
	var (
		signals iter.Seq2[signal.Signal, error]
		err     error
		what    = "two weeks of a small team, made up for this demo"
	)
	if c.Repo != "" {
		what = "the history of " + c.Repo
		signals, err = e.GitRepo(ctx, sample.Tenant, c.Repo)
	} else {
		var events io.ReadCloser
		if events, err = sample.Events(); err == nil {
			defer func() { _ = events.Close() }()
			signals = ofTenant(sample.Tenant, e.SignalFile(events))
		}
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(p.Out, "Replaying %s through 12 playbooks, on a virtual clock.\nSilence is the default: only what has something to say is printed.\n\n", what)
	sum := newTally()
	if err := replay(ctx, e, sample.Tenant, signals, newPrinter(p.Out), sum, &progress{}); err != nil {
		return err
	}
	sum.print(p.Out)
	if sum.nudges() == 0 {
		fmt.Fprintf(p.Out, "  why none    %s\n", c.whyNone(sum))
	}
	return nil
}

func (c demoCmd) whyNone(sum *tally) string {
	switch {
	case sum.signals == 0:
		return "the repository has no commits, so there was nothing to decide on."
	case sum.duplicate == sum.signals:
		return "every event was decided in an earlier run on this data directory, and a repeat changes nothing."
	case sum.decided == 0:
		return "every event came from automation, which is never nudged."
	case len(sum.withheld) > 0:
		return "what matched was withheld, for the reasons above."
	default:
		return "no commit was a quick revert, a file changed five times in a day, unusually large, out of hours, or an agent's own."
	}
}

func (c demoCmd) invite(w io.Writer, url, token string) {
	fmt.Fprintf(w, `
The engine is still running: %s/v1/mmm/docs
Ask it something (the token is valid for 12 hours):

  export MMM_URL=%s MMM_TOKEN=%s
  curl -s "$MMM_URL/v1/mmm/decide?explain=true" -H "Authorization: Bearer $MMM_TOKEN" -H "Content-Type: application/json" \
    -d '{"tenant_id":"%s","context":{"repo_id":"shop","branch":"main"},"signal":{"signal_id":"try-1","source":"ci","event_type":"ci.run.failed","severity":"high"}}'
`, url, url, token, sample.Tenant)
}
