package httpapi

import (
	"time"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/ports"
)

// The statuses of a receipt. With the ledger alone it is emitted as soon as it stands; else pending until the evidence service
// has it.
const (
	statusEmitted = "emitted"
	statusPending = "pending"
)

// decisionRecord is one decision by its id.
type decisionRecord struct {
	Decision decisionDTO `json:"decision"`
}

type decisionDTO struct {
	DecisionID           string            `json:"decision_id"`
	TenantID             string            `json:"tenant_id"`
	ActorID              string            `json:"actor_id"`
	ActorType            string            `json:"actor_type"`
	CreatedAt            time.Time         `json:"created_at"`
	Context              contextDTO        `json:"context"`
	Actions              []actionDTO       `json:"actions"`
	SuppressedCount      int               `json:"suppressed_count"`
	Suppressed           *[]suppressionDTO `json:"suppressed,omitempty"` // nil: not asked for
	PolicySnapshotID     string            `json:"policy_snapshot_id"`
	PolicyStale          bool              `json:"policy_stale"`
	DegradedMode         bool              `json:"degraded_mode"`
	DegradedDependencies []string          `json:"degraded_dependencies"`
	QuietHoursZone       string            `json:"quiet_hours_zone"`
	LatencyWarning       bool              `json:"latency_warning"`
	Replay               bool              `json:"replay,omitempty"`
	Receipt              *receiptRef       `json:"receipt"` // null in a dry run, which leaves none
}

// contextDTO holds what is known of the where and the what.
type contextDTO struct {
	RepoID      string `json:"repo_id,omitempty"`
	Branch      string `json:"branch,omitempty"`
	FilePath    string `json:"file_path,omitempty"`
	Environment string `json:"environment,omitempty"`
	Surface     string `json:"surface"`
	SignalID    string `json:"signal_id,omitempty"`
	EventType   string `json:"event_type,omitempty"`
	Severity    string `json:"severity,omitempty"`
}

type receiptRef struct {
	ReceiptID string `json:"receipt_id"`
	Status    string `json:"status"`
}

type suppressionDTO struct {
	PlaybookID      string     `json:"playbook_id"`
	PlaybookVersion int        `json:"playbook_version"`
	ActionIndex     int        `json:"action_index"`
	ActionType      string     `json:"action_type"`
	Stage           string     `json:"stage"`
	Reason          string     `json:"reason"`
	Detail          detailDTO  `json:"detail"`
	EligibleAt      *time.Time `json:"eligible_at"`
}

type detailDTO struct {
	Observed any `json:"observed"`
	Limit    any `json:"limit"`
}

type actionDTO struct {
	ActionID            string                       `json:"action_id"`
	Type                intervention.Kind            `json:"type"`
	PlaybookID          string                       `json:"playbook_id"`
	PlaybookVersion     int                          `json:"playbook_version"`
	Surfaces            []intervention.Surface       `json:"surfaces"`
	Payload             payloadDTO                   `json:"payload"`
	Presentations       map[intervention.Surface]any `json:"presentations"`
	RequiresConsent     bool                         `json:"requires_consent"`
	RequiresDualChannel bool                         `json:"requires_dual_channel"`
	Dismissible         bool                         `json:"dismissible"`
	ExpiresAt           time.Time                    `json:"expires_at"`
}

type payloadDTO struct {
	Title               string   `json:"title"`
	Body                string   `json:"body"`
	Rationale           string   `json:"rationale"`
	EvidenceLinks       []string `json:"evidence_links"`
	BaselineComparison  string   `json:"baseline_comparison"`
	WhyRelevant         string   `json:"why_relevant"`
	DualChannelRequired bool     `json:"dual_channel_required,omitempty"`
}

// The presentations differ by surface in what stands beside the text.
type (
	titled struct {
		Title string `json:"title"`
		Body  string `json:"body"`
	}
	pill struct {
		Variant  string   `json:"variant"`
		Text     string   `json:"text"`
		Card     titled   `json:"card"`
		Controls []string `json:"controls"`
	}
	note struct {
		Title   string `json:"title"`
		Message string `json:"message"`
	}
	summary struct {
		Variant    string   `json:"variant"`
		Text       string   `json:"text"` // Markdown
		Annotation note     `json:"annotation"`
		Controls   []string `json:"controls"`
	}
	line struct {
		Variant  string   `json:"variant"`
		Text     string   `json:"text"`
		Detail   string   `json:"detail"`
		Controls []string `json:"controls"`
	}
)

// decisionOf shows a decision; what was withheld only where it is asked for.
func decisionOf(stored ports.Stored, withSuppressed bool) decisionDTO {
	d := stored.Decision
	out := decisionDTO{
		DecisionID: string(d.ID), TenantID: string(d.Tenant), ActorID: string(d.Actor), ActorType: string(d.ActorType),
		CreatedAt: d.CreatedAt.UTC(), Context: contextOf(d), Actions: make([]actionDTO, 0, len(d.Actions)),
		SuppressedCount: len(d.Suppressions), PolicySnapshotID: d.PolicySnapshotID, PolicyStale: d.PolicyStale,
		DegradedMode: d.DegradedMode(), DegradedDependencies: d.Dependencies(), QuietHoursZone: d.QuietHoursZone,
		LatencyWarning: d.LatencyWarning, Replay: d.Replay,
	}
	for _, a := range d.Actions {
		out.Actions = append(out.Actions, actionOf(a))
	}
	if withSuppressed {
		list := make([]suppressionDTO, 0, len(d.Suppressions))
		for _, s := range d.Suppressions {
			list = append(list, suppressionOf(s))
		}
		out.Suppressed = &list
	}
	if stored.ReceiptID != "" {
		out.Receipt = &receiptRef{ReceiptID: stored.ReceiptID, Status: statusEmitted}
		if stored.ReceiptPending {
			out.Receipt.Status = statusPending
		}
	}
	return out
}

func contextOf(d decision.Decision) contextDTO {
	return contextDTO{
		RepoID: d.Place.RepoID, Branch: d.Place.Branch, FilePath: d.Place.FilePath, Environment: d.Place.Environment,
		Surface: string(d.Place.Surface), SignalID: d.SignalID, EventType: d.EventType, Severity: d.Severity.String(),
	}
}

func actionOf(a action.Action) actionDTO {
	out := actionDTO{
		ActionID: string(a.ID), Type: a.Kind, PlaybookID: string(a.Playbook), PlaybookVersion: a.Version, Surfaces: a.Surfaces,
		Payload: payloadDTO{
			Title: a.Payload.Title, Body: a.Payload.Body, Rationale: a.Payload.Rationale,
			EvidenceLinks: append([]string{}, a.Payload.EvidenceLinks...), BaselineComparison: a.Payload.BaselineComparison,
			WhyRelevant: a.Payload.WhyRelevant, DualChannelRequired: a.Payload.DualChannelRequired,
		},
		Presentations:   make(map[intervention.Surface]any, len(a.Presentations)),
		RequiresConsent: a.RequiresConsent, RequiresDualChannel: a.RequiresDualChannel, Dismissible: true,
		ExpiresAt: a.ExpiresAt.UTC(),
	}
	for surface, p := range a.Presentations {
		out.Presentations[surface] = presentationOf(surface, p)
	}
	return out
}

func presentationOf(surface intervention.Surface, p action.Presentation) any {
	switch surface {
	case intervention.CI:
		return summary{p.Variant, p.Text, note{p.Title, p.Body}, p.Controls}
	case intervention.Alert:
		return line{p.Variant, p.Text, p.Body, p.Controls}
	case intervention.IDE:
	}
	return pill{p.Variant, p.Text, titled{p.Title, p.Body}, p.Controls}
}

func suppressionOf(s suppression.Suppression) suppressionDTO {
	out := suppressionDTO{
		PlaybookID: string(s.Playbook), PlaybookVersion: s.Version, ActionIndex: s.ActionIndex, ActionType: string(s.Kind),
		Stage: string(s.Stage), Reason: string(s.Reason), Detail: detailDTO{s.Detail.Observed, s.Detail.Limit},
	}
	if s.EligibleAt != nil {
		at := s.EligibleAt.UTC()
		out.EligibleAt = &at
	}
	return out
}
