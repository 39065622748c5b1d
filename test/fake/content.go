package fake

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Generator is a ports.ContentGenerator that says what it was told to say, or how it likes, and can be held.
type Generator struct {
	Failing
	mu      sync.Mutex
	say     ports.Content
	model   string
	held    chan struct{}
	began   chan struct{}
	prompts []ports.ContentPrompt
}

// NewGenerator makes a generator whose every text is "Consider a look at the logs." and passes.
func NewGenerator() *Generator {
	return &Generator{
		say: ports.Content{Text: "Consider a look at the logs.", Verdict: safety.Passed()}, model: "fake-model",
		began: make(chan struct{}, 1024),
	}
}

// Say makes the next answers.
func (g *Generator) Say(text string, v safety.Verdict) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.say = ports.Content{Text: text, Verdict: v}
}

// Hold lets calls wait until release is called, or their context ends.
func (g *Generator) Hold() (release func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	held := make(chan struct{})
	g.held = held
	return sync.OnceFunc(func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		close(held)
		if g.held == held {
			g.held = nil
		}
	})
}

// Began gives a value for each call, once it was remembered.
func (g *Generator) Began() <-chan struct{} { return g.began }

// Prompts gives what was asked, in order.
func (g *Generator) Prompts() []ports.ContentPrompt {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.prompts)
}

// Rename gives the model another name.
func (g *Generator) Rename(model string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.model = model
}

// Model implements ports.ContentGenerator.
func (g *Generator) Model() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.model
}

// Generate implements ports.ContentGenerator.
func (g *Generator) Generate(ctx context.Context, p ports.ContentPrompt) (ports.Content, error) {
	g.mu.Lock()
	g.prompts = append(g.prompts, p)
	held := g.held
	g.mu.Unlock()
	select {
	case g.began <- struct{}{}:
	default: // a test that does not listen
	}
	if held != nil {
		select {
		case <-held:
		case <-ctx.Done():
		}
	}
	if err := failed(ctx, &g.Failing); err != nil {
		return ports.Content{}, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.say, nil
}

type textKey struct {
	tenant tenant.ID
	key    string
}

type textRow struct {
	ready     bool
	holder    string
	at, until time.Time
	content   ports.Content
}

// Texts is ports.PreparedTexts in memory. It takes no part in transactions.
type Texts struct {
	Failing
	mu     sync.Mutex
	rows   map[textKey]textRow
	claims map[tenant.ID][]time.Time
	claim  int
}

// NewTexts makes an empty store of texts.
func NewTexts() *Texts {
	return &Texts{rows: map[textKey]textRow{}, claims: map[tenant.ID][]time.Time{}}
}

// Claimed says how many claims were given, refunded ones too.
func (x *Texts) Claimed() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.claim
}

// Ready says how many texts are kept.
func (x *Texts) Ready() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := 0
	for _, r := range x.rows {
		if r.ready {
			n++
		}
	}
	return n
}

// Find implements ports.PreparedTexts.
func (x *Texts) Find(ctx context.Context, t tenant.ID, key string, now time.Time) (ports.PreparedText, error) {
	if err := failed(ctx, &x.Failing); err != nil {
		return ports.PreparedText{}, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.find(t, key, now), nil
}

func (x *Texts) find(t tenant.ID, key string, now time.Time) ports.PreparedText {
	r, ok := x.rows[textKey{t, key}]
	switch old := r.at.Add(ports.PreparedFor); {
	case !ok:
	case !r.ready && now.Before(r.until):
		return ports.PreparedText{State: ports.TextClaimed, Until: r.until}
	case r.ready && now.Before(old):
		return ports.PreparedText{State: ports.TextReady, Content: r.content, Until: old}
	}
	return ports.PreparedText{}
}

// Claim implements ports.PreparedTexts.
func (x *Texts) Claim(ctx context.Context, t tenant.ID, c ports.TextClaim) (ports.PreparedText, error) {
	if err := failed(ctx, &x.Failing); err != nil {
		return ports.PreparedText{}, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if found := x.find(t, c.Key, c.Now); found.State != ports.TextNone {
		return found, nil
	}
	young := slices.DeleteFunc(slices.Clone(x.claims[t]), func(at time.Time) bool { return !at.After(c.Now.Add(-c.Window)) })
	if len(young) >= c.Cap {
		until := c.Now
		if len(young) > 0 {
			until = slices.MinFunc(young, time.Time.Compare)
		}
		return ports.PreparedText{State: ports.TextCapped, Until: until.Add(c.Window)}, nil
	}
	x.rows[textKey{t, c.Key}] = textRow{holder: c.Holder, at: c.Now, until: c.Now.Add(c.Lease)}
	x.claims[t] = append(young, c.Now)
	x.claim++
	return ports.PreparedText{}, nil
}

// Settle implements ports.PreparedTexts.
func (x *Texts) Settle(ctx context.Context, t tenant.ID, key, holder string, c ports.Content) (bool, error) {
	if err := failed(ctx, &x.Failing); err != nil {
		return false, err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	r, ok := x.rows[textKey{t, key}]
	if !ok || r.ready || r.holder != holder {
		return false, nil
	}
	if c.Verdict.Result == safety.Fail {
		c.Text = ""
	}
	r.ready, r.content = true, c
	x.rows[textKey{t, key}] = r
	return true, nil
}

// Release implements ports.PreparedTexts.
func (x *Texts) Release(ctx context.Context, t tenant.ID, key, holder string, refund bool) error {
	if err := failed(ctx, &x.Failing); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	r, ok := x.rows[textKey{t, key}]
	if !ok || r.ready || r.holder != holder {
		return nil
	}
	delete(x.rows, textKey{t, key})
	if i := slices.IndexFunc(x.claims[t], r.at.Equal); refund && i >= 0 {
		x.claims[t] = slices.Delete(slices.Clone(x.claims[t]), i, i+1)
	}
	return nil
}

// old gives a tenant's rows for a retention job.
func (x *Texts) old(t tenant.ID) (all []old) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for k, r := range x.rows {
		if k.tenant == t {
			all = append(all, old{r.at, func() {
				x.mu.Lock()
				defer x.mu.Unlock()
				delete(x.rows, k)
			}})
		}
	}
	return all
}

// tenants gives those that have rows.
func (x *Texts) tenants() (out []tenant.ID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for k := range x.rows {
		out = append(out, k.tenant)
	}
	return out
}
