package sample_test

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/cli/sample"
	"github.com/zeroui/mmm-engine/adapters/expression"
	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/privacy"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
)

// now is after the last event, as the day on which anybody runs the demo is.
func now() time.Time { return time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC) }

func compiled(t *testing.T) []*playbook.Compiled {
	t.Helper()
	exprs, err := expression.New()
	require.NoError(t, err)
	books, err := sample.Playbooks()
	require.NoError(t, err)
	out := make([]*playbook.Compiled, len(books))
	for i, b := range books {
		def, problems := playbook.ParseDefinition(b.Document)
		require.Empty(t, problems, b.Name)
		require.Empty(t, def.Publishable(), b.Name)
		c, problems := playbook.Compile(playbook.ID(b.Name), 1, false, def, exprs)
		require.Empty(t, problems, b.Name)
		out[i] = c
	}
	return out
}

// lines gives the raw events and the signals they are read as.
func lines(t *testing.T) ([]string, []signal.Signal) {
	t.Helper()
	events, err := sample.Events()
	require.NoError(t, err)
	defer func() { require.NoError(t, events.Close()) }()
	raw, err := io.ReadAll(events)
	require.NoError(t, err)
	text := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	allow := privacy.NewAllow(nil)
	var signals []signal.Signal
	for i, line := range text {
		e, s, problems := ingestsignal.ReadEnvelope(json.RawMessage(line), now())
		require.Empty(t, problems, "line %d", i+1)
		require.Equal(t, sample.Tenant, e.TenantID)
		s.Payload = allow.Minimise(e.Payload)
		require.Len(t, s.Payload, len(e.Payload), "line %d loses a fact at the door: %s", i+1, line)
		signals = append(signals, s)
	}
	return text, signals
}

func TestPlaybooks_areTwelveAndWellDescribed(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, c := range compiled(t) {
		d := c.Definition()
		names[d.Name] = true
		for field, v := range map[string]string{"description": d.Description, "owner": d.Owner, "version": d.Version} {
			require.NotEmpty(t, v, "%s: %s", d.Name, field)
		}
		require.NotEmpty(t, d.Tags, d.Name)
		require.NotEmpty(t, d.Tests, d.Name)
		require.NotNil(t, d.Limits.Priority, d.Name)
	}
	require.Len(t, names, 12, "names are told apart")
}

// Whether an example is then shown is for the whole engine to say; here it has to match exactly when it expects a candidate.
func TestPlaybooks_examplesMatchAsTheyClaim(t *testing.T) {
	t.Parallel()
	for _, c := range compiled(t) {
		x := playbook.NewIndex([]*playbook.Compiled{c})
		for _, ex := range c.Definition().Tests {
			s := given(t, ex.Given)
			found := 0
			for _, l := range playbook.Match(x, &s) {
				require.NoError(t, l.Err)
				found += len(l.Candidates())
			}
			if want := len(ex.Expect.Actions) + len(ex.Expect.Suppressed); found != want {
				t.Errorf("%s, %q: %d candidates; want %d", c.ID(), ex.Name, found, want)
			}
		}
	}
}

// given makes the situation of an example.
func given(t *testing.T, g playbook.Given) situation.Situation {
	t.Helper()
	text := func(m map[string]any, key string) string { s, _ := m[key].(string); return s }
	read := func(m map[string]any) signal.Signal {
		full := map[string]any{"signal_id": "example"}
		maps.Copy(full, m)
		raw, err := json.Marshal(full)
		require.NoError(t, err)
		e, s, problems := ingestsignal.ReadEnvelope(raw, now())
		require.Empty(t, problems)
		s.Payload = privacy.NewAllow(nil).Minimise(e.Payload)
		require.Len(t, s.Payload, len(e.Payload))
		return s
	}
	out := situation.Situation{
		HasSignal: true, Signal: read(g.Signal), Actor: actor.Actor{ID: "dev1", Type: actor.Human},
		Place: situation.Place{RepoID: text(g.Context, "repo_id"), Branch: text(g.Context, "branch"), Environment: text(g.Context, "environment")},
	}
	if typ := text(g.Actor, "type"); typ != "" {
		out.Actor.Type = actor.Type(typ)
	}
	out.Now = out.Signal.OccurredAt
	var recent []situation.Event
	for _, m := range g.Recent {
		s := read(m)
		recent = append(recent, situation.Event{Type: s.EventType, At: s.OccurredAt})
	}
	out.Recent = situation.NewRecent(recent)
	return out
}

func TestEvents_areReadableAndInOrder(t *testing.T) {
	t.Parallel()
	_, signals := lines(t)
	if n := len(signals); n < 350 || n > 500 {
		t.Errorf("%d events; want a sample that is read within seconds", n)
	}
	first, last := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 16, 0, 0, 0, 0, time.UTC)
	ids, repos := map[string]bool{}, map[string]bool{}
	zones := map[actor.ID]map[time.Duration]bool{}
	for i, s := range signals {
		require.True(t, signal.Known(s.EventType), s.EventType)
		require.False(t, ids[s.ID], "%s comes twice", s.ID)
		ids[s.ID], repos[s.RepoID] = true, true
		require.False(t, s.OccurredAt.Before(first) || !s.OccurredAt.Before(last), "%s lies outside the two weeks", s.ID)
		if i > 0 {
			require.False(t, s.OccurredAt.Before(signals[i-1].OccurredAt), "%s is out of order", s.ID)
		}
		if s.UTCOffset != nil {
			if zones[s.Actor] == nil {
				zones[s.Actor] = map[time.Duration]bool{}
			}
			zones[s.Actor][*s.UTCOffset] = true
		}
	}
	require.Len(t, repos, 3)
	abroad := map[time.Duration]bool{-5 * time.Hour: true, -4 * time.Hour: true} // before and after the change of clocks
	want := map[actor.ID]map[time.Duration]bool{
		"ana": {time.Hour: true}, "bo": {time.Hour: true}, "chen": {8 * time.Hour: true}, "dara": {8 * time.Hour: true}, "eli": abroad, "finn": abroad,
	}
	if diff := cmp.Diff(want, zones); diff != "" {
		t.Errorf("people and their clocks (-want +got):\n%s", diff)
	}
}

// The life of one change, and that everybody's clock is the own one: 09:20 in UTC+8, 09:30 in UTC-5.
func TestEvents_tellAChangeFromPushToMain(t *testing.T) {
	t.Parallel()
	_, signals := lines(t)
	type step struct{ At, Actor, Type, Branch string }
	life := func(number int64) []step {
		var out []step
		for _, s := range signals {
			if s.Payload["number"] == number {
				out = append(out, step{s.OccurredAt.Format("02 15:04"), string(s.Actor), s.EventType, s.Branch})
			}
		}
		return out
	}
	require.Equal(t, []step{
		{"02 01:20", "chen", "code.pushed", "feat/cart-totals"},
		{"02 01:32", "chen", "pr.opened", "feat/cart-totals"},
		{"02 01:41", "chen", "ci.run.succeeded", "feat/cart-totals"},
		{"02 02:55", "dara", "review.approved", "feat/cart-totals"},
		{"02 03:10", "chen", "pr.merged", "main"},
		{"02 03:21", "chen", "ci.run.succeeded", "main"},
	}, life(112))
	require.Equal(t, "02 14:30", life(58)[0].At)
	require.Equal(t, "09 13:30", life(71)[0].At, "the clocks in New York have changed")
}

func TestEvents_areTheSameAtEveryCallAndNameNobody(t *testing.T) {
	t.Parallel()
	one, _ := lines(t)
	two, _ := lines(t)
	require.True(t, bytes.Equal([]byte(strings.Join(one, "\n")), []byte(strings.Join(two, "\n"))))
	address := regexp.MustCompile(`[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z]{2,}`)
	for _, l := range one {
		require.NotRegexp(t, address, l)
	}
}

// Every playbook has to be met by the events, and most events by none: silence is the default.
func TestEvents_meetEveryPlaybookAndMostMeetNone(t *testing.T) {
	t.Parallel()
	versions := compiled(t)
	x := playbook.NewIndex(versions)
	types := map[actor.ID]actor.Type{}
	for _, a := range sample.Actors() {
		types[actor.ID(a.ID)] = actor.Type(a.Type)
	}
	_, signals := lines(t)
	var (
		matched   = map[playbook.ID]int{}
		silent    int
		recent    = map[actor.ID][]situation.Event{}
		incidents []situation.Incident
	)
	for _, s := range signals {
		typ, configured := types[s.Actor]
		if !configured {
			typ = s.ActorType
		}
		sit := situation.Situation{
			Now: s.OccurredAt, Tenant: sample.Tenant, Actor: actor.Actor{ID: s.Actor, Type: typ}, HasSignal: true, Signal: s,
			Place:     situation.Place{RepoID: s.RepoID, Branch: s.Branch, FilePath: s.FilePath, Environment: s.Environment},
			Recent:    situation.NewRecent(recent[s.Actor]),
			Incidents: situation.NewIncidents(incidents),
		}
		hit := false
		for _, l := range playbook.Match(x, &sit) {
			require.NoError(t, l.Err, "%s, %s", s.ID, l.Version.ID())
			if s.Actor != "" && l.Verdict == playbook.Matched {
				matched[l.Version.ID()]++
				hit = true
			}
		}
		if !hit {
			silent++
		}
		recent[s.Actor] = append(recent[s.Actor], situation.Event{Type: s.EventType, At: s.OccurredAt})
		if s.EventType == situation.Firing || s.EventType == situation.Resolved {
			incidents = append(incidents, situation.Incident{
				Service: s.Payload.Service(), Key: s.DedupKey, Firing: s.EventType == situation.Firing, At: s.OccurredAt,
			})
		}
	}
	for _, v := range versions {
		require.NotZero(t, matched[v.ID()], "no event meets %s", v.ID())
	}
	require.Greater(t, silent*100, len(signals)*80, "four in five events or more are met with silence")
}

func TestSettingsAndPreferences_haveNoProblems(t *testing.T) {
	t.Parallel()
	require.Empty(t, sample.Settings().Problems())
	for _, p := range sample.Preferences() {
		require.Empty(t, p.Preferences.Problems(), p.Actor)
	}
	for _, a := range sample.Actors() {
		require.Contains(t, []string{"ai_agent", "automation"}, a.Type)
	}
}
