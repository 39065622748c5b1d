package ingestsignal_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/given"
	"github.com/zeroui/mmm-engine/test/rig"
)

// reader reads signals one at a time, as replay does.
func reader(t *testing.T) (*rig.Rig, *ingestsignal.UseCase) {
	t.Helper()
	r := rig.New()
	r.Publish(t, rig.Acme, "p", given.Definition(t, given.Set("limits.cooldown_minutes", 0)))
	return r, ingestsignal.New(r.Decide, r.Store.Signals, r.Directory, r.Clock, fake.KeyedHash{}, r.Meter)
}

func ingest(t *testing.T, u *ingestsignal.UseCase, s signal.Signal) ingestsignal.Result {
	t.Helper()
	got, err := u.IngestSignal(t.Context(), rig.Acme, s, time.Time{})
	require.NoError(t, err)
	return got
}

func build(r *rig.Rig, id string, by actor.ID) signal.Signal {
	s := *r.Request(id).Signal
	s.Actor = by
	return s
}

func TestIngestSignal_decidesOnce(t *testing.T) {
	t.Parallel()
	r, u := reader(t)
	got := ingest(t, u, build(r, "s1", "dev1"))
	require.Equal(t, ingestsignal.Decided, got.Fate)
	require.Len(t, got.Decision.Decision.Actions, 1)
	require.Equal(t, "main", got.Decision.Decision.Place.Branch)
	require.False(t, got.Decision.Decision.Replay)
	require.Equal(t, ingestsignal.Duplicate, ingest(t, u, build(r, "s1", "dev1")).Fate)
	require.Equal(t, ingestsignal.Duplicate, ingest(t, u, build(r, "s1", "dev2")).Fate, "a signal is the same whoever it is told of")
	require.Len(t, r.Store.Decisions.All(rig.Acme), 1)
	require.Equal(t, 1, r.Meter.Count("signal", "acme", "ci", "ci.run.failed"))
	other := build(r, "s1", "dev1")
	other.Source = "github"
	require.Equal(t, ingestsignal.Decided, ingest(t, u, other).Fate)
}

func TestIngestSignal_countsTypesOutsideTheVocabularyAsOther(t *testing.T) {
	t.Parallel()
	r, u := reader(t)
	for id, by := range map[string]actor.ID{"s1": "dev1", "s2": ""} { // decided, and only kept
		s := build(r, id, by)
		s.EventType = "acme.own.type"
		ingest(t, u, s)
	}
	require.Equal(t, 2, r.Meter.Count("signal", "acme", "ci", "other"))
	require.Zero(t, r.Meter.Count("signal", "acme", "ci", "acme.own.type"))
}

func TestIngestSignal_keepsWhatNobodyIsToldOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		by   actor.ID
		typ  actor.Type
		know *actor.Actor
	}{
		"nobody did it":              {"", "", nil},
		"automation did it":          {"renovate", actor.Automation, nil},
		"configured automation":      {"dependabot", actor.Human, &actor.Actor{ID: "dependabot", Type: actor.Automation}},
		"what is configured is true": {"release-bot", actor.AIAgent, &actor.Actor{ID: "release-bot", Type: actor.Automation}},
	} {
		r, u := reader(t)
		if c.know != nil {
			r.Directory.Know(rig.Acme, *c.know)
		}
		s := build(r, "s1", c.by)
		s.ActorType, s.DedupKey = c.typ, "pr:12"
		require.Equal(t, ingestsignal.Kept, ingest(t, u, s).Fate, name)
		require.Empty(t, r.Store.Decisions.All(rig.Acme), name)
		require.Empty(t, r.Receipts(t), name)
		require.Equal(t, ingestsignal.Duplicate, ingest(t, u, s).Fate, name)
		require.Equal(t, 1, r.Meter.Count("signal", "acme", "ci", "ci.run.failed"), "kept, and counted once")
	}
}

func TestIngestSignal_automationIsPutBeforeItsHuman(t *testing.T) {
	t.Parallel()
	r, u := reader(t)
	r.Directory.Know(rig.Acme, actor.Actor{ID: "dependabot", Type: actor.Automation, ResponsibleHuman: "boss"})
	s := build(r, "s1", "dependabot")
	east := 9 * time.Hour
	s.UTCOffset = &east
	got := ingest(t, u, s)
	require.Equal(t, ingestsignal.Decided, got.Fate)
	require.Equal(t, actor.ID("boss"), got.Decision.Decision.Actor)
	require.Equal(t, actor.Human, got.Decision.Decision.ActorType)
	require.Equal(t, "UTC (default)", got.Decision.Decision.QuietHoursZone, "a machine's offset says nothing about anybody's night")

	own := build(r, "s2", "dev1")
	own.UTCOffset = &east
	require.Equal(t, "UTC+09:00 (event)", ingest(t, u, own).Decision.Decision.QuietHoursZone)
}

func TestIngestSignal_knowsAgents(t *testing.T) {
	t.Parallel()
	r, u := reader(t)
	r.Directory.Know(rig.Acme, actor.Actor{ID: "bot1", Type: actor.AIAgent, ResponsibleHuman: "boss"})
	require.Equal(t, actor.AIAgent, ingest(t, u, build(r, "s1", "bot1")).Decision.Decision.ActorType)
	s := build(r, "s2", "stranger")
	s.ActorType = ""
	require.Equal(t, actor.Human, ingest(t, u, s).Decision.Decision.ActorType, "who is not known is taken for a person")
}

func TestIngestSignal_replayIsMarked(t *testing.T) {
	t.Parallel()
	r, u := reader(t)
	at := given.Now().AddDate(0, -2, 0)
	s := build(r, "s1", "dev1")
	s.OccurredAt = at
	got, err := u.IngestSignal(t.Context(), rig.Acme, s, at)
	require.NoError(t, err)
	require.True(t, got.Decision.Decision.Replay)
	require.Equal(t, at, got.Decision.Decision.CreatedAt)
}

func TestIngestSignal_errors(t *testing.T) {
	t.Parallel()
	r, u := reader(t)
	boom := errors.New("boom")
	r.Store.Signals.FailNext(boom)
	_, err := u.IngestSignal(t.Context(), rig.Acme, build(r, "s1", "dev1"), time.Time{})
	require.ErrorIs(t, err, boom)
	r.Signer.FailNext(boom)
	_, err = u.IngestSignal(t.Context(), rig.Acme, build(r, "s1", "dev1"), time.Time{})
	require.ErrorIs(t, err, boom)
	r.Store.Signals.FailNext(nil) // seen
	r.Store.Signals.FailNext(boom)
	_, err = u.IngestSignal(t.Context(), rig.Acme, build(r, "s1", ""), time.Time{})
	require.ErrorIs(t, err, boom)
	require.Equal(t, ingestsignal.Decided, ingest(t, u, build(r, "s1", "dev1")).Fate, "a signal that failed is not a duplicate")
}
