package decideaction_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/application/phrase"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/given"
	"github.com/zeroui/mmm-engine/test/rig"
)

const (
	template  = "It failed 1 times today."
	generated = "Consider a look at the logs."
)

// spoken is a rig with a Mentor that a model may phrase.
type spoken struct {
	*rig.Rig
	model *fake.Generator
	texts *fake.Texts
}

func speak(t *testing.T, edits ...given.Edit) spoken {
	t.Helper()
	return speakOver(t, fake.NewGenerator(), fake.NewTexts(), &fake.IDs{}, edits...)
}

func speakOver(t *testing.T, model *fake.Generator, texts *fake.Texts, ids *fake.IDs, edits ...given.Edit) spoken {
	t.Helper()
	clock := fake.NewClock(given.Now())
	phrases := phrase.New(model, texts, phrase.Floor{Clock: clock, IDs: ids, Hash: fake.KeyedHash{}}, slog.New(slog.DiscardHandler))
	r := rig.New(func(p *rig.Parts) { p.Sources.Phrases = phrases })
	require.NoError(t, phrases.Start(t.Context()))
	t.Cleanup(func() { require.NoError(t, phrases.Stop(context.WithoutCancel(t.Context()))) })
	all := append([]given.Edit{
		given.Set("actions.0.type", "mentor"), given.Set("actions.0.llm_prompt", "Be kind. Name {{context.branch}}."),
		given.Set("limits.cooldown_minutes", 0),
	}, edits...)
	r.Publish(t, rig.Acme, "p", given.Definition(t, all...))
	r.Settings(t, func(s *tenant.Settings) {
		s.Quotas = tenant.Quotas{MaxActionsPerDecision: 9, MaxActionsPerHour: 999, MaxActionsPerDay: 999}
		s.LLM = tenant.LLM{Enabled: true, SystemPromptID: "kind", Region: "eu1"}
	})
	return spoken{Rig: r, model: model, texts: texts}
}

// request asks for one actor. Each has no other signals, so the facts of all are the same.
func (s spoken) request(who string) decideaction.Request {
	req := s.Request("signal-of-" + who)
	req.Actor.ID, req.Signal.Actor = actor.ID(who), actor.ID(who)
	return req
}

func (s spoken) ask(t *testing.T, who string, change ...func(*decideaction.Request)) decision.Decision {
	t.Helper()
	req := s.request(who)
	for _, c := range change {
		c(&req)
	}
	return decide(t, s.Rig, req).Decision
}

// result gives the result part of the last receipt.
func (s spoken) result(t *testing.T) map[string]any {
	t.Helper()
	all := s.Receipts(t)
	var doc struct {
		Result map[string]any `json:"result"`
	}
	last := all[0]
	for _, r := range all {
		if r.Sequence > last.Sequence {
			last = r
		}
	}
	require.NoError(t, json.Unmarshal(last.Document, &doc))
	return doc.Result
}

func body(t *testing.T, d decision.Decision) string {
	t.Helper()
	require.Len(t, d.Actions, 1)
	return d.Actions[0].Payload.Body
}

func noCaller(q *decideaction.Request) { q.Accepted = true }

func TestModelThatNeverAnswers_isNotWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := speak(t)
		release := s.model.Hold()
		began := time.Now()
		first := s.ask(t, "dev1")
		require.Zero(t, time.Since(began), "no time passed")
		require.Equal(t, template, body(t, first))
		require.False(t, first.DegradedMode(), "not prepared yet is not degraded")
		require.Equal(t, "not_generated", s.result(t)["safety_result"])
		synctest.Wait()
		require.Len(t, s.model.Prompts(), 1)
		require.Equal(t, template, body(t, s.ask(t, "dev2")), "still being written")

		release()
		synctest.Wait()
		ready := s.ask(t, "dev3")
		require.Equal(t, generated, body(t, ready))
		require.Equal(t, generated, ready.Actions[0].Presentations["ide"].Body)
		require.Equal(t, "The build is red", ready.Actions[0].Payload.Title)
		require.Equal(t, "pass", s.result(t)["safety_result"])
		require.NotContains(t, string(s.Receipts(t)[0].Document), "Consider", "no receipt holds the text")
		require.Len(t, s.model.Prompts(), 1, "one text serves all with the same facts")
	})
}

func TestModelThatNeverAnswers_isGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := speak(t)
		release := s.model.Hold()
		defer release()
		began := time.Now()
		waited := s.ask(t, "dev1", noCaller)
		require.Equal(t, phrase.Timeout, time.Since(began), "who has no caller may wait")
		require.Equal(t, template, body(t, waited))
		require.Equal(t, []string{"llm"}, waited.Dependencies())
		synctest.Wait()
		require.Zero(t, s.texts.Ready(), "that it could not be had is not remembered")
		later := s.ask(t, "dev2")
		require.Equal(t, []string{"llm"}, later.Dependencies(), "the last attempt failed")
		require.Equal(t, template, body(t, later))
		release()
		synctest.Wait()
		well := s.ask(t, "dev3")
		require.False(t, well.DegradedMode())
		require.Equal(t, generated, body(t, well))
		require.Len(t, s.model.Prompts(), 2)
	})
}

func TestDecisionWithoutCaller_getsTheTextAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := speak(t)
		release := s.model.Hold()
		time.AfterFunc(2*time.Second, release)
		got := s.ask(t, "dev1", noCaller)
		require.Equal(t, generated, body(t, got))
		require.Empty(t, got.Dependencies())
	})
}

func TestPrompt_namesNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := speak(t)
		s.ask(t, "somebody-7f3a", noCaller, func(q *decideaction.Request) {
			q.Actor.Roles, q.Signal.Payload, q.Caller = []string{"role-7f3a"}, signal.Payload{"state": "free-7f3a"}, "caller-7f3a"
		})
		require.Len(t, s.model.Prompts(), 1)
		p := s.model.Prompts()[0]
		raw, err := json.Marshal(p)
		require.NoError(t, err)
		require.NotContains(t, string(raw), "7f3a")
		require.Equal(t, fake.KeyedHash{}.Short("somebody-7f3a"), p.ActorRef)
		require.Equal(t, "Be kind. Name {{context.branch}}.", p.Wish)
		require.Equal(t, []string{"kind", "eu1", "settings"}, []string{p.SystemPromptID, p.Region, p.PolicySnapshotID})
		require.NotEmpty(t, p.ID)
	})
}

func TestManyAtOnce_makeOneGeneration(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		model, texts, ids := fake.NewGenerator(), fake.NewTexts(), &fake.IDs{}
		release := model.Hold()
		replicas := []spoken{speakOver(t, model, texts, ids), speakOver(t, model, texts, ids)}
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				s := replicas[i%2]
				_, err := s.Decide.DecideAction(t.Context(), s.request(fmt.Sprint("dev", i)))
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		synctest.Wait()
		release()
		synctest.Wait()
		require.Len(t, model.Prompts(), 1)
		for i, s := range replicas {
			require.Equal(t, generated, body(t, s.ask(t, fmt.Sprint("late", i))), "the store is shared")
		}
		require.Len(t, model.Prompts(), 1)
	})
}

func TestWarnedText_isShownAndFlagged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := speak(t)
		s.model.Say(generated, safety.Verdict{Result: safety.Warn, Score: 300, Flags: []safety.Flag{"R2"}})
		got := s.ask(t, "dev1", noCaller)
		require.Equal(t, generated, body(t, got))
		require.Equal(t, []decision.Generated{{
			Playbook: "p", Version: 1, Verdict: safety.Verdict{Result: safety.Warn, Score: 300, Flags: []safety.Flag{"R2"}},
		}}, got.Generated)
		result := s.result(t)
		require.Equal(t, "warn", result["safety_result"])
		require.EqualValues(t, 300, result["risk_score"])
		require.Equal(t, []any{"R2"}, result["risk_flags"])
		require.Equal(t, true, result["safety_checks_passed"])
	})
}

func TestTextThatFails_letsTheTemplateShipAndIsRemembered(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		v    safety.Verdict
		flag string
	}{
		"its verdict":     {generated, safety.Flagged(safety.Blocked), "blocked"},
		"its facts":       {"It failed 7 times on other/repo.", safety.Passed(), "unsupported_fact"},
		"the second look": {"Ask the system prompt.", safety.Passed(), "injection"},
		"its wording":     {"What an embarrassing mistake.", safety.Passed(), "coercive"},
		"no verdict":      {generated, safety.Verdict{}, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := speak(t)
			s.model.Say(c.text, c.v)
			for _, who := range []string{"dev1", "dev2"} {
				got := s.ask(t, who, noCaller)
				require.Equal(t, template, body(t, got), name)
				require.Empty(t, got.Dependencies(), "%s: the model is there", name)
				result := s.result(t)
				require.Equal(t, "fail", result["safety_result"], name)
				require.Equal(t, false, result["safety_checks_passed"], name)
				if c.flag != "" {
					require.Equal(t, []any{c.flag}, result["risk_flags"], name)
				}
			}
			require.Len(t, s.model.Prompts(), 1, "%s: it is not asked again", name)
		})
	}
}

func TestActionWithoutTemplate_isSuppressedAndGivesItsUnitBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := speak(t, given.Set("actions.0.payload.body", ""))
		release := s.model.Hold()
		got := s.ask(t, "dev1")
		require.Empty(t, got.Actions)
		require.Equal(t, []suppression.Reason{suppression.LLMUnavailable}, reasons(got))
		require.Zero(t, s.Units(t, "dev1"))
		require.Empty(t, got.Dependencies())
		release()
		synctest.Wait()
		require.Equal(t, generated, body(t, s.ask(t, "dev2")))
		require.Equal(t, 1, s.Units(t, "dev2"))
	})
	synctest.Test(t, func(t *testing.T) {
		s := speak(t, given.Set("actions.0.payload.body", ""))
		s.model.Say(generated, safety.Flagged(safety.Blocked))
		got := s.ask(t, "dev1", noCaller)
		require.Equal(t, []suppression.Reason{suppression.SafetyFailed}, reasons(got))
		require.Zero(t, s.Units(t, "dev1"))
		require.Equal(t, "fail", s.result(t)["safety_result"])
	})
	synctest.Test(t, func(t *testing.T) {
		s := speak(t, given.Set("actions.0.payload.body", ""))
		s.model.FailNext(fault.New(fault.Unavailable, "", "down"))
		got := s.ask(t, "dev1", noCaller)
		require.Equal(t, []suppression.Reason{suppression.LLMUnavailable}, reasons(got))
		require.Equal(t, []string{"llm"}, got.Dependencies())
		require.Equal(t, "not_generated", s.result(t)["safety_result"])
	})
}

func TestModel_isAskedOnlyWhereItMayBe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mirror := speak(t, func(m map[string]any) {
			given.Set("actions.0.type", "mirror")(m)
			given.Set("actions.0.llm_prompt", "")(m)
		})
		require.Equal(t, template, body(t, mirror.ask(t, "dev1", noCaller)))
		plain := speak(t, given.Set("actions.0.llm_prompt", ""))
		require.Equal(t, template, body(t, plain.ask(t, "dev1", noCaller)))
		forbidden := speak(t)
		forbidden.Settings(t, func(s *tenant.Settings) { s.LLM.Enabled = false })
		require.Equal(t, template, body(t, forbidden.ask(t, "dev1", noCaller)))
		trial := speak(t)
		require.Equal(t, template, body(t, trial.ask(t, "dev1", func(q *decideaction.Request) { q.DryRun, q.Accepted = true, true })))
		require.Equal(t, template, body(t, trial.ask(t, "dev2", func(q *decideaction.Request) { q.Replay, q.Accepted = true, true })))
		synctest.Wait()
		for _, s := range []spoken{mirror, plain, forbidden, trial} {
			require.Empty(t, s.model.Prompts())
			require.Zero(t, s.texts.Claimed())
		}
		trial.ask(t, "dev3", noCaller)
		require.Equal(t, generated, body(t, trial.ask(t, "dev4", func(q *decideaction.Request) { q.DryRun = true })), "what is there is taken")
	})
}

func TestTextsThatCannotBeRead_letTheTemplateShip(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := speak(t)
		s.texts.FailNext(errors.New("gone"))
		got := s.ask(t, "dev1", noCaller)
		require.Equal(t, template, body(t, got))
		require.Empty(t, s.model.Prompts())
	})
}
