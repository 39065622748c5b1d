package receipt

import (
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Stamp is what every receipt gets from outside: its id, the real time, and the time since the process started.
type Stamp struct {
	ID         string
	At         time.Time
	SinceStart time.Duration
}

// ForDecision attests a decision, silence included. actorRef is the actor's pseudonym.
func ForDecision(d decision.Decision, s Stamp, actorRef string) (Document, error) {
	shown := make([]any, 0, len(d.Actions))
	override := false
	for _, a := range d.Actions {
		override = override || a.Override
		shown = append(shown, map[string]any{
			"action_id": string(a.ID), "type": string(a.Kind), "surfaces": words(a.Surfaces),
			"playbook": versionID(string(a.Playbook), a.Version), "override": a.Override,
		})
	}
	reasons := map[string]any{}
	refused := false
	for _, v := range d.Suppressions {
		n, _ := reasons[string(v.Reason)].(int)
		reasons[string(v.Reason)] = n + 1
		refused = refused || v.Reason == suppression.PolicyUnavailable || v.Reason == suppression.PolicyDenied
	}
	fired := make([]string, 0, len(d.Fired))
	for _, f := range d.Fired {
		fired = append(fired, versionID(string(f.Playbook), f.Version))
	}
	why := make([]string, 0, len(d.Degraded))
	for _, g := range d.Degraded {
		why = append(why, g.Dependency+": "+g.Reason)
	}
	inputs := map[string]any{
		"decision_id": string(d.ID), "actor_ref": actorRef, "event_type": d.EventType, "severity": d.Severity.String(),
		"playbooks": fired, "replay": d.Replay, "signal_ids": []string{},
	}
	if d.SignalID != "" {
		inputs["signal_ids"] = []string{d.SignalID}
	}
	if d.Replay {
		inputs["decided_as_of"] = FormatTime(d.CreatedAt)
	}
	rationale := fmt.Sprintf("%d shown, %d withheld", len(d.Actions), len(d.Suppressions))
	if len(d.Actions)+len(d.Suppressions) == 0 {
		rationale = "no playbook matched"
	}
	result := map[string]any{"actions": shown, "suppressed": reasons, "degraded_reasons": why, "override": override}
	attestSafety(result, d)
	return New(Draft{
		ID: s.ID, Tenant: d.Tenant, Kind: KindDecision, PolicyVersionIDs: d.PolicyVersionIDs,
		SnapshotHash: SnapshotHash(d.PolicySnapshotID), At: s.At, SinceStart: s.SinceStart,
		Point: PointFor(d.EvaluationPoint, d.Place.Surface), Inputs: inputs,
		Status: StatusFor(len(d.Degraded) > 0, d.PolicyStale, refused), Rationale: rationale,
		Result: result,
		RepoID: d.Place.RepoID, ActorType: ActorTypeOf(d.ActorType), Degraded: d.DegradedMode(),
	})
}

// attestSafety says what the checks made of generated text, over all actions of the decision. The text itself is never in a
// receipt. Where there are templates only, nothing was generated, so there was nothing to be unsafe.
func attestSafety(result map[string]any, d decision.Decision) {
	flags := []string{}
	v, generated := d.Safety()
	for _, f := range v.Flags {
		flags = append(flags, string(f))
	}
	result["safety_result"] = "not_generated"
	if generated {
		result["safety_result"] = v.Result.String()
	}
	result["risk_score"], result["risk_flags"] = v.Score, flags
	result["safety_checks_passed"] = !generated || v.Result != safety.Fail
}

// Change is an admin mutation: what was changed, how, by whom, and digests of the document before and after.
type Change struct {
	Tenant   tenant.ID
	Object   string // such as playbook/<id>
	Verb     string
	ActorRef string
	Before   string // hex SHA-256; empty: there was nothing
	After    string
}

// ForChange attests an admin mutation.
func ForChange(c Change, s Stamp) (Document, error) {
	return New(Draft{
		ID: s.ID, Tenant: c.Tenant, Kind: KindAdmin, At: s.At, SinceStart: s.SinceStart, Point: PreDeploy,
		Inputs: map[string]any{"object": c.Object, "verb": c.Verb, "actor_ref": c.ActorRef, "before": c.Before, "after": c.After},
		Status: Pass, Rationale: c.Verb + " " + c.Object, ActorType: ActorHuman,
	})
}

func versionID(id string, n int) string { return fmt.Sprintf("%s@%d", id, n) }

func words(in []intervention.Surface) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}
