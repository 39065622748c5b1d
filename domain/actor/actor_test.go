package actor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
)

func TestParseType_knowsNoAutomation(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"human", "ai_agent"} {
		got, err := actor.ParseType(word)
		require.NoError(t, err)
		require.Equal(t, word, string(got))
	}
	for _, word := range []string{"automation", "", "Human", "robot"} {
		_, err := actor.ParseType(word)
		require.Error(t, err, "a caller must not name %q", word)
	}
}

func TestSnoozed_endsAtItsMoment(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	p := actor.Preferences{SnoozeUntil: now}
	require.True(t, p.Snoozed(now.Add(-time.Nanosecond)))
	require.False(t, p.Snoozed(now))
	require.False(t, actor.Preferences{}.Snoozed(now))
}

func TestOptedOut_givesTheCategoryThatApplies(t *testing.T) {
	t.Parallel()
	p := actor.Preferences{OptOut: []string{"tests", "mentor"}}
	cat, out := p.OptedOut("mentor", "tests")
	require.True(t, out)
	require.Equal(t, "mentor", cat)
	_, out = p.OptedOut("mirror", "test")
	require.False(t, out)
	_, out = actor.Preferences{}.OptedOut("mirror")
	require.False(t, out)
}

func TestPreferences_problems(t *testing.T) {
	t.Parallel()
	zone, bad, local := "Europe/Berlin", "Mars/Olympus", "Local"
	require.Empty(t, actor.Preferences{}.Problems())
	require.Empty(t, actor.Preferences{
		OptOut: []string{"mirror", strings.Repeat("ü", 200)}, Surfaces: []intervention.Surface{"ide"}, Timezone: &zone,
	}.Problems(), "a tag of 200 characters must be one that can be opted out of")
	got := actor.Preferences{
		OptOut: []string{"", strings.Repeat("x", 201)}, Surfaces: []intervention.Surface{"watch"}, Timezone: &bad,
	}.Problems()
	var names []string
	for _, f := range got {
		names = append(names, f.Field)
	}
	require.Equal(t, []string{"preferred_surfaces", "opt_out_categories", "opt_out_categories", "timezone"}, names)

	require.Equal(t, zone, actor.Preferences{Timezone: &zone}.Zone().String())
	for _, p := range []actor.Preferences{{}, {Timezone: &bad}, {Timezone: &local}} {
		require.Nil(t, p.Zone())
	}
}

func TestParseID(t *testing.T) {
	t.Parallel()
	_, err := actor.ParseID("dev1")
	require.NoError(t, err)
	_, err = actor.ParseID("")
	require.Error(t, err)
}
