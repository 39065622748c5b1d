package testplaybook

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/experiment"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

// result is what one decision showed and withheld. why says why a playbook did not match.
type result struct {
	shown, suppressed []string
	why               string
}

// decide is the flow of a decision without a world around it: nothing was shown before, and nothing is kept.
func decide(c *playbook.Compiled, sit *situation.Situation) (result, error) {
	var (
		out        result
		candidates []playbook.Candidate
	)
	for _, look := range playbook.Match(playbook.NewIndex([]*playbook.Compiled{c}), sit) {
		candidates = append(candidates, look.Candidates()...)
	}
	if len(candidates) == 0 {
		out.why = whyNot(c, sit)
	}
	permitted, refused := policy.Gate(sit, policy.Gatekeepers{Snapshot: policy.FromSettings(sit.Now), Freshness: policy.Fresh}, candidates)
	chosen, aside := experiment.Choose(permitted)
	admitted, tired, err := restrain(sit, chosen)
	if err != nil {
		return result{}, err
	}
	var (
		actions  []action.Action
		wordless []suppression.Suppression
	)
	for _, a := range admitted {
		composed, no, err := action.Compose(sit, a)
		switch {
		case err != nil:
			return result{}, err
		case no != nil:
			wordless = append(wordless, *no)
		default:
			actions = append(actions, composed)
			out.shown = append(out.shown, string(composed.Kind))
		}
	}
	withheld := slices.Concat(refused, aside, tired, wordless)
	if err := decision.Account(candidates, actions, withheld); err != nil {
		return result{}, err
	}
	for _, s := range withheld {
		out.suppressed = append(out.suppressed, string(s.Reason))
	}
	return out, nil
}

// restrain judges by a budget from which nothing has been taken.
func restrain(sit *situation.Situation, chosen []experiment.Chosen) ([]fatigue.Admitted, []suppression.Suppression, error) {
	names := make([]string, len(chosen))
	for i := range names {
		names[i] = "action-" + strconv.Itoa(i)
	}
	hours := fatigue.HoursFor(sit, chosen)
	ask := fatigue.Ask{
		Tenant: sit.Tenant, Actor: sit.Actor.ID, Decision: "test", Repo: sit.Place.RepoID, DedupKey: sit.Signal.DedupKey, Now: sit.Now,
		Limits: sit.Settings.Quotas, Demands: fatigue.Demands(sit, chosen, hours, names),
	}
	held := fatigue.Reservation{Ask: ask, At: sit.Now, OpenFor: action.OpenFor, Verdicts: fatigue.Judge(nil, ask, &repo{now: sit.Now})}
	return fatigue.Admit(chosen, hours, held)
}

// repo is the budget of a repo in which nothing was shown before the test.
type repo struct {
	now  time.Time
	used []time.Time
}

// Used implements fatigue.Repo.
func (r *repo) Used(limit int) (int, time.Time) { return len(r.used), fatigue.Room(r.used, limit) }

// Take implements fatigue.Repo.
func (r *repo) Take(limit int, _ string) bool {
	if len(r.used) >= limit {
		return false
	}
	r.used = append(r.used, r.now)
	return true
}

// whyNot says what kept a playbook from matching.
func whyNot(c *playbook.Compiled, sit *situation.Situation) string {
	verdict, comparisons := c.Explain(sit)
	var failed []string
	for _, cmp := range comparisons {
		if !cmp.Holds {
			failed = append(failed, fmt.Sprintf("%s was %v, wanted %v", cmp.What, cmp.Observed, cmp.Wanted))
		}
	}
	return fmt.Sprintf(" (it did not match: %s; %s)", verdict, strings.Join(failed, "; "))
}
