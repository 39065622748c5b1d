package explaindecision_test

import (
	"strings"
	"testing"
	"time"

	"github.com/zeroui/mmm-engine/application/explaindecision"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

func TestCondition_everyReasonHasWordsOfItsOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]suppression.Reason{}
	for _, r := range suppression.Reasons() {
		got := explaindecision.WhatWouldPass(suppression.Suppression{Kind: intervention.Mentor, Reason: r.Reason, Detail: suppression.Detail{Observed: "x", Limit: 3}})
		if strings.Contains(got, "the reason did not hold") {
			t.Errorf("%s has no words", r.Reason)
		}
		if earlier, taken := seen[got]; taken && r.Stage != suppression.Match {
			t.Errorf("%s and %s have the same words: %s", r.Reason, earlier, got)
		}
		seen[got] = r.Reason
		if !strings.HasPrefix(got, "It would pass if ") || !strings.HasSuffix(got, ".") {
			t.Errorf("%s is no sentence", got)
		}
	}
}

func TestWhatWouldMatch_namesTheTriggerThatLacksLeast(t *testing.T) {
	t.Parallel()
	cmp := func(what string, wanted any, holds bool) playbook.Comparison {
		return playbook.Comparison{What: what, Wanted: wanted, Holds: holds}
	}
	for want, in := range map[string][]playbook.Comparison{
		"It would match if the severity were at least high.": {
			cmp("triggers[0].event_type", "a.b", false), cmp("triggers[0].source", "x", false),
			cmp("triggers[1].event_type", "c.d", true), cmp("triggers[1].min_severity", "high", false),
		},
		"It would match if recent.count('a.b', '1h') > 2 held, and role were lead or dev.": {
			cmp("triggers[0].event_type", "a.b", true), cmp("triggers[1].event_type", "c.d", false),
			cmp("conditions[0].expr", "recent.count('a.b', '1h') > 2", false), cmp("conditions[1].role", []string{"lead", "dev"}, false),
			cmp("conditions[2].branch", []string{"main"}, true),
		},
		"It would match if actor types were human.":    {cmp("triggers[0].actor_types", []string{"human"}, false)},
		"It would match if the call brought a signal.": {cmp("signal", "a signal", false)},
		"It would match if type were human or ai_agent.": {
			cmp("actor.type", []string{"human", "ai_agent"}, false), cmp("triggers[0].event_type", "a.b", true),
		},
		"The playbook's version of that moment is gone, so what it asked for is not known.": nil,
	} {
		if got := explaindecision.WhatWouldMatch(in); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestWhatWouldPass_givesTheTimeWhereTimeHelps(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 11, 0, 0, 0, time.FixedZone("x", 3600))
	got := explaindecision.WhatWouldPass(suppression.Suppression{Reason: suppression.Cooldown, EligibleAt: &at})
	if want := "It could pass from 2026-11-21T10:00:00Z on, if nothing else changes."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
