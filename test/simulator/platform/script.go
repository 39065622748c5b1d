package platform

import (
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/alerting"
	"github.com/zeroui/mmm-engine/test/simulator/eris"
	"github.com/zeroui/mmm-engine/test/simulator/governance"
	"github.com/zeroui/mmm-engine/test/simulator/health"
	"github.com/zeroui/mmm-engine/test/simulator/iam"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
	"github.com/zeroui/mmm-engine/test/simulator/llm"
	"github.com/zeroui/mmm-engine/test/simulator/policy"
	"github.com/zeroui/mmm-engine/test/simulator/ubi"
)

const (
	// tenantUUID is under what policy and standards know the tenant.
	tenantUUID = "5b1f0a52-6a6e-4c0d-9d4e-8f6a2c7e1b30"
	// alertingSecret signs the engine's tokens for the alerting service. It guards nothing.
	alertingSecret = "a-secret-that-guards-nothing-but-a-demo"
	// Rephrased is what the model says, whatever it is asked. It holds no number and no name, so that it is true of any facts.
	Rephrased = "What did you see that made you take it back? A line on it in the message, and a test that would have seen it, " +
		"help whoever tries next."
)

// part is a service and how it is started.
type part struct {
	Service

	start func(p *Platform, o Options, now func() time.Time) (*simulator.Server, error)
}

// script is all services, in the order in which circuits are listed.
func script() []part {
	return []part{
		{Service{Name: "iam", What: "which tokens were revoked", Liveness: iam.HealthPath}, startIAM},
		{Service{Name: "policy", What: "which kinds of action are allowed", Liveness: policy.Health}, startPolicy},
		{Service{Name: "standards", What: "which kinds gold standards restrict", Liveness: policy.Health}, startStandards},
		{Service{Name: "governance", What: "data protection: quiet hours, retention", Liveness: governance.Health}, startGovernance},
		{Service{Name: "ubi", What: "behaviour signals of the actor", Liveness: ubi.Health}, startUBI},
		{Service{Name: "health", What: "whether this is a moment for doing work", Liveness: health.Healthz}, startHealth},
		{Service{Name: "llm", What: "other words for a Mentor's text", Liveness: llm.Health}, startLLM},
		{Service{Name: "eris", What: "where receipts are sent", Liveness: eris.HealthPath}, startERIS},
		{Service{Name: "alerting", What: "where urgent actions are sent", Liveness: alerting.Healthz}, startAlerting},
	}
}

func startIAM(p *Platform, _ Options, _ func() time.Time) (*simulator.Server, error) {
	key, err := issuer.NewKey("demo-1", issuer.ES256)
	if err != nil {
		return nil, err
	}
	p.iam = iam.New(key)
	return simulator.Start("iam", p.iam)
}

// startPolicy needs no rules: what has none is allowed.
func startPolicy(*Platform, Options, func() time.Time) (*simulator.Server, error) {
	s, err := policy.Start()
	if err != nil {
		return nil, err
	}
	return s.Server, nil
}

// startStandards gives the tenant one standard, of which no rule is for the engine.
func startStandards(*Platform, Options, func() time.Time) (*simulator.Server, error) {
	s, err := policy.Start()
	if err != nil {
		return nil, err
	}
	s.Keep(tenantUUID, policy.Standard{
		ID: "std-review", Name: "mmm", Framework: "custom", Version: "1.0.0",
		Rules: []map[string]any{{"type": "review.required", "reviewers": 1}},
	})
	return s.Server, nil
}

func startGovernance(*Platform, Options, func() time.Time) (*simulator.Server, error) {
	s, err := governance.Start()
	if err != nil {
		return nil, err
	}
	return s.Server, nil
}

// startUBI gives each of the people a few signals of the last hours.
func startUBI(_ *Platform, o Options, now func() time.Time) (*simulator.Server, error) {
	s, err := ubi.Start(now)
	if err != nil {
		return nil, err
	}
	kinds := []ubi.Signal{
		{Dimension: "flow", Type: "opportunity", Severity: "INFO"},
		{Dimension: "activity", Type: "risk", Severity: "WARN"},
		{Dimension: "collaboration", Type: "informational", Severity: "INFO"},
	}
	for i, who := range o.People {
		for n := range 1 + i%len(kinds) {
			one := kinds[n]
			one.ID, one.Of = fmt.Sprintf("ubi-%s-%d", who, n+1), who
			one.Updated = now().Add(-time.Duration(n+1) * time.Hour)
			s.Add(o.Tenant, one)
		}
	}
	return s.Server, nil
}

// startHealth says that all is well, of everybody.
func startHealth(_ *Platform, _ Options, now func() time.Time) (*simulator.Server, error) {
	s, err := health.Start(now)
	if err != nil {
		return nil, err
	}
	return s.Server, nil
}

func startLLM(_ *Platform, _ Options, now func() time.Time) (*simulator.Server, error) {
	s, err := llm.Start(now)
	if err != nil {
		return nil, err
	}
	s.Say(llm.Answer{Content: Rephrased})
	return s.Server, nil
}

func startERIS(_ *Platform, _ Options, now func() time.Time) (*simulator.Server, error) {
	s, err := eris.Start(now)
	if err != nil {
		return nil, err
	}
	return s.Server, nil
}

func startAlerting(_ *Platform, _ Options, now func() time.Time) (*simulator.Server, error) {
	s, err := alerting.Start(alertingSecret, now)
	if err != nil {
		return nil, err
	}
	return s.Server, nil
}
