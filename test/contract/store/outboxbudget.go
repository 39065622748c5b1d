package store

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/ports"
)

// OwedBudget proves ports.OwedBudget. s needs Decisions and Answer besides it.
func OwedBudget(t *testing.T, open func(t *testing.T) (Stores, ports.OwedBudget)) {
	t.Helper()
	t.Run("what a decision took comes back as it was taken", func(t *testing.T) {
		t.Parallel()
		s, owed := open(t)
		r := Record(t, acme)
		s.SetNow(start())
		_, err := s.Decisions.Record(t.Context(), acme, r)
		require.NoError(t, err)
		shown := r.Decision.Actions[0]
		taken, closed, err := owed.Taken(t.Context(), acme, r.Decision.ID)
		require.NoError(t, err)
		require.Empty(t, closed)
		require.Len(t, taken, 1)
		require.Equal(t, acme, taken[0].Ask.Tenant)
		require.Equal(t, person, taken[0].Ask.Actor)
		require.Equal(t, []fatigue.Entry{{
			Action: string(shown.ID), Decision: string(r.Decision.ID), Playbook: shown.Playbook, Repo: "shop", DedupKey: "0f0f",
			At: shown.ReservedAt, OpenUntil: shown.ExpiresAt, Override: true,
		}}, taken[0].Entries(fatigue.Entry{}.LeaseUntil))

		s.Answer(t, acme, string(shown.ID), "dismissed", start())
		_, closed, err = owed.Taken(t.Context(), acme, r.Decision.ID)
		require.NoError(t, err)
		require.Equal(t, []string{string(shown.ID)}, closed, "it would be open again")
	})
	t.Run("a decision that shows nothing, or is another's, took nothing", func(t *testing.T) {
		t.Parallel()
		s, owed := open(t)
		s.SetNow(start())
		silent := Record(t, acme, func(r *ports.Record) { r.Decision.Actions = nil })
		shown := Record(t, other)
		for _, r := range []ports.Record{silent, shown} {
			_, err := s.Decisions.Record(t.Context(), r.Decision.Tenant, r)
			require.NoError(t, err)
		}
		for _, id := range []decision.ID{silent.Decision.ID, shown.Decision.ID, decision.ID(newID())} {
			taken, closed, err := owed.Taken(t.Context(), acme, id)
			require.NoError(t, err)
			require.Empty(t, taken)
			require.Empty(t, closed)
		}
	})
}
