package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Letters is an open store as far as its dead letters go.
type Letters struct {
	ports.DeadLetters
	Clock ports.Clock
	Close func() error
}

type parkedCmds struct {
	List   parkedListCmd   `cmd:"" default:"withargs" help:"List what could not be delivered for good."`
	Replay parkedReplayCmd `cmd:"" help:"Queue parked deliveries again."`
	Export parkedExportCmd `cmd:"" help:"Write parked deliveries as JSONL, with what they hold."`
}

// letters opens the store of the configuration.
func (p *Program) letters(ctx context.Context) (*Letters, error) {
	cfg, err := p.load("")
	if err != nil {
		return nil, err
	}
	return p.Letters(ctx, cfg)
}

// each visits the parked letters of a tenant, or of all where none is named, and of a kind, or of all, oldest first. What visit
// does to a letter does not disturb the walk.
func (l *Letters) each(ctx context.Context, of, kind string, visit func(ports.DeadLetter) error) error {
	tenants := []tenant.ID{tenant.ID(of)}
	if of == "" {
		var err error
		if tenants, err = l.Tenants(ctx); err != nil {
			return err
		}
	}
	for _, t := range tenants {
		for page := (ports.Page{Limit: 200}); ; {
			part, next, err := l.Parked(ctx, t, page)
			if err != nil {
				return err
			}
			for _, letter := range part {
				if kind != "" && letter.Kind != kind {
					continue
				}
				if err := visit(letter); err != nil {
					return err
				}
			}
			if page.Cursor = next; next == "" {
				break
			}
		}
	}
	return nil
}

// letterDoc is a dead letter as scripts read it.
type letterDoc struct {
	Number    int64           `json:"number"`
	Tenant    string          `json:"tenant_id"`
	Kind      string          `json:"kind"`
	Topic     string          `json:"topic,omitempty"`
	Ref       string          `json:"ref,omitempty"`
	Reason    string          `json:"reason"`
	Attempts  int             `json:"attempts"`
	CreatedAt time.Time       `json:"created_at"`
	ParkedAt  time.Time       `json:"parked_at"`
	Body      json.RawMessage `json:"body,omitempty"`
}

func docOfLetter(l ports.DeadLetter) letterDoc {
	return letterDoc{
		Number: l.Number, Tenant: string(l.Tenant), Kind: l.Kind, Topic: l.Topic, Ref: l.Ref, Reason: l.Reason,
		Attempts: l.Attempts, CreatedAt: l.CreatedAt, ParkedAt: l.ParkedAt,
	}
}

type parkedListCmd struct {
	Tenant string `help:"Only this tenant's."`
	Kind   string `help:"Only of this kind, such as receipt or event."`
	JSON   bool   `help:"Print one JSON object a line."`
}

// Run lists what is parked.
func (c parkedListCmd) Run(ctx context.Context, p *Program) (err error) {
	l, err := p.letters(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	n := 0
	err = l.each(ctx, c.Tenant, c.Kind, func(letter ports.DeadLetter) error {
		n++
		if c.JSON {
			return json.NewEncoder(p.Out).Encode(docOfLetter(letter))
		}
		_, err := fmt.Fprintf(p.Out, "%6d  %s  %-8s %-20s %s\n", letter.Number, letter.ParkedAt.Format(time.RFC3339), letter.Kind, letter.Tenant, letter.Reason)
		return err
	})
	fmt.Fprintf(p.Err, "%d parked\n", n)
	return err
}

type parkedReplayCmd struct {
	Tenant  string  `required:"" help:"The tenant whose deliveries are queued again."`
	Numbers []int64 `arg:"" optional:"" help:"Numbers from the list."`
	All     bool    `help:"All of the tenant's."`
	Kind    string  `help:"With --all: only of this kind, such as receipt or event."`
}

// Run queues letters again. What was replayed before one of them failed stays replayed.
func (c parkedReplayCmd) Run(ctx context.Context, p *Program) (err error) {
	if c.All == (len(c.Numbers) > 0) {
		return usage("name the deliveries to replay, or say --all")
	}
	l, err := p.letters(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	numbers := c.Numbers
	if c.All {
		err := l.each(ctx, c.Tenant, c.Kind, func(letter ports.DeadLetter) error {
			numbers = append(numbers, letter.Number)
			return nil
		})
		if err != nil {
			return err
		}
	}
	for i, n := range numbers {
		if err := l.Replay(ctx, tenant.ID(c.Tenant), n, l.Clock.Now()); err != nil {
			return fmt.Errorf("number %d (%d before it are queued): %w", n, i, err)
		}
	}
	_, err = fmt.Fprintf(p.Out, "%d queued again; a running server delivers them\n", len(numbers))
	return err
}

type parkedExportCmd struct {
	Tenant string `help:"Only this tenant's."`
	Kind   string `help:"Only of this kind, such as receipt or event."`
	Out    string `type:"path" help:"File to write to; standard output otherwise."`
}

// Run writes what is parked with its bodies.
func (c parkedExportCmd) Run(ctx context.Context, p *Program) (err error) {
	l, err := p.letters(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	out := p.Out
	if c.Out != "" {
		f, ferr := os.OpenFile(c.Out, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if ferr != nil {
			return ferr
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	w := bufio.NewWriter(out)
	defer func() { err = errors.Join(err, w.Flush()) }()
	n := 0
	err = l.each(ctx, c.Tenant, c.Kind, func(letter ports.DeadLetter) error {
		n++
		doc := docOfLetter(letter)
		if doc.Body = json.RawMessage(letter.Body); !json.Valid(doc.Body) {
			text, err := json.Marshal(letter.Body)
			if err != nil {
				return err
			}
			doc.Body = text
		}
		return json.NewEncoder(w).Encode(doc)
	})
	fmt.Fprintf(p.Err, "%d parked\n", n)
	return err
}
