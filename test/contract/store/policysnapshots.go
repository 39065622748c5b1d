package store

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// PolicySnapshots proves ports.PolicySnapshots.
func PolicySnapshots(t *testing.T, open func(t *testing.T) ports.PolicySnapshots) {
	t.Helper()
	at := func(seconds int) time.Time { return start().Add(time.Duration(seconds) * time.Second) }
	snapshot := func(id string, seconds int) policy.Snapshot {
		return policy.Snapshot{
			Allowed: true, ID: id, VersionIDs: []string{"mmm", "std@3"},
			Restrictions: []intervention.Kind{intervention.Multiplier}, FetchedAt: at(seconds),
		}
	}
	want := func(t *testing.T, s ports.PolicySnapshots, of tenant.ID, want ports.StoredSnapshot) {
		t.Helper()
		got, err := s.Load(t.Context(), of)
		require.NoError(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("snapshot of %s (-want +got):\n%s", of, diff)
		}
	}
	outdated := func(s policy.Snapshot) policy.Snapshot { s.Outdated = true; return s }

	t.Run("nothing is kept, then what was saved, for its tenant only", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		_, err := s.Load(t.Context(), acme)
		wantKind(t, err, fault.NotFound, "Load of nothing")
		require.NoError(t, s.Save(t.Context(), acme, ports.StoredSnapshot{Snapshot: snapshot("one", 0)}))
		want(t, s, acme, ports.StoredSnapshot{Snapshot: snapshot("one", 0)})
		_, err = s.Load(t.Context(), other)
		wantKind(t, err, fault.NotFound, "Load of another tenant")

		refused := policy.Snapshot{ID: "two", FetchedAt: at(1)}
		require.NoError(t, s.Save(t.Context(), other, ports.StoredSnapshot{Snapshot: refused}))
		want(t, s, other, ports.StoredSnapshot{Snapshot: refused})
		want(t, s, acme, ports.StoredSnapshot{Snapshot: snapshot("one", 0)})
	})
	t.Run("a newer one takes the place of an older one, and never the other way round", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		for i, step := range []struct{ save, kept policy.Snapshot }{
			{snapshot("b", 10), snapshot("b", 10)},
			{snapshot("a", 9), snapshot("b", 10)},
			{snapshot("c", 11), snapshot("c", 11)},
			{snapshot("same time", 11), snapshot("same time", 11)},
		} {
			require.NoError(t, s.Save(t.Context(), acme, ports.StoredSnapshot{Snapshot: step.save}), i)
			want(t, s, acme, ports.StoredSnapshot{Snapshot: step.kept})
		}
	})
	t.Run("of many at once the newest stays", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		next := make(chan int, 64)
		for i := range 64 {
			next <- i * 37 % 64
		}
		saved := race(func() error {
			n := <-next
			return s.Save(t.Context(), acme, ports.StoredSnapshot{Snapshot: snapshot(fmt.Sprint(n), n)})
		})
		require.Equal(t, 64, saved)
		want(t, s, acme, ports.StoredSnapshot{Snapshot: snapshot("63", 63)})
	})
	t.Run("an epoch marks what is kept, and stays", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		require.NoError(t, s.Save(t.Context(), acme, ports.StoredSnapshot{Snapshot: snapshot("one", 0)}))
		require.NoError(t, s.Outdate(t.Context(), acme, "e1"))
		want(t, s, acme, ports.StoredSnapshot{Snapshot: outdated(snapshot("one", 0)), Epoch: "e1"})
		_, err := s.Load(t.Context(), other)
		wantKind(t, err, fault.NotFound, "Load of another tenant")

		steps := []struct {
			save ports.StoredSnapshot
			kept policy.Snapshot
			why  string
		}{
			{ports.StoredSnapshot{Snapshot: snapshot("two", 1)}, outdated(snapshot("two", 1)), "fetched before the epoch"},
			{ports.StoredSnapshot{Snapshot: snapshot("two", 1), Epoch: "e0"}, outdated(snapshot("two", 1)), "fetched under another epoch"},
			{ports.StoredSnapshot{Snapshot: outdated(snapshot("two", 2)), Epoch: "e1"}, outdated(snapshot("two", 2)), "outdated itself"},
			{ports.StoredSnapshot{Snapshot: snapshot("two", 1), Epoch: "e1"}, outdated(snapshot("two", 2)), "older"},
			{ports.StoredSnapshot{Snapshot: snapshot("three", 3), Epoch: "e1"}, snapshot("three", 3), "fetched under the epoch"},
		}
		for _, step := range steps {
			require.NoError(t, s.Save(t.Context(), acme, step.save), step.why)
			want(t, s, acme, ports.StoredSnapshot{Snapshot: step.kept, Epoch: "e1"})
		}
		require.NoError(t, s.Outdate(t.Context(), acme, "e2"))
		want(t, s, acme, ports.StoredSnapshot{Snapshot: outdated(snapshot("three", 3)), Epoch: "e2"})
	})
	t.Run("an epoch where nothing is kept", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		require.NoError(t, s.Outdate(t.Context(), acme, "e1"))
		want(t, s, acme, ports.StoredSnapshot{Epoch: "e1"})
		require.NoError(t, s.Save(t.Context(), acme, ports.StoredSnapshot{Snapshot: snapshot("one", 0)}))
		want(t, s, acme, ports.StoredSnapshot{Snapshot: outdated(snapshot("one", 0)), Epoch: "e1"})
	})
	t.Run("a snapshot under an epoch that was never kept is outdated", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		require.NoError(t, s.Save(t.Context(), acme, ports.StoredSnapshot{Snapshot: snapshot("one", 0), Epoch: "lost"}))
		want(t, s, acme, ports.StoredSnapshot{Snapshot: outdated(snapshot("one", 0))})
	})
	t.Run("a cancelled caller gets its own error", func(t *testing.T) {
		t.Parallel()
		s := open(t)
		cancelled(t, map[string]func(context.Context) error{
			"Load": func(ctx context.Context) error { _, err := s.Load(ctx, acme); return err },
			"Save": func(ctx context.Context) error {
				return s.Save(ctx, acme, ports.StoredSnapshot{Snapshot: snapshot("one", 0)})
			},
			"Outdate": func(ctx context.Context) error { return s.Outdate(ctx, acme, "e1") },
		})
	})
}
