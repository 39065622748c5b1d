package platform

import (
	"errors"
	"strconv"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	sourceModule = "mmm_engine"
	category     = "mmm_nudge"
	subject      = "mmm-engine"
	tokenLife    = 5 * time.Minute
	// unknown is the environment of an action that has none; the service wants one.
	unknown = "unknown"
)

// body is an alert as the service takes it. It has no field for hooks, because those start automation.
type body struct {
	AlertID      string            `json:"alert_id"`
	TenantID     string            `json:"tenant_id"`
	SourceModule string            `json:"source_module"`
	Plane        string            `json:"plane"`
	Environment  string            `json:"environment"`
	ComponentID  string            `json:"component_id"`
	Severity     string            `json:"severity"`
	Category     string            `json:"category"`
	Summary      string            `json:"summary"`
	Description  string            `json:"description,omitempty"`
	Labels       map[string]string `json:"labels"`
	StartedAt    string            `json:"started_at"`
	DedupKey     string            `json:"dedup_key"`
	PolicyRefs   []string          `json:"policy_refs,omitempty"`
}

func (x *Dispatcher) body(d ports.Delivery) body {
	a := d.Action
	out := body{
		AlertID: string(a.ID), TenantID: string(d.Tenant), SourceModule: sourceModule, Plane: x.config.Plane,
		Environment: d.Place.Environment, ComponentID: x.config.ComponentID, Severity: x.config.Severity[d.Severity],
		Category: category, Summary: a.Payload.Title, Description: a.Payload.Body,
		Labels: map[string]string{
			"decision_id": string(d.Decision), "action_type": string(a.Kind), "requires_consent": strconv.FormatBool(a.RequiresConsent),
		},
		StartedAt: httpclient.Timestamp(d.DecidedAt),
		// The service looks for duplicates over all tenants and modules, so the key says whose it is.
		DedupKey: "mmm:" + string(d.Tenant) + ":" + string(a.Playbook) + ":" + d.Place.RepoID,
	}
	if out.Environment == "" {
		out.Environment = unknown
	}
	if d.PolicySnapshotID != "" {
		out.PolicyRefs = []string{d.PolicySnapshotID}
	}
	return out
}

// token signs who speaks for which tenant.
func (x *Dispatcher) token(t tenant.ID) (string, error) {
	secret := x.config.Secret()
	if secret == "" {
		return "", errors.New("there is no secret")
	}
	now := x.config.Clock.Now()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": subject, "tenant_id": string(t), "iat": now.Unix(), "exp": now.Add(tokenLife).Unix(),
	}).SignedString([]byte(secret))
}

// answer is what we need to know of the service's: that it has an alert.
type answer struct {
	AlertID string `json:"alert_id"`
}

// Check implements the client's question whether the answer is complete.
func (a answer) Check() error {
	if a.AlertID == "" {
		return errors.New("the answer names no alert")
	}
	return nil
}
