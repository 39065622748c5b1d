package signal_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/signal"
)

func TestVocabulary_spellsOutEveryCombination(t *testing.T) {
	t.Parallel()
	// 5x6 ci, 6 pr, 3 review, 2 code, 2 deploy, 2 incident, 4x2 security, 2 issue, 1 release.
	require.Len(t, signal.EventTypes(), 30+6+3+2+2+2+8+2+1)
	require.IsIncreasing(t, signal.EventTypes())
}

func TestKnownAndMetricType(t *testing.T) {
	t.Parallel()
	for eventType, want := range map[string]string{
		"ci.run.failed":                "ci.run.failed",
		"ci.test.action_required":      "ci.test.action_required",
		"pr.ready":                     "pr.ready",
		"review.changes_requested":     "review.changes_requested",
		"code.force_pushed":            "code.force_pushed",
		"security.finding.fixed":       "security.finding.fixed",
		"release.tagged":               "release.tagged",
		"ubi.focus.context_switching":  signal.MetricUBI,
		"ubi.focus":                    signal.MetricOther,
		"ubi.focus.a.b":                signal.MetricOther,
		"ubi..x":                       signal.MetricOther,
		"ci.run.failure":               signal.MetricOther,
		"ci.run":                       signal.MetricOther,
		"ci.{run,suite}.failed":        signal.MetricOther,
		"pull_request.synchronize":     signal.MetricOther,
		"":                             signal.MetricOther,
		"code. pushed":                 signal.MetricOther,
		"ci.deployment.failed":         signal.MetricOther,
		"Code.Pushed":                  signal.MetricOther,
		"custom.thing.that.a.caller.x": signal.MetricOther,
	} {
		require.Equal(t, want, signal.MetricType(eventType), "label of %q", eventType)
		require.Equal(t, want != signal.MetricOther, signal.Known(eventType), "Known(%q)", eventType)
	}
}
