package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

type replayCmd struct {
	File   string `arg:"" help:"JSONL of signals; - for standard input."`
	Format string `enum:"signals,github-stream" default:"signals" help:"signals (the envelope of POST /signals) or github-stream."`
	Tenant string `default:"acme" help:"The tenant to decide for; a line that names another is refused."`
	Sample bool   `help:"First give the tenant the demo's playbooks and settings, if it has none of its own."`
	Data   string `type:"path" help:"Data directory; wins over MMM_DATA_DIR."`
	Quiet  bool   `short:"q" help:"Print the summary only."`
	URL    string `help:"Send the signals to this server instead of deciding here."`
	Token  string `env:"MMM_TOKEN" help:"Bearer token with the scope mmm.ingest, for --url; its tenant counts, not --tenant."`
}

// Run decides on a file of signals, on a virtual clock that stands at each signal's time.
func (c replayCmd) Run(ctx context.Context, p *Program) (err error) {
	t, err := tenant.ParseID(c.Tenant)
	if err != nil {
		return usage("--tenant %v", err)
	}
	in := p.In
	if c.File != "-" {
		f, ferr := os.Open(c.File)
		if ferr != nil {
			return ferr
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	if c.URL != "" {
		return c.runRemote(ctx, p, in)
	}
	cfg, err := p.load(c.Data)
	if err != nil {
		return err
	}
	if _, err := p.GenerateKeys(cfg); err != nil {
		return err
	}
	e, err := p.Open(ctx, cfg, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()

	if c.Sample {
		if err := prepareSample(ctx, p, cfg, e, c.Tenant); err != nil {
			return err
		}
	}
	var signals iter.Seq2[signal.Signal, error]
	if c.Format == "github-stream" {
		if signals, err = e.GithubStream(t, in); err != nil {
			return err
		}
	} else {
		signals = ofTenant(t, e.SignalFile(in))
	}
	out := p.Out
	if c.Quiet {
		out = io.Discard
	}
	tally := newTally()
	if err := replay(ctx, e, t, signals, newPrinter(out), tally, p.progress()); err != nil {
		return err
	}
	tally.print(p.Out)
	if tally.decided > 0 && tally.silent == tally.decided && !c.Sample {
		fmt.Fprintf(p.Out, "  note        nothing matched; if tenant %s has no playbooks yet, --sample gives it those of the demo\n", t)
	}
	if tally.bad > 0 {
		return fmt.Errorf("%d lines could not be read", tally.bad)
	}
	return nil
}

// ofTenant refuses lines that name another tenant than the one the caller speaks for.
func ofTenant(t tenant.ID, in iter.Seq2[Incoming, error]) iter.Seq2[signal.Signal, error] {
	return func(yield func(signal.Signal, error) bool) {
		for s, err := range in {
			if err == nil && s.Tenant != "" && s.Tenant != t {
				err = badLine{errors.New("a line names another tenant")}
			}
			if !yield(s.Signal, err) {
				return
			}
		}
	}
}

// badLine is a line that was passed over.
type badLine struct{ error }

// lineProblem tells a bad line, after which reading goes on, from a source that has failed.
func lineProblem(err error) bool {
	var (
		own   badLine
		other interface{ BadLine() bool }
	)
	return errors.As(err, &own) || errors.As(err, &other) && other.BadLine()
}

// replay decides on each signal at its own time. A bad line is told and passed over.
func replay(
	ctx context.Context, e *Engine, t tenant.ID, signals iter.Seq2[signal.Signal, error], pr *printer, sum *tally, bar *progress,
) error {
	defer bar.done()
	for s, err := range signals {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case lineProblem(err):
			sum.bad++
			pr.bad(err)
			continue
		case err != nil:
			return fmt.Errorf("read signals: %w", err)
		}
		res, err := e.Ingest.IngestSignal(ctx, t, s, s.OccurredAt)
		if err != nil {
			return fmt.Errorf("decide on signal %d: %w", sum.signals+1, err)
		}
		sum.add(res)
		if res.Fate == ingestsignal.Decided {
			pr.decision(res.Decision)
		}
		bar.tick(sum.signals)
	}
	return nil
}
