package receipt_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/safety"
)

func TestForDecision_saysWhatTheSafetyCheckMadeOfIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		generated []safety.Verdict
		result    string
		score     int64
		flags     []string
		passed    bool
	}{
		"templates only": {nil, "not_generated", 0, []string{}, true},
		"a pass":         {[]safety.Verdict{safety.Passed()}, "pass", 0, []string{}, true},
		"a warning":      {[]safety.Verdict{safety.Passed(), safety.Flagged(safety.Transformed)}, "warn", 400, []string{"transformed"}, true},
		"a fail":         {[]safety.Verdict{safety.Flagged(safety.Transformed), safety.Flagged(safety.Invented)}, "fail", 500, []string{"transformed", "unsupported_fact"}, false},
		"no verdict":     {[]safety.Verdict{{}}, "fail", 0, []string{}, false},
	} {
		d := decision.Decision{ID: "d", Tenant: "acme", ActorType: actor.Human}
		for i, v := range c.generated {
			d.Generated = append(d.Generated, decision.Generated{Playbook: "p", Version: 1, ActionIndex: i, Verdict: v})
		}
		doc, err := receipt.ForDecision(d, receipt.Stamp{
			ID: "01930000-0000-7000-8000-000000000001", At: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC),
		}, "ref")
		require.NoError(t, err)
		got := doc.Result()
		require.Equal(t, c.result, got["safety_result"], name)
		require.EqualValues(t, c.score, got["risk_score"], name)
		require.Equal(t, fmt.Sprint(c.flags), fmt.Sprint(got["risk_flags"]), name)
		require.Equal(t, c.passed, got["safety_checks_passed"], name)
	}
}

func TestFlags_passTheEvidenceServicesScan(t *testing.T) {
	t.Parallel()
	for _, k := range safety.Flags() {
		in := map[string]any{"risk_flags": []string{string(k.Flag)}}
		require.Equal(t, in, receipt.Scan(in), "a flag that would be hashed says nothing to anybody")
	}
}
