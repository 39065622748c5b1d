package signal_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/signal"
)

func TestClampTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		at   time.Time
		want time.Time
		ok   bool
	}{
		"absent means now":              {time.Time{}, now, true},
		"the past stays":                {now.AddDate(-5, 0, 0), now.AddDate(-5, 0, 0), true},
		"now stays":                     {now, now, true},
		"a little ahead counts as now":  {now.Add(time.Nanosecond), now, true},
		"five minutes ahead still does": {now.Add(5 * time.Minute), now, true},
		"more is refused":               {now.Add(5*time.Minute + 1), now.Add(5*time.Minute + 1), false},
	} {
		got, ok := signal.ClampTime(c.at, now)
		require.Equal(t, c.ok, ok, name)
		require.Equal(t, c.want, got, name)
	}
}

func TestMatchType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, eventType string
		want               bool
	}{
		{"ci.run.failed", "ci.run.failed", true},
		{"ci.run.failed", "ci.run.failed.x", false},
		{"ci.*", "ci.run.failed", true},
		{"ci.run.*", "ci.run.failed", true},
		{"ci.*", "ci", false},
		{"ci.*", "ci.", false},
		{"ci.*", "cix.run", false},
		{"ci.run.*", "ci.suite.failed", false},
		{"ci*", "ci.run", false},
		{"", "", true},
	} {
		require.Equal(t, c.want, signal.MatchType(c.pattern, c.eventType), "%q on %q", c.pattern, c.eventType)
	}
}

func TestMatchType_aStarStandsForAnythingBehindTheDot(t *testing.T) {
	t.Parallel()
	word := rapid.StringMatching(`[a-z]{1,3}`)
	rapid.Check(t, func(t *rapid.T) {
		event := strings.Join(rapid.SliceOfN(word, 1, 4).Draw(t, "event"), ".")
		head := strings.Join(rapid.SliceOfN(word, 1, 3).Draw(t, "head"), ".")
		want := strings.HasPrefix(event, head+".")
		if got := signal.MatchType(head+".*", event); got != want {
			t.Fatalf("MatchType(%q, %q) = %v; want %v", head+".*", event, got, want)
		}
	})
}

func TestPayload_service(t *testing.T) {
	t.Parallel()
	require.Equal(t, "checkout", signal.Payload{"service": "checkout"}.Service())
	require.Empty(t, signal.Payload{"service": int64(1)}.Service())
	require.Empty(t, signal.Payload(nil).Service())
}
