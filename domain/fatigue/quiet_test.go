package fatigue_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

func zone(t require.TestingT, name string) fatigue.Zone {
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return fatigue.Zone{Location: loc, Source: "preference"}
}

func span(start, end int) *tenant.QuietHours { return &tenant.QuietHours{Start: start, End: end} }

func TestHours_quiet(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	for _, c := range []struct {
		spans []*tenant.QuietHours
		local string
		want  bool
	}{
		{nil, "03:00", false},
		{[]*tenant.QuietHours{nil}, "03:00", false},
		{[]*tenant.QuietHours{span(3, 3)}, "03:30", false}, // start == end means none
		{[]*tenant.QuietHours{span(0, 0)}, "00:00", false},
		{[]*tenant.QuietHours{span(9, 17)}, "08:59", false},
		{[]*tenant.QuietHours{span(9, 17)}, "09:00", true},
		{[]*tenant.QuietHours{span(9, 17)}, "16:59", true},
		{[]*tenant.QuietHours{span(9, 17)}, "17:00", false}, // half-open
		{[]*tenant.QuietHours{span(22, 6)}, "21:59", false},
		{[]*tenant.QuietHours{span(22, 6)}, "22:00", true},
		{[]*tenant.QuietHours{span(22, 6)}, "00:00", true},
		{[]*tenant.QuietHours{span(22, 6)}, "05:59", true},
		{[]*tenant.QuietHours{span(22, 6)}, "06:00", false},
		{[]*tenant.QuietHours{span(22, 6), span(12, 13)}, "12:30", true}, // the union
		{[]*tenant.QuietHours{span(22, 6), span(12, 13)}, "13:00", false},
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", "2026-11-21 "+c.local, berlin.Location)
		require.NoError(t, err)
		if got := fatigue.NewHours(berlin, c.spans...).Quiet(at.UTC()); got != c.want {
			t.Errorf("Quiet(%s, %v) = %v; want %v", c.local, c.spans, got, c.want)
		}
	}
}

func TestHours_nextOpenAcrossClockChanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, zone, from, want string
		span                   *tenant.QuietHours
	}{
		{"an ordinary night", "Europe/Berlin", "2026-11-21T22:10:00+01:00", "2026-11-22T06:00:00+01:00", span(22, 6)},
		{"open already", "Europe/Berlin", "2026-11-21T12:00:00+01:00", "2026-11-21T12:00:00+01:00", span(22, 6)},
		{"the short night", "Europe/Berlin", "2026-03-28T23:30:00+01:00", "2026-03-29T06:00:00+02:00", span(22, 6)},
		{"the long night", "Europe/Berlin", "2026-10-24T23:30:00+02:00", "2026-10-25T06:00:00+01:00", span(22, 6)},
		{"its end is skipped", "Europe/Berlin", "2026-03-29T01:30:00+01:00", "2026-03-29T03:00:00+02:00", span(1, 2)},
		{"it is skipped as a whole", "Europe/Berlin", "2026-03-29T01:59:00+01:00", "2026-03-29T01:59:00+01:00", span(2, 3)},
		{"the hour comes twice", "Europe/Berlin", "2026-10-25T02:10:00+02:00", "2026-10-25T03:00:00+01:00", span(2, 3)},
		{"New York springs", "America/New_York", "2026-03-08T01:30:00-05:00", "2026-03-08T06:00:00-04:00", span(22, 6)},
		{"New York falls", "America/New_York", "2026-11-01T01:30:00-04:00", "2026-11-01T02:00:00-05:00", span(0, 2)},
		{"half an hour is skipped", "Australia/Lord_Howe", "2026-10-04T01:30:00+10:30", "2026-10-04T02:30:00+11:00", span(1, 2)},
		{"half an hour comes twice", "Australia/Lord_Howe", "2026-04-05T01:10:00+11:00", "2026-04-05T02:00:00+10:30", span(1, 2)},
		{"the change is not at a full hour", "Pacific/Chatham", "2026-04-05T03:10:00+13:45", "2026-04-05T02:45:00+12:45", span(3, 4)},
	} {
		h := fatigue.NewHours(zone(t, c.zone), c.span)
		from, err := time.Parse(time.RFC3339, c.from)
		require.NoError(t, err, c.name)
		got, ok := h.NextOpen(from.UTC())
		want, err := time.Parse(time.RFC3339, c.want)
		require.NoError(t, err, c.name)
		if !ok || !got.Equal(want) {
			t.Errorf("%s: NextOpen(%s, %v) = %v, %v; want %v", c.name, c.from, *c.span, got.In(want.Location()), ok, c.want)
		}
	}
}

func TestHours_neverOpen(t *testing.T) {
	t.Parallel()
	h := fatigue.NewHours(zone(t, "Europe/Berlin"), span(0, 12), span(12, 0))
	if at, ok := h.NextOpen(noon); ok {
		t.Errorf("NextOpen = %v; want none, all hours are quiet", at)
	}
}

// NextOpen is compared with what stepping through every minute finds, around the days on which clocks change.
func TestHours_nextOpenIsTheFirstOpenMinute(t *testing.T) {
	t.Parallel()
	around := map[string][]time.Time{ // the instants of change in 2026
		"Europe/Berlin":       {time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)},
		"America/New_York":    {time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC)},
		"Australia/Lord_Howe": {time.Date(2026, 4, 4, 15, 0, 0, 0, time.UTC), time.Date(2026, 10, 3, 15, 30, 0, 0, time.UTC)},
		"Pacific/Chatham":     {time.Date(2026, 4, 4, 14, 0, 0, 0, time.UTC), time.Date(2026, 9, 26, 14, 0, 0, 0, time.UTC)},
	}
	zones := map[string]fatigue.Zone{}
	for name := range around {
		zones[name] = zone(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Chatham"}).Draw(t, "zone")
		change := rapid.SampledFrom(around[name]).Draw(t, "change")
		from := change.Add(time.Duration(rapid.IntRange(-36*60, 12*60).Draw(t, "minutes")) * time.Minute)
		hour := rapid.IntRange(0, 23)
		h := fatigue.NewHours(zones[name], span(hour.Draw(t, "start"), hour.Draw(t, "end")), span(hour.Draw(t, "start2"), hour.Draw(t, "end2")))
		want, found := from, false
		for range 3 * 24 * 60 {
			if !h.Quiet(want) {
				found = true
				break
			}
			want = want.Add(time.Minute)
		}
		got, ok := h.NextOpen(from)
		if ok != found || (ok && !got.Equal(want)) {
			t.Fatalf("NextOpen(%v) = %v, %v; minute by minute %v, %v", from.In(zones[name].Location), got.In(zones[name].Location), ok, want.In(zones[name].Location), found)
		}
		if ok && h.Quiet(got) {
			t.Fatalf("NextOpen(%v) = %v, which is quiet", from, got)
		}
	})
}

func TestZoneOf(t *testing.T) {
	t.Parallel()
	berlin, york := "Europe/Berlin", "America/New_York"
	offset := -5*time.Hour - 30*time.Minute
	s := situation.Situation{Actor: actor.Actor{Type: actor.Human}}
	require.Equal(t, "UTC (default)", fatigue.ZoneOf(&s).String())
	s.Signal.UTCOffset = &offset
	require.Equal(t, "UTC-05:30 (event)", fatigue.ZoneOf(&s).String())
	s.Actor.Type = actor.AIAgent
	require.Equal(t, "UTC (default)", fatigue.ZoneOf(&s).String(), "an agent's offset proves nothing")
	s.Actor.Type = actor.Human
	s.Settings.Timezone = &york
	require.Equal(t, "America/New_York (tenant)", fatigue.ZoneOf(&s).String())
	s.Preferences.Timezone = &berlin
	require.Equal(t, "Europe/Berlin (preference)", fatigue.ZoneOf(&s).String())
}

func TestEligible(t *testing.T) {
	t.Parallel()
	night := fatigue.NewHours(fatigue.Zone{Location: time.UTC}, span(22, 6))
	always := fatigue.NewHours(fatigue.Zone{Location: time.UTC}, span(0, 12), span(12, 0))
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 11, day, hour, minute, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		verdict fatigue.Verdict
		hours   fatigue.Hours
		want    time.Time // zero: none
	}{
		"a limit lifts by day":           {fatigue.Verdict{Lifts: at(21, 15, 5)}, night, at(21, 15, 5)},
		"a limit lifts by night":         {fatigue.Verdict{Lifts: at(21, 23, 5)}, night, at(22, 6, 0)},
		"no quiet hours":                 {fatigue.Verdict{Lifts: at(21, 23, 5)}, fatigue.Hours{}, at(21, 23, 5)},
		"never":                          {fatigue.Verdict{Lifts: at(21, 15, 5), Overrides: at(21, 15, 5), Never: true}, night, time.Time{}},
		"nothing lifts":                  {fatigue.Verdict{}, night, time.Time{}},
		"always quiet":                   {fatigue.Verdict{Lifts: at(21, 15, 5)}, always, time.Time{}},
		"an override does not wait":      {fatigue.Verdict{Lifts: at(21, 23, 5), Overrides: at(21, 23, 5)}, night, at(21, 23, 5)},
		"an override where all is quiet": {fatigue.Verdict{Lifts: at(21, 23, 5), Overrides: at(22, 1, 0)}, always, at(22, 1, 0)},
		"morning is before the override": {fatigue.Verdict{Lifts: at(21, 23, 5), Overrides: at(22, 9, 0)}, night, at(22, 6, 0)},
	} {
		got := fatigue.Eligible(c.verdict, c.hours)
		switch {
		case got == nil && c.want.IsZero():
		case got == nil || !got.Equal(c.want):
			t.Errorf("%s: %v; want %v", name, got, c.want)
		}
	}
}

func TestRepetitive(t *testing.T) {
	t.Parallel()
	ignored := func(d time.Duration) fatigue.Fate { return fatigue.Fate{Playbook: "p", Ended: ago(d)} }
	heeded := fatigue.Fate{Playbook: "p", Heeded: true}
	open := fatigue.Fate{Playbook: "p", Ended: in(time.Hour)}
	for name, c := range map[string]struct {
		fates []fatigue.Fate
		want  time.Time
	}{
		"twice is no habit":           {[]fatigue.Fate{ignored(time.Hour), ignored(2 * time.Hour)}, time.Time{}},
		"three times":                 {[]fatigue.Fate{ignored(time.Hour), ignored(2 * time.Hour), ignored(3 * time.Hour)}, in(7*days - time.Hour)},
		"open ones say nothing":       {[]fatigue.Fate{open, ignored(time.Hour), ignored(2 * time.Hour), ignored(3 * time.Hour)}, in(7*days - time.Hour)},
		"one heeded since":            {[]fatigue.Fate{heeded, ignored(time.Hour), ignored(2 * time.Hour), ignored(3 * time.Hour)}, time.Time{}},
		"one heeded in between":       {[]fatigue.Fate{ignored(time.Hour), heeded, ignored(2 * time.Hour), ignored(3 * time.Hour)}, time.Time{}},
		"one heeded before":           {[]fatigue.Fate{ignored(time.Hour), ignored(2 * time.Hour), ignored(3 * time.Hour), heeded}, in(7*days - time.Hour)},
		"rest is over":                {[]fatigue.Fate{ignored(7 * days), ignored(8 * days), ignored(9 * days)}, time.Time{}},
		"another playbook in between": {[]fatigue.Fate{ignored(time.Hour), {Playbook: "q", Heeded: true}, ignored(2 * time.Hour), ignored(3 * time.Hour)}, in(7*days - time.Hour)},
	} {
		want := map[string]time.Time{}
		if !c.want.IsZero() {
			want["p"] = c.want
		}
		if got := fatigue.Repetitive(c.fates, noon); len(got) != len(want) || !got["p"].Equal(want["p"]) {
			t.Errorf("%s: %v; want %v", name, got, want)
		}
	}
}
