package phrase_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/application/phrase"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/given"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const text = "Consider a look at the logs."

type bench struct {
	*phrase.UseCase
	clock *fake.Clock
	model *fake.Generator
	texts *fake.Texts
	hits  map[bool]int
}

// set makes a use case that is started, and stopped with the test.
func set(t *testing.T, texts ports.PreparedTexts) *bench {
	t.Helper()
	b := idle(texts)
	require.NoError(t, b.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, b.Stop(context.WithoutCancel(t.Context()))) })
	return b
}

func idle(texts ports.PreparedTexts) *bench {
	b := &bench{clock: fake.NewClock(given.Now()), model: fake.NewGenerator(), hits: map[bool]int{}}
	if texts == nil {
		b.texts = fake.NewTexts()
		texts = b.texts
	}
	floor := phrase.Floor{Clock: b.clock, IDs: &fake.IDs{}, Hash: fake.KeyedHash{}, Looked: func(hit bool) { b.hits[hit]++ }}
	b.UseCase = phrase.New(b.model, texts, floor, slog.New(slog.DiscardHandler))
	return b
}

// ask wants a text about a branch.
func ask(t *testing.T, branch string, edits ...given.Edit) phrase.Ask {
	t.Helper()
	s := given.Situation()
	s.Place.Branch, s.Settings.LLM = branch, tenant.LLM{Enabled: true, SystemPromptID: "kind", Region: "eu1"}
	all := append([]given.Edit{given.Set("actions.0.type", "mentor"), given.Set("actions.0.llm_prompt", "Name {{context.branch}}.")}, edits...)
	w, ok := action.WishFor(s, given.Admitted(t, s, given.Version(t, "p", all...))[0])
	require.True(t, ok)
	return phrase.Ask{Wish: w, Tenant: s.Tenant, Settings: s.Settings.LLM, Actor: s.Actor.ID, ActorType: s.Actor.Type}
}

func (b *bench) one(t *testing.T, how phrase.Manner, a phrase.Ask) phrase.Answer {
	t.Helper()
	got := b.Texts(t.Context(), how, a)
	require.Len(t, got, 1)
	return got[0]
}

func TestTexts_atMostSixtyAnHourAndTenant(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := set(t, nil)
		for i := range phrase.PerHour {
			require.True(t, b.one(t, phrase.Wait, ask(t, fmt.Sprint("b", i))).Said.Ready())
			b.clock.Advance(time.Second)
		}
		for i := range 5 {
			got := b.one(t, phrase.Wait, ask(t, fmt.Sprint("more", i)))
			require.False(t, got.Said.Ready())
			require.False(t, got.Down, "a cap is no failure of the model")
		}
		require.Len(t, b.model.Prompts(), phrase.PerHour)
		other := ask(t, "b")
		other.Tenant = "globex"
		require.True(t, b.one(t, phrase.Wait, other).Said.Ready(), "another tenant has its own")

		b.clock.Advance(time.Hour - phrase.PerHour*time.Second - time.Second)
		require.False(t, b.one(t, phrase.Wait, ask(t, "more0")).Said.Ready())
		b.clock.Advance(time.Second)
		require.True(t, b.one(t, phrase.Wait, ask(t, "more0")).Said.Ready(), "the first one is an hour ago")
		require.False(t, b.one(t, phrase.Wait, ask(t, "more1")).Said.Ready())
	})
}

func TestTexts_areKeptForADay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := set(t, nil)
		a := ask(t, "main")
		require.Equal(t, text, b.one(t, phrase.Wait, a).Said.Text())
		b.clock.Advance(ports.PreparedFor - 20*time.Second)
		require.True(t, b.one(t, phrase.LookUp, a).Said.Ready())
		b.clock.Advance(20 * time.Second)
		require.False(t, b.one(t, phrase.LookUp, a).Said.Ready())
		b.one(t, phrase.Wait, a)
		require.Len(t, b.model.Prompts(), 2)
	})
}

func TestTexts_keyIsAllThatDecidesWhatIsSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := set(t, nil)
		all := map[string]phrase.Ask{
			"":               ask(t, "main"),
			"a fact":         ask(t, "other"),
			"a prompt":       ask(t, "main", given.Set("actions.0.llm_prompt", "Name {{context.branch}}!")),
			"a text":         ask(t, "main", given.Set("actions.0.payload.title", "The build broke")),
			"a kind":         ask(t, "main", given.Set("actions.0.type", "multiplier")),
			"another tenant": ask(t, "main"), "another voice": ask(t, "main"), "another region": ask(t, "main"),
		}
		change := func(name string, f func(*phrase.Ask)) { a := all[name]; f(&a); all[name] = a }
		change("another tenant", func(a *phrase.Ask) { a.Tenant = "globex" })
		change("another voice", func(a *phrase.Ask) { a.Settings.SystemPromptID = "terse" })
		change("another region", func(a *phrase.Ask) { a.Settings.Region = "us1" })
		n := 0
		for name, a := range all {
			b.one(t, phrase.Wait, a)
			n++
			require.Len(t, b.model.Prompts(), n, name)
		}
		same := all[""]
		same.Actor, same.PolicySnapshotID = "somebody", "another"
		require.True(t, b.one(t, phrase.LookUp, same).Said.Ready(), "who asks does not matter")
		b.model.Rename("better")
		require.False(t, b.one(t, phrase.LookUp, same).Said.Ready(), "another model says it differently")
	})
}

func TestTexts_theCacheStandsInFrontOfTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := set(t, nil)
		a := ask(t, "main")
		b.one(t, phrase.Wait, a)
		b.texts.FailNext(errors.New("gone"))
		require.True(t, b.one(t, phrase.LookUp, a).Said.Ready())
		require.Equal(t, map[bool]int{false: 1, true: 1}, b.hits)
	})
}

func TestTexts_aFailedAttemptCountsAndOneThatWasNotMadeDoesNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for err, refunded := range map[error]bool{errors.New("down"): false, errors.Join(ports.ErrNotAsked, errors.New("open")): true} {
			b := set(t, nil)
			for i := range phrase.PerHour {
				b.model.FailNext(err)
				require.True(t, b.one(t, phrase.Wait, ask(t, fmt.Sprint("b", i))).Down)
			}
			require.Equal(t, refunded, b.one(t, phrase.Wait, ask(t, "last")).Said.Ready(), "%v", err)
		}
	})
}

func TestTexts_whatDoesNotFitIsDroppedAndAskedForAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := set(t, nil)
		release := b.model.Hold()
		const many = 200
		for i := range many {
			a := ask(t, fmt.Sprint("b", i))
			a.Tenant = tenant.ID(fmt.Sprint("t", i))
			require.False(t, b.one(t, phrase.Prepare, a).Said.Ready())
			if i < 4 {
				synctest.Wait() // a worker has it
			}
		}
		synctest.Wait()
		require.Len(t, b.model.Prompts(), 4, "a few at a time")
		release()
		synctest.Wait()
		require.Len(t, b.model.Prompts(), 4+64, "and a short queue")
		dropped := ask(t, fmt.Sprint("b", many-1))
		dropped.Tenant = tenant.ID(fmt.Sprint("t", many-1))
		require.True(t, b.one(t, phrase.Wait, dropped).Said.Ready())
	})
}

func TestTexts_withoutStartOrAfterStopNothingIsWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := idle(nil)
		require.Equal(t, phrase.Answer{}, b.one(t, phrase.Wait, ask(t, "main")))
		require.NoError(t, b.Stop(t.Context()))
		require.NoError(t, b.Start(t.Context()))
		require.True(t, b.one(t, phrase.Wait, ask(t, "main")).Said.Ready())
		require.NoError(t, b.Stop(t.Context()))
		require.NoError(t, b.Stop(t.Context()))
		require.Equal(t, phrase.Answer{}, b.one(t, phrase.Wait, ask(t, "other")))
		require.Len(t, b.model.Prompts(), 1)
	})
}

func TestStop_letsWhatIsUnderWayEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := idle(nil)
		require.NoError(t, b.Start(t.Context()))
		release := b.model.Hold()
		b.one(t, phrase.Prepare, ask(t, "main"))
		synctest.Wait()
		time.AfterFunc(time.Second, release)
		require.NoError(t, b.Stop(t.Context()))
		require.Equal(t, 1, b.texts.Ready(), "it was paid for")
	})
	synctest.Test(t, func(t *testing.T) {
		b := idle(nil)
		require.NoError(t, b.Start(t.Context()))
		defer b.model.Hold()()
		b.one(t, phrase.Prepare, ask(t, "main"))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		require.ErrorIs(t, b.Stop(ctx), context.DeadlineExceeded)
		require.Equal(t, time.Second, time.Since(began))
		require.Zero(t, b.texts.Ready())
	})
}

func TestTexts_aCallerThatGoesAwayDoesNotEndTheGeneration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := set(t, nil)
		release := b.model.Hold()
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, leave)
		began := time.Now()
		got := b.Texts(ctx, phrase.Wait, ask(t, "main"))
		require.Equal(t, time.Second, time.Since(began))
		require.False(t, got[0].Said.Ready())
		release()
		synctest.Wait()
		require.True(t, b.one(t, phrase.LookUp, ask(t, "main")).Said.Ready())
	})
}

// unkept is a store that cannot keep a text.
type unkept struct{ *fake.Texts }

func (u unkept) Settle(context.Context, tenant.ID, string, string, ports.Content) (bool, error) {
	return false, errors.New("full")
}

// lost is a store in which each claim is lost to somebody else.
type lost struct{ *fake.Texts }

func (l lost) Settle(context.Context, tenant.ID, string, string, ports.Content) (bool, error) {
	return false, nil
}

func TestTexts_thatCannotBeKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := set(t, unkept{fake.NewTexts()})
		require.True(t, b.one(t, phrase.Wait, ask(t, "main")).Said.Ready(), "this process has it")
		require.True(t, b.one(t, phrase.LookUp, ask(t, "main")).Said.Ready())
		b.clock.Advance(time.Minute)
		require.False(t, b.one(t, phrase.LookUp, ask(t, "main")).Said.Ready(), "for a moment")

		l := set(t, lost{fake.NewTexts()})
		require.Equal(t, phrase.Answer{}, l.one(t, phrase.Wait, ask(t, "main")), "another's text counts")
	})
}

// wild is a model whose adapter has a bug.
type wild struct{ ports.ContentGenerator }

func (wild) Generate(context.Context, ports.ContentPrompt) (ports.Content, error) { panic("a bug") }

func TestTexts_aPanicIsAFailedAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		texts := fake.NewTexts()
		floor := phrase.Floor{Clock: fake.NewClock(given.Now()), IDs: &fake.IDs{}, Hash: fake.KeyedHash{}}
		u := phrase.New(wild{fake.NewGenerator()}, texts, floor, slog.New(slog.DiscardHandler))
		require.NoError(t, u.Start(t.Context()))
		for range 10 {
			require.Equal(t, []phrase.Answer{{Down: true}}, u.Texts(t.Context(), phrase.Wait, ask(t, "main")))
		}
		require.NoError(t, u.Stop(t.Context()))
	})
}

func TestTexts_whatTheModelSaysIsNotTaken_onItsWordAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := set(t, nil)
		b.model.Say("It is alice@example.com's fault.", safety.Passed())
		got := b.one(t, phrase.Wait, ask(t, "main"))
		require.True(t, got.Said.Ready())
		require.Empty(t, got.Said.Text())
		require.Equal(t, safety.Fail, got.Said.Verdict().Result)
		require.Contains(t, got.Said.Verdict().Flags, safety.Email)
	})
}
