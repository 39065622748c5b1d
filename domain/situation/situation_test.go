package situation_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
)

var now = time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

func with(present string, at time.Time, events ...situation.Event) *situation.Situation {
	return &situation.Situation{
		Now: now, HasSignal: true, Signal: signal.Signal{EventType: present, OccurredAt: at}, Recent: situation.NewRecent(events),
	}
}

func TestRecentCount_windowIsOpenAtItsOldEnd(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		at   time.Time
		want int
	}{
		"a day and a moment ago": {ago(24*time.Hour + 1), 0},
		"exactly a day ago":      {ago(24 * time.Hour), 0},
		"just within":            {ago(24*time.Hour - 1), 1},
		"now":                    {now, 1},
		"ahead of now":           {now.Add(1), 0},
	} {
		s := with("pr.opened", now, situation.Event{Type: "ci.run.failed", At: c.at})
		require.Equal(t, c.want, s.RecentCount("ci.run.failed", 24*time.Hour), name)
		require.Equal(t, c.want, s.RecentCount("ci.*", 24*time.Hour), name)
	}
}

func TestRecentCount_eventsOfOneMomentAreEachCounted(t *testing.T) {
	t.Parallel()
	e := situation.Event{Type: "ci.run.failed", At: ago(time.Hour)}
	require.Equal(t, 4, with("ci.run.failed", e.At, e, e, e).RecentCount("ci.run.failed", 2*time.Hour), "three and the present one")
}

func TestRecentCount_thePresentSignalAlwaysCounts(t *testing.T) {
	t.Parallel()
	for _, at := range []time.Time{now, ago(30 * 24 * time.Hour), now.Add(time.Minute), {}} {
		s := with("ci.run.failed", at)
		require.Equal(t, 1, s.RecentCount("ci.run.failed", time.Minute), at)
		require.Equal(t, 1, s.RecentCount("ci.*", time.Minute), at)
		require.Zero(t, s.RecentCount("pr.*", time.Minute), "of another type")
	}
	s := with("ci.run.failed", now)
	s.HasSignal = false
	require.Zero(t, s.RecentCount("ci.run.failed", time.Minute), "there is no present signal")
}

func TestRecentCount_isThatOfCountingOneByOne(t *testing.T) {
	t.Parallel()
	types := []string{"ci.run.failed", "ci.job.failed", "ci.run", "pr.opened", "ci"}
	patterns := []string{"ci.run.failed", "ci.*", "ci.run.*", "pr.*", "pr.opened", "issue.*", "ci"}
	rapid.Check(t, func(t *rapid.T) {
		var events []situation.Event
		for i := range rapid.IntRange(0, 30).Draw(t, "n") {
			events = append(events, situation.Event{
				Type: rapid.SampledFrom(types).Draw(t, fmt.Sprint("type", i)),
				At:   ago(time.Duration(rapid.IntRange(-2, 12).Draw(t, fmt.Sprint("ago", i))) * time.Minute),
			})
		}
		s := with(rapid.SampledFrom(types).Draw(t, "present"), now, events...)
		pattern := rapid.SampledFrom(patterns).Draw(t, "pattern")
		window := time.Duration(rapid.IntRange(1, 12).Draw(t, "window")) * time.Minute
		want := 0
		for _, e := range events {
			if signal.MatchType(pattern, e.Type) && e.At.After(now.Add(-window)) && !e.At.After(now) {
				want++
			}
		}
		if signal.MatchType(pattern, s.Signal.EventType) {
			want++
		}
		if got := s.RecentCount(pattern, window); got != want {
			t.Fatalf("RecentCount(%q, %s) = %d; want %d", pattern, window, got, want)
		}
	})
}

func TestNewRecent_ordersByTime(t *testing.T) {
	t.Parallel()
	r := situation.NewRecent([]situation.Event{{Type: "a", At: now}, {Type: "a", At: ago(time.Hour)}, {Type: "b", At: now}})
	require.Equal(t, map[string][]time.Time{"a": {ago(time.Hour), now}, "b": {now}}, r.ByType())
}

func fires(service, key string, at time.Time) situation.Incident {
	return situation.Incident{Service: service, Key: key, Firing: true, At: at}
}

func ends(service, key string, at time.Time) situation.Incident {
	return situation.Incident{Service: service, Key: key, At: at}
}

func TestIncidentFiring(t *testing.T) {
	t.Parallel()
	const h = time.Hour
	for name, c := range map[string]struct {
		events []situation.Incident
		want   bool
	}{
		"nothing is known":                {nil, false},
		"one fires":                       {[]situation.Incident{fires("pay", "a", ago(h))}, true},
		"another service's":               {[]situation.Incident{fires("mail", "a", ago(h))}, false},
		"a day old":                       {[]situation.Incident{fires("pay", "a", ago(24*h))}, false},
		"just within a day":               {[]situation.Incident{fires("pay", "a", ago(24*h-1))}, true},
		"ahead of the decision's clock":   {[]situation.Incident{fires("pay", "a", now.Add(1))}, false},
		"resolved":                        {[]situation.Incident{fires("pay", "a", ago(2*h)), ends("pay", "a", ago(h))}, false},
		"resolved at the same moment":     {[]situation.Incident{fires("pay", "a", ago(h)), ends("pay", "a", ago(h))}, false},
		"told out of order":               {[]situation.Incident{ends("pay", "a", ago(h)), fires("pay", "a", ago(2*h))}, false},
		"resolved before it fired":        {[]situation.Incident{ends("pay", "a", ago(2*h)), fires("pay", "a", ago(h))}, true},
		"fired again":                     {[]situation.Incident{fires("pay", "a", ago(3*h)), ends("pay", "a", ago(2*h)), fires("pay", "a", ago(h))}, true},
		"another alert was resolved":      {[]situation.Incident{fires("pay", "a", ago(2*h)), ends("pay", "b", ago(h))}, true},
		"resolved without a key: all are": {[]situation.Incident{fires("pay", "a", ago(2*h)), fires("pay", "b", ago(2*h)), ends("pay", "", ago(h))}, false},
		"one of two resolved":             {[]situation.Incident{fires("pay", "a", ago(2*h)), fires("pay", "b", ago(2*h)), ends("pay", "a", ago(h))}, true},
		"another service was resolved":    {[]situation.Incident{fires("pay", "a", ago(2*h)), ends("mail", "a", ago(h))}, true},
		"resolved only later":             {[]situation.Incident{fires("pay", "a", ago(h)), ends("pay", "a", now.Add(1))}, true},
	} {
		s := with("ci.run.failed", now)
		s.Incidents = situation.NewIncidents(c.events)
		require.Equal(t, c.want, s.IncidentFiring("pay"), name)
	}
}

func TestIncidentFiring_thePresentSignalCounts(t *testing.T) {
	t.Parallel()
	present := func(eventType, key string, at time.Time, before ...situation.Incident) bool {
		s := with(eventType, at)
		s.Signal.Payload, s.Signal.DedupKey = signal.Payload{"service": "pay"}, key
		s.Incidents = situation.NewIncidents(before)
		require.False(t, s.IncidentFiring("mail"), "of another service")
		got := s.IncidentFiring("pay")
		require.Len(t, s.Incidents.Events(), len(before), "asking must not change what is known")
		return got
	}
	require.True(t, present(situation.Firing, "a", now))
	require.True(t, present(situation.Firing, "a", ago(48*time.Hour)), "whatever its own time")
	require.False(t, present(situation.Resolved, "a", now))
	require.False(t, present(situation.Resolved, "a", now, fires("pay", "a", ago(time.Hour))))
	require.True(t, present(situation.Resolved, "b", now, fires("pay", "a", ago(time.Hour))))
	require.False(t, present(situation.Firing, "a", ago(2*time.Hour), ends("pay", "a", ago(time.Hour))), "it came late: it was resolved already")
	require.False(t, present("ci.run.failed", "a", now))
}

func TestMerge_countsASignalThatCameBothWaysOnce(t *testing.T) {
	t.Parallel()
	own := []situation.Event{{Type: "ubi.risk.flow", At: ago(time.Hour)}, {Type: "ci.run.failed", At: ago(time.Hour)}}
	beside := []situation.Event{
		{Type: "ubi.risk.flow", At: ago(time.Hour).In(time.FixedZone("x", 3600))},
		{Type: "ubi.risk.flow", At: ago(2 * time.Hour)},
		{Type: "ubi.risk.flow", At: ago(2 * time.Hour)},
	}
	got := situation.Merge(own, beside)
	require.Len(t, got, 3)
	require.Equal(t, own, got[:2], "what the engine has seen itself stays as it is")
	require.Equal(t, 2, with("pr.opened", now, got...).RecentCount("ubi.*", 24*time.Hour))
	require.Equal(t, own, situation.Merge(own, nil))
}
