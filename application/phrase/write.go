package phrase

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/ports"
)

// job is one text to be written. said and failed are set before done is closed.
type job struct {
	ask    Ask
	key    string
	span   trace.SpanContext
	done   chan struct{}
	said   action.Said
	failed bool // the model could not be had
}

// finish tells whoever waits.
func (u *UseCase) finish(j *job, said action.Said, failed bool) {
	u.mu.Lock()
	delete(u.under, j.key)
	u.mu.Unlock()
	j.said, j.failed = said, failed
	close(j.done)
}

// write does one job. A panic is a bug that these facts have found, and must not end the process.
func (u *UseCase) write(ctx context.Context, j *job) {
	ctx, span := u.tracer.Start(trace.ContextWithRemoteSpanContext(ctx, j.span), "llm.generate", trace.WithAttributes(
		attribute.String("tenant_id", string(j.ask.Tenant)),
	))
	defer span.End()
	var (
		said   action.Said
		failed bool
	)
	defer func() {
		if r := recover(); r != nil {
			u.log.ErrorContext(ctx, "generating a text panicked", "tenant_id", string(j.ask.Tenant), "error", fmt.Sprint(r))
			failed = true
		}
		u.finish(j, said, failed)
	}()
	holder := u.floor.IDs.NewID()
	claimed, err := u.claim(ctx, j, holder)
	switch {
	case err != nil:
		u.log.WarnContext(ctx, "a text cannot be claimed", "tenant_id", string(j.ask.Tenant), "error", err)
		return
	case claimed.State == ports.TextReady:
		u.cache.put(j.key, claimed.Content, claimed.Until)
		said = j.ask.Wish.Look(claimed.Content.Text, claimed.Content.Verdict)
		return
	case claimed.State != ports.TextNone:
		return
	}
	content, err := u.generate(ctx, j, holder)
	if u.noted(ctx, j, err); err != nil {
		span.SetStatus(codes.Error, "the model gave no answer")
		failed = true
		u.giveBack(ctx, j, holder, errors.Is(err, ports.ErrNotAsked))
		return
	}
	said = u.keep(ctx, j, holder, content)
}

// claim asks the store for the right to generate, and remembers a cap until it gives way.
func (u *UseCase) claim(ctx context.Context, j *job, holder string) (ports.PreparedText, error) {
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	t := j.ask.Tenant
	claimed, err := u.texts.Claim(ctx, t, ports.TextClaim{
		Key: j.key, Holder: holder, Now: u.floor.Clock.Now(), Lease: lease, Cap: PerHour, Window: hour,
	})
	if err != nil || claimed.State != ports.TextCapped {
		return claimed, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	now := u.floor.Clock.Now()
	for other, until := range u.capped {
		if !now.Before(until) {
			delete(u.capped, other)
		}
	}
	u.capped[t] = claimed.Until
	return claimed, nil
}

func (u *UseCase) generate(ctx context.Context, j *job, id string) (c ports.Content, err error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	a := j.ask
	return u.model.Generate(ctx, ports.ContentPrompt{
		ID: id, Tenant: a.Tenant, Kind: a.Wish.Kind(), ActorRef: u.floor.Hash.Short(string(a.Actor)), ActorType: a.ActorType,
		SystemPromptID: a.Settings.SystemPromptID, Region: a.Settings.Region, PolicySnapshotID: a.PolicySnapshotID,
		PolicyVersionIDs: a.PolicyVersionIDs, Wish: a.Wish.Prompt(), Texts: a.Wish.Texts(), Facts: a.Wish.Facts(),
	})
}

// noted remembers whether the model can be had, and logs when that changes.
func (u *UseCase) noted(ctx context.Context, j *job, err error) {
	was := u.down.Swap(err != nil)
	switch {
	case err != nil && !was:
		u.log.WarnContext(ctx, "the language model cannot be had", "tenant_id", string(j.ask.Tenant), "error", err)
	case err == nil && was:
		u.log.InfoContext(ctx, "the language model answers again")
	}
}

// keep looks at the text once more, whatever its generator thinks of it, and stores what came of that. Where the claim was lost
// meanwhile, another's text counts.
func (u *UseCase) keep(ctx context.Context, j *job, holder string, c ports.Content) action.Said {
	said := j.ask.Wish.Look(c.Text, safety.Worst(c.Verdict, safety.Inspect(c.Text)))
	final := ports.Content{Text: said.Text(), Verdict: said.Verdict()}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settling)
	defer cancel()
	kept, err := u.texts.Settle(ctx, j.ask.Tenant, j.key, holder, final)
	switch {
	case err != nil: // this process has it at least, until it can be stored
		u.log.WarnContext(ctx, "a generated text cannot be kept", "tenant_id", string(j.ask.Tenant), "error", err)
		u.cache.put(j.key, final, u.floor.Clock.Now().Add(lease))
	case !kept:
		return action.Said{}
	default:
		u.cache.put(j.key, final, u.floor.Clock.Now().Add(ports.PreparedFor-lease))
	}
	return said
}

func (u *UseCase) giveBack(ctx context.Context, j *job, holder string, refund bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settling)
	defer cancel()
	if err := u.texts.Release(ctx, j.ask.Tenant, j.key, holder, refund); err != nil {
		u.log.WarnContext(ctx, "a claim on a text cannot be given back", "tenant_id", string(j.ask.Tenant), "error", err)
	}
}
