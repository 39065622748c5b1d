package persistence

import (
	"encoding/json"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

type decisionRow struct {
	TenantID           string
	DecisionID         string
	ActorID            string
	ActorType          string
	ResponsibleActorID *string
	CreatedAt          int64 `gorm:"autoCreateTime:false"`
	RecordedAt         int64
	RepoID             string
	Branch             string
	FilePath           string
	Environment        string
	Surface            string
	SignalID           string
	Source             string
	EventType          string
	Severity           int
	EvaluationPoint    string
	Fired              string
	Generated          string
	PolicySnapshotID   string
	PolicyVersionIDs   string `gorm:"column:policy_version_ids"`
	PolicyStale        bool
	Degraded           string
	QuietHoursZone     string
	LatencyWarning     bool
	Replay             bool
	Situation          string
	Looked             string
	ReceiptID          string
	IdemKey            *string
	BodyHash           string
}

func (decisionRow) TableName() string { return "decisions" }

type firedDoc struct {
	Playbook string `json:"p"`
	Version  int    `json:"v"`
}

type degradedDoc struct {
	Dependency string `json:"d"`
	Reason     string `json:"r"`
}

type generatedDoc struct {
	Playbook string        `json:"p"`
	Version  int           `json:"v"`
	Index    int           `json:"i"`
	Result   string        `json:"r"`
	Score    int           `json:"s"`
	Flags    []safety.Flag `json:"f,omitempty"`
}

func generatedDocs(in []decision.Generated) []generatedDoc {
	out := make([]generatedDoc, len(in))
	for i, g := range in {
		out[i] = generatedDoc{string(g.Playbook), g.Version, g.ActionIndex, g.Verdict.Result.String(), g.Verdict.Score, g.Verdict.Flags}
	}
	return out
}

func restoreGenerated(in []generatedDoc) ([]decision.Generated, error) {
	var out []decision.Generated
	for _, g := range in {
		result, err := safety.ParseResult(g.Result)
		if err != nil {
			return nil, fmt.Errorf("read a stored verdict: %w", err)
		}
		out = append(out, decision.Generated{
			Playbook: playbook.ID(g.Playbook), Version: g.Version, ActionIndex: g.Index,
			Verdict: safety.Verdict{Result: result, Score: g.Score, Flags: g.Flags},
		})
	}
	return out, nil
}

// rowOfDecision fills what comes from the decision itself; the recorder adds the rest.
func rowOfDecision(d decision.Decision) (decisionRow, error) {
	var (
		fired    []firedDoc
		degraded []degradedDoc
	)
	for _, f := range d.Fired {
		fired = append(fired, firedDoc{string(f.Playbook), f.Version})
	}
	for _, g := range d.Degraded {
		degraded = append(degraded, degradedDoc{g.Dependency, g.Reason})
	}
	r := decisionRow{
		TenantID: string(d.Tenant), DecisionID: string(d.ID), ActorID: string(d.Actor), ActorType: string(d.ActorType),
		CreatedAt: micros(d.CreatedAt), RepoID: d.Place.RepoID, Branch: d.Place.Branch, FilePath: d.Place.FilePath,
		Environment: d.Place.Environment, Surface: string(d.Place.Surface), SignalID: d.SignalID, Source: d.Source,
		EventType: d.EventType, Severity: int(d.Severity), EvaluationPoint: d.EvaluationPoint,
		PolicySnapshotID: d.PolicySnapshotID, PolicyStale: d.PolicyStale, QuietHoursZone: d.QuietHoursZone,
		LatencyWarning: d.LatencyWarning, Replay: d.Replay,
	}
	var err error
	if r.Fired, err = document(fired); err != nil {
		return decisionRow{}, err
	}
	if r.Degraded, err = document(degraded); err != nil {
		return decisionRow{}, err
	}
	if r.Generated, err = document(generatedDocs(d.Generated)); err != nil {
		return decisionRow{}, err
	}
	r.PolicyVersionIDs, err = document(d.PolicyVersionIDs)
	return r, err
}

// restore brings the decision back without its actions and suppressions.
func (r decisionRow) restore() (decision.Decision, error) {
	d := decision.Decision{
		ID: decision.ID(r.DecisionID), Tenant: tenant.ID(r.TenantID), Actor: actor.ID(r.ActorID), ActorType: actor.Type(r.ActorType),
		CreatedAt: fromMicros(r.CreatedAt),
		Place: situation.Place{
			RepoID: r.RepoID, Branch: r.Branch, FilePath: r.FilePath, Environment: r.Environment, Surface: intervention.Surface(r.Surface),
		},
		SignalID: r.SignalID, Source: r.Source, EventType: r.EventType, Severity: intervention.Severity(r.Severity),
		EvaluationPoint: r.EvaluationPoint, PolicySnapshotID: r.PolicySnapshotID, PolicyStale: r.PolicyStale,
		QuietHoursZone: r.QuietHoursZone, LatencyWarning: r.LatencyWarning, Replay: r.Replay,
	}
	var (
		fired     []firedDoc
		degraded  []degradedDoc
		generated []generatedDoc
	)
	if err := parse(r.Fired, &fired); err != nil {
		return d, err
	}
	if err := parse(r.Generated, &generated); err != nil {
		return d, err
	}
	var err error
	if d.Generated, err = restoreGenerated(generated); err != nil {
		return d, err
	}
	for _, f := range fired {
		d.Fired = append(d.Fired, decision.Fired{Playbook: playbook.ID(f.Playbook), Version: f.Version})
	}
	if err := parse(r.Degraded, &degraded); err != nil {
		return d, err
	}
	for _, g := range degraded {
		d.Degraded = append(d.Degraded, decision.Degradation{Dependency: g.Dependency, Reason: g.Reason})
	}
	return d, parse(r.PolicyVersionIDs, &d.PolicyVersionIDs)
}

type actionRow struct {
	TenantID            string
	ActionID            string
	DecisionID          string
	Position            int
	ActorID             string
	Kind                string
	PlaybookID          string
	PlaybookVersion     int
	ActionIndex         int
	RepoID              string
	DedupKey            string
	Surfaces            string
	Payload             string
	Presentations       string
	RequiresConsent     bool
	RequiresDualChannel bool
	Override            bool
	ReservedAt          int64
	ExpiresAt           int64
	Result              *string
	ResultAt            *int64
}

func (actionRow) TableName() string { return "actions" }

type payloadDoc struct {
	Title              string   `json:"title"`
	Body               string   `json:"body"`
	Rationale          string   `json:"rationale,omitempty"`
	EvidenceLinks      []string `json:"evidence_links"`
	BaselineComparison string   `json:"baseline_comparison,omitempty"`
	WhyRelevant        string   `json:"why_relevant,omitempty"`
	// DualChannelRequired stands in the payload because its digest has to cover it.
	DualChannelRequired bool `json:"dual_channel_required,omitempty"`
}

type presentationDoc struct {
	Variant  string   `json:"variant"`
	Text     string   `json:"text"`
	Title    string   `json:"title"`
	Body     string   `json:"body"`
	Controls []string `json:"controls"`
}

func rowOfAction(d decision.Decision, dedupKey string, position int, a action.Action) (actionRow, error) {
	r := actionRow{
		TenantID: string(d.Tenant), ActionID: string(a.ID), DecisionID: string(d.ID), Position: position, ActorID: string(d.Actor),
		Kind: string(a.Kind), PlaybookID: string(a.Playbook), PlaybookVersion: a.Version, ActionIndex: a.Index,
		RepoID: d.Place.RepoID, DedupKey: dedupKey, RequiresConsent: a.RequiresConsent, RequiresDualChannel: a.RequiresDualChannel,
		Override: a.Override, ReservedAt: micros(a.ReservedAt), ExpiresAt: micros(a.ExpiresAt),
	}
	presentations := make(map[intervention.Surface]presentationDoc, len(a.Presentations))
	for surface, p := range a.Presentations {
		presentations[surface] = presentationDoc(p)
	}
	var err error
	if r.Surfaces, err = document(a.Surfaces); err != nil {
		return actionRow{}, err
	}
	if r.Payload, err = document(payloadDoc(a.Payload)); err != nil {
		return actionRow{}, err
	}
	r.Presentations, err = document(presentations)
	return r, err
}

func (r actionRow) restore() (action.Action, error) {
	a := action.Action{
		ID: action.ID(r.ActionID), Kind: intervention.Kind(r.Kind), Playbook: playbook.ID(r.PlaybookID), Version: r.PlaybookVersion,
		Index: r.ActionIndex, RequiresConsent: r.RequiresConsent, RequiresDualChannel: r.RequiresDualChannel, Override: r.Override,
		ReservedAt: fromMicros(r.ReservedAt), ExpiresAt: fromMicros(r.ExpiresAt),
	}
	if err := parse(r.Surfaces, &a.Surfaces); err != nil {
		return a, err
	}
	var payload payloadDoc
	if err := parse(r.Payload, &payload); err != nil {
		return a, err
	}
	a.Payload = action.Payload(payload)
	var presentations map[intervention.Surface]presentationDoc
	if err := parse(r.Presentations, &presentations); err != nil {
		return a, err
	}
	a.Presentations = make(map[intervention.Surface]action.Presentation, len(presentations))
	for surface, p := range presentations {
		a.Presentations[surface] = action.Presentation(p)
	}
	return a, nil
}

type suppressionRow struct {
	TenantID        string
	DecisionID      string
	Position        int
	PlaybookID      string
	PlaybookVersion int
	ActionIndex     int
	Kind            string
	Stage           string
	Reason          string
	Detail          string
	EligibleAt      *int64
}

func (suppressionRow) TableName() string { return "suppressions" }

type detailDoc struct {
	Observed any `json:"o"`
	Limit    any `json:"l"`
}

func rowOfSuppression(d decision.Decision, position int, s suppression.Suppression) (suppressionRow, error) {
	r := suppressionRow{
		TenantID: string(d.Tenant), DecisionID: string(d.ID), Position: position, PlaybookID: string(s.Playbook),
		PlaybookVersion: s.Version, ActionIndex: s.ActionIndex, Kind: string(s.Kind), Stage: string(s.Stage), Reason: string(s.Reason),
	}
	if s.EligibleAt != nil {
		at := micros(*s.EligibleAt)
		r.EligibleAt = &at
	}
	var err error
	r.Detail, err = document(detailDoc(s.Detail))
	return r, err
}

func (r suppressionRow) restore() (suppression.Suppression, error) {
	s := suppression.Suppression{
		Playbook: playbook.ID(r.PlaybookID), Version: r.PlaybookVersion, ActionIndex: r.ActionIndex,
		Kind: intervention.Kind(r.Kind), Stage: suppression.Stage(r.Stage), Reason: suppression.Reason(r.Reason),
	}
	if r.EligibleAt != nil {
		at := fromMicros(*r.EligibleAt)
		s.EligibleAt = &at
	}
	var doc struct{ O, L json.RawMessage }
	if err := parse(r.Detail, &doc); err != nil {
		return s, err
	}
	var err error
	if s.Detail.Observed, err = compared(doc.O); err != nil {
		return s, err
	}
	s.Detail.Limit, err = compared(doc.L)
	return s, err
}

// compared brings one side of a detail back as what it was: nil, a text, a whole number or a list of texts.
func compared(raw json.RawMessage) (any, error) {
	v, err := parseValue(string(raw))
	if err != nil {
		return nil, err
	}
	switch x := v.(type) {
	case nil, string, bool:
		return x, nil
	case json.Number:
		n, err := x.Int64()
		return int(n), err
	case []any:
		out := make([]string, len(x))
		for i, e := range x {
			out[i], _ = e.(string)
		}
		return out, nil
	}
	return nil, fmt.Errorf("read a stored detail: it is a %T", v)
}
