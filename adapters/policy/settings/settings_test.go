package settings_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/policy/settings"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

var _ ports.PolicySource = (*settings.Source)(nil)

func TestSource_allowsAndIsNeverStale(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	clock := fake.NewClock(now)
	s, err := settings.New(clock).Snapshot(t.Context(), "acme", 0)
	require.NoError(t, err)
	want := policy.Snapshot{Allowed: true, ID: "settings", VersionIDs: []string{}, FetchedAt: now, Local: true}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
	require.Equal(t, policy.Fresh, s.Freshness(now.Add(1000*time.Hour), policy.Ages{}))
}

func TestSource_givesNothingToWhoHasGone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := settings.New(fake.NewClock(time.Time{})).Snapshot(ctx, "acme", 0)
	require.Equal(t, fault.Canceled, fault.KindOf(err))
	require.False(t, s.Allowed)
}

// A busy machine may have used up a decision's patience before its policy is asked for, and nobody is waited for here.
func TestSource_needsNoTime(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	s, err := settings.New(fake.NewClock(time.Unix(1, 0))).Snapshot(ctx, "acme", 0)
	require.NoError(t, err)
	require.True(t, s.Allowed)
}
