package ports

import (
	"context"
	"errors"
	"time"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// ContentPrompt is what a model is asked. It holds facts as data and the wish of a playbook's author; nothing of it names an
// actor, and nothing of it is free text from a signal.
type ContentPrompt struct {
	// ID names this one attempt; a later attempt for the same text has another.
	ID     string
	Tenant tenant.ID
	Kind   intervention.Kind // Mentor or Multiplier
	// ActorRef is a keyed hash of the actor whose decision asked first.
	ActorRef  string
	ActorType actor.Type
	// SystemPromptID and Region are the tenant's; empty where it has set none.
	SystemPromptID string
	Region         string
	// PolicySnapshotID and PolicyVersionIDs are what was in force for that decision.
	PolicySnapshotID string
	PolicyVersionIDs []string
	// Wish is what the author asks for.
	Wish string
	// Texts are the rendered texts of the action by their name; body is the one to be rephrased, where there is one.
	Texts []action.Fact
	// Facts are the named values that may be used.
	Facts []action.Fact
}

// ErrNotAsked marks an error of Generate after which nothing was asked of the model, and nothing spent.
var ErrNotAsked = errors.New("the model was not asked")

// Content is a generated text with the verdict on it. There is never one without the other: the zero Verdict fails.
type Content struct {
	Text    string
	Verdict safety.Verdict
}

// ContentGenerator writes text.
type ContentGenerator interface {
	// Generate asks the model once, without retry, and gives its text with the verdict on it. An answer that came without a
	// usable verdict, or did not end, is a text that fails, and no error. An error means that there is no answer: Unavailable or
	// Timeout, also where the answer cannot be read; ErrNotAsked is in its chain where
	// the model was not even called.
	Generate(ctx context.Context, p ContentPrompt) (Content, error)
	// Model names what writes. It is a part of what prepared texts are kept under.
	Model() string
}

// PreparedFor is how long a generated text, or the verdict against one, is kept: since its generation began.
const PreparedFor = 24 * time.Hour

// TextState is how far the text of a key is.
type TextState int

// The states. The zero value is none: whoever wants the text may claim it.
const (
	TextNone    TextState = iota
	TextClaimed           // somebody generates it now
	TextReady             // it is there, or a verdict against it is
	TextCapped            // only from Claim: the tenant has had its generations of the hour
)

// PreparedText is what is kept under a key. Content is set where the state is TextReady; its Text is empty where the verdict
// is a fail. Until is when the state ends: a claim by its lease, a text by its age, a cap when the next generation is free.
type PreparedText struct {
	State   TextState
	Content Content
	Until   time.Time
}

// TextClaim asks for the right to generate one text.
type TextClaim struct {
	Key    string
	Holder string // names the claim; no two claims have the same
	Now    time.Time
	Lease  time.Duration // how long the claim holds
	// Cap is how many claims a tenant may make within Window.
	Cap    int
	Window time.Duration
}

// PreparedTexts keeps generated texts, so that replicas share them and a restart keeps them.
type PreparedTexts interface {
	// Find says how far the text of a key is. A text older than PreparedFor and a claim whose lease has run out are none.
	Find(ctx context.Context, t tenant.ID, key string, now time.Time) (PreparedText, error)
	// Claim takes the key for its holder, where it is free and the tenant's cap leaves room, in one atomic step over all
	// replicas; the state is TextNone then. Else nothing is taken, and the state says what stands in the way.
	Claim(ctx context.Context, t tenant.ID, c TextClaim) (PreparedText, error)
	// Settle keeps the content under the key and ends the claim. False: the claim is no longer the holder's, and nothing was
	// kept.
	Settle(ctx context.Context, t tenant.ID, key, holder string, c Content) (bool, error)
	// Release ends a claim without a text. With refund it does not count against the cap. A claim that is no longer the
	// holder's is left alone.
	Release(ctx context.Context, t tenant.ID, key, holder string, refund bool) error
}
