// Package webhook posts alerts to any receiver, signed by Standard Webhooks. The id of a message is the action's, so a receiver
// tells repeats by it, and whatever goes wrong may be tried again.
package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/zeroui/mmm-engine/adapters/surfaces/alert"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

// Config says where alerts are posted, and signed with what.
type Config struct {
	// URL is the whole address of the receiver.
	URL string
	// Secret is the key that the receiver has too: base64, with or without whsec_ before it.
	Secret string
	// Timeout bounds one attempt; 0: 2 s.
	Timeout time.Duration
	// Header is sent with every request.
	Header map[string]string
	// Breaker is asked before each attempt; nil asks nobody.
	Breaker *resilience.Breaker
	// Clock dates messages; it is needed.
	Clock ports.Clock
}

// Dispatcher is ports.SurfaceDispatcher. It is safe for concurrent use.
type Dispatcher struct {
	target *alert.Target
	signer *standardwebhooks.Webhook
	clock  ports.Clock
}

// New makes a dispatcher. Its error says what of the configuration cannot work, and repeats neither address nor secret.
func New(c Config) (*Dispatcher, error) {
	key, err := keyOf(c.Secret)
	switch {
	case err != nil:
		return nil, err
	case c.Clock == nil:
		return nil, fmt.Errorf("%s: needs a clock", alert.Neighbour)
	}
	signer, err := standardwebhooks.NewWebhookRaw(key)
	if err != nil {
		return nil, fmt.Errorf("%s: the secret cannot be used", alert.Neighbour)
	}
	target, err := alert.NewTarget(c.URL, httpclient.Config{
		Timeout: c.Timeout, Header: c.Header, Breaker: c.Breaker,
	}, alert.Recognised)
	if err != nil {
		return nil, err
	}
	return &Dispatcher{target: target, signer: signer, clock: c.Clock}, nil
}

// Deliver implements ports.SurfaceDispatcher. Any answer with 2xx is success, whatever it says.
func (x *Dispatcher) Deliver(ctx context.Context, d ports.Delivery) error {
	d, err := alert.Prepare(d)
	if err != nil {
		return err
	}
	body, err := json.Marshal(messageOf(d))
	if err != nil {
		return fmt.Errorf("write the message: %w", err)
	}
	id, now := string(d.Action.ID), x.clock.Now()
	signature, err := x.signer.Sign(id, now, body)
	if err != nil {
		return fmt.Errorf("sign the message: %w", err)
	}
	return x.target.Post(ctx, d, body, map[string]string{
		standardwebhooks.HeaderWebhookID: id, standardwebhooks.HeaderWebhookSignature: signature,
		standardwebhooks.HeaderWebhookTimestamp: strconv.FormatInt(now.Unix(), 10),
	}, nil)
}

// Probe asks whether somebody listens.
func (x *Dispatcher) Probe(ctx context.Context) error { return x.target.Probe(ctx) }

type message struct {
	DecisionID          string       `json:"decision_id"`
	TenantID            string       `json:"tenant_id"`
	ActionID            string       `json:"action_id"`
	ActionType          string       `json:"action_type"`
	Severity            string       `json:"severity"`
	RequiresConsent     bool         `json:"requires_consent"`
	RequiresDualChannel bool         `json:"requires_dual_channel"`
	Payload             payload      `json:"payload"`
	Presentation        presentation `json:"presentation"`
	Context             place        `json:"context"`
	Timestamp           string       `json:"timestamp_utc"` // of the decision, so that a repeat is the same
}

type payload struct {
	Title               string   `json:"title"`
	Body                string   `json:"body"`
	Rationale           string   `json:"rationale"`
	EvidenceLinks       []string `json:"evidence_links"`
	BaselineComparison  string   `json:"baseline_comparison"`
	WhyRelevant         string   `json:"why_relevant"`
	DualChannelRequired bool     `json:"dual_channel_required,omitempty"`
}

// presentation is the alert's, as the API shows it.
type presentation struct {
	Variant  string   `json:"variant"`
	Text     string   `json:"text"`
	Detail   string   `json:"detail"`
	Controls []string `json:"controls"`
}

type place struct {
	RepoID string `json:"repo_id"`
	Branch string `json:"branch"`
}

func messageOf(d ports.Delivery) message {
	a, shown := d.Action, d.Action.Presentations[intervention.Alert]
	return message{
		DecisionID: string(d.Decision), TenantID: string(d.Tenant), ActionID: string(a.ID), ActionType: string(a.Kind),
		Severity: d.Severity.String(), RequiresConsent: a.RequiresConsent, RequiresDualChannel: a.RequiresDualChannel,
		Payload: payload{
			Title: a.Payload.Title, Body: a.Payload.Body, Rationale: a.Payload.Rationale,
			EvidenceLinks: append([]string{}, a.Payload.EvidenceLinks...), BaselineComparison: a.Payload.BaselineComparison,
			WhyRelevant: a.Payload.WhyRelevant, DualChannelRequired: a.Payload.DualChannelRequired,
		},
		Presentation: presentation{shown.Variant, shown.Text, shown.Body, shown.Controls},
		Context:      place{d.Place.RepoID, d.Place.Branch}, Timestamp: httpclient.Timestamp(d.DecidedAt),
	}
}
