package receipt_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/receipt"
)

func TestForReset_saysWhatTheCircuitWas(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	stamp := receipt.Stamp{ID: "019b0000-0000-7000-8000-000000000001", At: noon}
	for name, tc := range map[string]struct {
		openedAt time.Time
		before   map[string]any
	}{
		"open":   {noon, map[string]any{"state": "open", "failures": int64(5), "opened_at": "2026-11-21T12:00:00.000Z"}},
		"closed": {time.Time{}, map[string]any{"state": "open", "failures": int64(5)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := receipt.ForReset(receipt.Reset{
				Tenant: "acme", Circuit: "eris", ActorRef: "aa", State: "open", Failures: 5, OpenedAt: tc.openedAt,
			}, stamp)
			require.NoError(t, err)
			require.Equal(t, receipt.KindBreaker, doc.Kind())
			want := map[string]any{"kind": "breaker", "object": "circuit/eris", "verb": "reset", "actor_ref": "aa", "before": tc.before}
			if diff := cmp.Diff(want, doc.Inputs()); diff != "" {
				t.Errorf("inputs (-want +got):\n%s", diff)
			}
		})
	}
}
