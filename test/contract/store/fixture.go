package store

import (
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	acme  tenant.ID = "acme"
	other tenant.ID = "other"
	// person is an id that occurs nowhere by chance.
	person actor.ID = "person-7f3a"
	agent  actor.ID = "agent-91c2"
)

// start is the time at which every test begins.
func start() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 123_456_000, time.UTC) }

var counter atomic.Int64 // only makes ids differ

// newID gives the n-th id in the form of a UUID; later ones sort later.
func newID() string { return fmt.Sprintf("01930000-0000-7000-8000-%012x", counter.Add(1)) }

// Signed gives a receipt in the form that stores take. Stores do not verify signatures, so any well-formed one does.
func Signed(tb testing.TB, t tenant.ID, id string) receipt.Signed {
	tb.Helper()
	doc, err := receipt.New(receipt.Draft{
		ID: id, Tenant: t, Kind: receipt.KindDecision, At: start(), Point: receipt.PreCommit, Status: receipt.Pass,
		ActorType: receipt.ActorHuman, Rationale: "nothing to say",
	})
	require.NoError(tb, err)
	wire := doc.Wire()
	wire["kid"], wire["signature"] = "k1", receipt.FormatSignature("k1", make([]byte, 64))
	canonical, err := json.Marshal(wire)
	require.NoError(tb, err)
	signed, err := receipt.Seal(doc, wire["signature"].(string), canonical)
	require.NoError(tb, err)
	return signed
}

// Record gives a full record of one shown and two suppressed candidates, with fresh ids.
func Record(tb testing.TB, t tenant.ID, change ...func(*ports.Record)) ports.Record {
	tb.Helper()
	now := start()
	id := newID()
	eligible := now.Add(time.Hour)
	place := situation.Place{RepoID: "shop", Branch: "main", FilePath: "a/b.go", Environment: "dev", Surface: intervention.IDE}
	offset := -90 * time.Minute
	zone := "Europe/Berlin"
	sig := signal.Signal{
		ID: "s-" + id, Source: "ci", EventType: "ci.run.failed", Severity: intervention.High, OccurredAt: now.Add(-time.Second),
		Actor: person, ActorType: actor.Human, RepoID: "shop", Branch: "main", FilePath: "a/b.go", Environment: "dev",
		DedupKey: "0f0f", UTCOffset: &offset,
		Payload: signal.Payload{"run_attempt": int64(2), "share": 2.0, "flaky": true, "kind": "unit"},
	}
	shown := action.Action{
		ID: action.ID(newID()), Kind: intervention.Mentor, Playbook: "p1", Version: 3, Index: 0,
		Surfaces: []intervention.Surface{intervention.IDE, intervention.CI},
		Payload: action.Payload{
			Title: "Main is red", Body: "<b>&", Rationale: "r", EvidenceLinks: []string{sig.ID}, BaselineComparison: "c",
			WhyRelevant: "w", DualChannelRequired: true,
		},
		Presentations: map[intervention.Surface]action.Presentation{
			intervention.IDE: {Variant: action.Pill, Text: "t", Title: "Main is red", Body: "b", Controls: action.Controls()},
			intervention.CI:  {Variant: action.Summary, Text: "### t", Title: "Main is red", Body: "b", Controls: action.Controls()},
		},
		RequiresConsent: true, RequiresDualChannel: true, Override: true, ReservedAt: now, ExpiresAt: now.Add(action.OpenFor),
	}
	r := ports.Record{
		Now: now,
		Decision: decision.Decision{
			ID: decision.ID(id), Tenant: t, Actor: person, ActorType: actor.Human, CreatedAt: now.Add(-time.Millisecond), Place: place,
			SignalID: sig.ID, Source: sig.Source, EventType: sig.EventType, Severity: sig.Severity, EvaluationPoint: "pre-merge",
			Actions: []action.Action{shown},
			Suppressions: []suppression.Suppression{
				{
					Playbook: "p1", Version: 3, ActionIndex: 1, Kind: intervention.Mirror, Stage: suppression.Restrain,
					Reason: suppression.Cooldown, Detail: suppression.Detail{Observed: 12, Limit: 30}, EligibleAt: &eligible,
				},
				{
					Playbook: "p2", Version: 1, Kind: intervention.Mirror, Stage: suppression.Gate, Reason: suppression.NoPreferredSurface,
					Detail: suppression.Detail{Observed: []string{"ide"}, Limit: "ci"},
				},
			},
			Fired: []decision.Fired{{Playbook: "p1", Version: 3}, {Playbook: "p2", Version: 1}},
			Generated: []decision.Generated{
				{Playbook: "p1", Version: 3, Verdict: safety.Verdict{Result: safety.Warn, Score: 300, Flags: []safety.Flag{"R2", "degraded"}}},
				{Playbook: "p2", Version: 1, ActionIndex: 4, Verdict: safety.Passed()},
			},
			PolicySnapshotID: "snap",
			PolicyVersionIDs: []string{"v1", "v2"}, PolicyStale: true, Degraded: []decision.Degradation{{Dependency: "ubi", Reason: "slow"}},
			QuietHoursZone: "Europe/Berlin (preference)", LatencyWarning: true, Replay: true,
		},
		Situation: situation.Situation{
			Now: now, Tenant: t, Actor: actor.Actor{ID: person, Type: actor.Human, Roles: []string{"dev"}, ResponsibleHuman: agent},
			Place: place, HasSignal: true, Signal: sig, EvaluationPoint: "pre-merge",
			Recent: situation.NewRecent([]situation.Event{
				{Type: "ci.run.failed", At: now.Add(-time.Hour)},
				{Type: "ci.run.failed", At: now.Add(-6 * 24 * time.Hour)},
				{Type: "pr.opened", At: now.Add(-time.Microsecond)},
			}),
			Incidents: situation.NewIncidents([]situation.Incident{{Service: "pay", Key: "k", Firing: true, At: now.Add(-time.Minute)}}),
			Settings:  tenant.Defaults(),
			Preferences: actor.Preferences{
				OptOut: []string{"mirror"}, Surfaces: []intervention.Surface{intervention.IDE}, SnoozeUntil: now.Add(time.Hour), Timezone: &zone,
			},
			Refused: map[string]time.Time{"p9": now.Add(time.Hour)},
		},
	}
	for _, c := range change {
		c(&r)
	}
	if !r.Receipt.Valid() {
		r.Receipt = Signed(tb, t, newID())
	}
	return r
}

func definition(name string) playbook.Definition {
	return playbook.Definition{
		Name: name, Tags: []string{"ci"}, Triggers: []playbook.Trigger{{EventType: "ci.*", MinSeverity: "warn"}},
		Conditions: []playbook.Condition{{Type: playbook.CondBranch, Value: playbook.Values{"main"}}},
		Actions: []playbook.Template{{
			Type: intervention.Mirror, Surfaces: []intervention.Surface{intervention.IDE}, Delivery: playbook.DeliverDrop,
			Payload: playbook.Payload{Title: "Main is red", Body: "{{signal.event_type}}"},
		}},
		Limits: playbook.Limits{QuietHours: &tenant.QuietHours{Start: 22, End: 6}},
	}
}

func draft(t tenant.ID, id string) playbook.Playbook {
	return playbook.New(playbook.ID(id), t, definition(id), start())
}
