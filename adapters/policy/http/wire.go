package http

import "github.com/zeroui/mmm-engine/infrastructure/jsonfields"

// question is one evaluation as the service reads it. There is no principal in it: a snapshot is about a tenant, not a person.
type question struct {
	Context  subject `json:"context"`
	Action   string  `json:"action"`
	TenantID string  `json:"tenant_id"`
}

// subject is under what the service keeps its answer.
type subject struct {
	TenantID    string `json:"tenant_id"`
	Environment string `json:"environment,omitempty"`
	Epoch       string `json:"mmm_epoch,omitempty"`
}

// verdict is the answer to a question.
type verdict struct {
	Decision   *string      `json:"decision"`
	Reason     string       `json:"reason"`
	Violations *[]violation `json:"violations"`
}

type violation struct {
	RuleID   string `json:"rule_id"`
	PolicyID string `json:"policy_id"`
	Type     string `json:"violation_type"`
	Severity string `json:"severity"`
}

// Check says whether the answer can be used. Without the list of violations nobody knows whether there were some.
func (v verdict) Check() error {
	switch {
	case v.Decision == nil:
		return jsonfields.Missing("decision")
	case v.Violations == nil:
		return jsonfields.Missing("violations")
	}
	_, err := decisionOf(*v.Decision)
	return err
}

// inForce is what the second design of the service says of the policy in force.
type inForce struct {
	SnapshotID string `json:"snapshot_id"`
	PolicyID   string `json:"policy_id"`
	Version    string `json:"version"`
}

// Check says whether the answer can be used.
func (f inForce) Check() error {
	if f.SnapshotID == "" {
		return jsonfields.Missing("snapshot_id")
	}
	return nil
}
