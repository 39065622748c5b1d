package explaindecision

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

// whatWouldMatch says in one sentence what a playbook that did not match asks for. Of several triggers, any one of which would
// do, it names the one that lacks least.
func whatWouldMatch(comparisons []playbook.Comparison) string {
	var (
		triggers  []trigger
		remaining []string
	)
	for _, c := range comparisons {
		group, _, ok := strings.Cut(c.What, ".")
		if !ok || !strings.HasPrefix(group, "triggers[") {
			if !c.Holds {
				remaining = append(remaining, wish(c))
			}
			continue
		}
		if len(triggers) == 0 || triggers[len(triggers)-1].name != group {
			triggers = append(triggers, trigger{name: group})
		}
		if last := &triggers[len(triggers)-1]; !c.Holds {
			last.lacks = append(last.lacks, wish(c))
		}
	}
	var least []string
	for i, t := range triggers {
		if i == 0 || len(t.lacks) < len(least) {
			least = t.lacks
		}
	}
	all := slices.Concat(least, remaining)
	if len(all) == 0 {
		return "The playbook's version of that moment is gone, so what it asked for is not known."
	}
	return "It would match if " + strings.Join(all, ", and ") + "."
}

type trigger struct {
	name  string
	lacks []string
}

// wish words one comparison as what would have to hold.
func wish(c playbook.Comparison) string {
	_, asked, _ := strings.Cut(c.What, ".")
	wanted := words(c.Wanted)
	switch {
	case c.What == "signal":
		return "the call brought a signal"
	case asked == "min_severity":
		return fmt.Sprintf("the severity were at least %s", wanted)
	case asked == playbook.CondExpr:
		return fmt.Sprintf("%s held", wanted)
	}
	return fmt.Sprintf("%s were %s", strings.ReplaceAll(asked, "_", " "), wanted)
}

// words writes a value for a sentence.
func words(v any) string {
	switch x := v.(type) {
	case nil:
		return "none"
	case []string:
		if len(x) == 0 {
			return "none"
		}
		return strings.Join(x, " or ")
	}
	return fmt.Sprint(v)
}

// whatWouldPass says in one sentence what would let a withheld action through.
func whatWouldPass(s suppression.Suppression) string {
	if s.EligibleAt != nil {
		return fmt.Sprintf("It could pass from %s on, if nothing else changes.", s.EligibleAt.UTC().Format(time.RFC3339))
	}
	return "It would pass if " + condition(s) + "."
}

// condition words what a reason asks for. The list of reasons is closed, and so is this one: a test holds them together.
func condition(s suppression.Suppression) string {
	limit := words(s.Detail.Limit)
	switch s.Reason {
	case suppression.PolicyUnavailable:
		return "the policy service answered"
	case suppression.PolicyDenied:
		return "policy allowed actions for this tenant"
	case suppression.PolicyRestricted:
		if s.Detail.Limit == nil {
			return "this were not so: " + words(s.Detail.Observed)
		}
		return fmt.Sprintf("policy did not restrict actions of type %s", s.Kind)
	case suppression.PolicyStale:
		return "what is known of the policy were fresh"
	case suppression.GoldStandardsUnavailable:
		return "the gold standards could be read"
	case suppression.GoldStandard:
		return fmt.Sprintf("the gold standards allowed actions of type %s here", s.Kind)
	case suppression.NotSafeToAct:
		return "it were safe to act at that moment"
	case suppression.TypeDisabled:
		return fmt.Sprintf("the tenant enabled actions of type %s", s.Kind)
	case suppression.SurfaceDisabled:
		return "the tenant enabled one of the action's surfaces (alert also needs a severity of at least high)"
	case suppression.OptedOut:
		return fmt.Sprintf("the actor had not opted out of %s", words(s.Detail.Observed))
	case suppression.Snoozed:
		return "the actor had not asked for silence"
	case suppression.NoPreferredSurface:
		return fmt.Sprintf("the action had a surface that the actor prefers (%s)", limit)
	case suppression.Shadow:
		return "this version were published instead of only shadowing"
	case suppression.Holdout:
		return "the actor were not in the holdout group"
	case suppression.ArmPaused:
		return "the experiment's arm were not paused"
	case suppression.VariantNotChosen:
		return "the experiment had chosen this variant"
	case suppression.CapDecision:
		return fmt.Sprintf("it ranked among the first %s actions of the decision", limit)
	case suppression.Duplicate:
		return "the action for the same matter were no longer open"
	case suppression.AgentRepetition:
		return "the agent had heeded one of the last three of these"
	case suppression.QuietHours:
		return fmt.Sprintf("it were outside the quiet hours (%s)", limit)
	case suppression.Cooldown:
		return fmt.Sprintf("the cool-down of %s minutes were over", limit)
	case suppression.CapPlaybookActorDay:
		return fmt.Sprintf("this playbook had a limit above %s a day for each actor", limit)
	case suppression.CapActorHour:
		return fmt.Sprintf("the tenant had a limit above %s an hour for each actor", limit)
	case suppression.CapActorDay:
		return fmt.Sprintf("the tenant had a limit above %s a day for each actor", limit)
	case suppression.CapRepoDay:
		return fmt.Sprintf("this playbook had a limit above %s a day for the repository", limit)
	case suppression.CapOverrideDay:
		return fmt.Sprintf("fewer than %s critical nudges had passed quiet hours or cool-down that day", limit)
	case suppression.BudgetUnavailable:
		return "the attention budget could be asked"
	case suppression.Held:
		return "it were not held back for later"
	case suppression.Deadline:
		return "it could be composed in time"
	case suppression.LLMUnavailable:
		return "the language model answered"
	case suppression.SafetyFailed:
		return "the safety check passed its text"
	case suppression.TemplateFailed:
		return "every value that its text names were known"
	case suppression.NotNeutral:
		return "its text stayed neutral with the values filled in"
	case suppression.TriggerMismatch, suppression.BelowMinSeverity, suppression.ConditionFalse, suppression.ConditionError:
		return "its triggers and conditions held" // never candidates; whatWouldMatch says more
	}
	return "the reason did not hold"
}
