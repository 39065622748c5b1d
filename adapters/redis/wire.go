package redis

import (
	"time"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

// openFor is how long an action that was taken counts as open.
const openFor = action.OpenFor

// The shapes of answers: numbers for each verdict, and values for each demand at the repo.
const (
	verdictWidth = 8
	grantWidth   = 2
)

func (l *Ledger) takeCall(ask fatigue.Ask, take bool, back []string, demands []fatigue.Demand) call {
	args := []any{l.given(), ask.Now.UnixMicro(), flag(take), fatigue.Lease.Microseconds(), len(back)}
	args = append(args, asAny(back)...)
	for _, d := range demands {
		args = append(args, d.Action, limit(d.RepoPerDay))
	}
	return call{l.take, l.repoKeys(ask.Tenant, ask.Repo), args}
}

// reserveCall asks the actor's script. repo is what its script has said, nil where no limit of a repo is judged.
func (l *Ledger) reserveCall(ask fatigue.Ask, take bool, repo *repoAnswer) call {
	q := ask.Limits
	args := make([]any, 0, 14+9*len(ask.Demands))
	args = append(args, l.given(), ask.Now.UnixMicro(), flag(take), fatigue.Lease.Microseconds(), openFor.Microseconds(),
		ask.Decision, ask.Repo, ask.DedupKey, q.MaxActionsPerDecision, q.MaxActionsPerHour, q.MaxActionsPerDay)
	if repo == nil {
		args = append(args, "", "", "")
	} else {
		args = append(args, repo.inUse, repo.past, repo.now)
	}
	for i, d := range ask.Demands {
		var times string
		if repo != nil {
			times = repo.times[i]
		}
		args = append(args, d.Action, string(d.Playbook), limit(d.PlaybookPerDay), limit(d.RepoPerDay), d.Cooldown.Microseconds(),
			flag(d.Quiet), flag(d.MayOverride), micros(d.RepetitiveUntil), times)
	}
	return call{l.reserve, []string{l.actorKey(ask.Tenant, ask.Actor)}, args}
}

// entryArgs are the arguments of the script that remembers entries.
func entryArgs(from any, entries []fatigue.Entry) []any {
	args := make([]any, 0, 1+8*len(entries))
	args = append(args, from)
	for _, e := range entries {
		args = append(args, e.Action, e.At.UnixMicro(), micros(e.OpenUntil), flag(e.Override), e.Decision, string(e.Playbook), e.Repo, e.DedupKey)
	}
	return args
}

// unitArgs are the arguments of the script that counts units.
func unitArgs(from any, units map[string]time.Time) []any {
	args := make([]any, 0, 1+2*len(units))
	args = append(args, from)
	for action, at := range units {
		args = append(args, action, at.UnixMicro())
	}
	return args
}

// repoAnswer is what a repo's script says.
type repoAnswer struct {
	seeded      bool
	now         int64
	inUse, past int64
	granted     []bool
	times       []string // passed on to the actor's script as they are
}

func (r *repoAnswer) read(v any, ask fatigue.Ask) error {
	list, ok := v.([]any)
	if !ok || len(list) < 2 {
		return errAnswer
	}
	var head [4]int64
	for i := range min(len(head), len(list)) {
		if head[i], ok = list[i].(int64); !ok {
			return errAnswer
		}
	}
	r.seeded, r.now, r.inUse, r.past = head[0] == 1, head[1], head[2], head[3]
	if !r.seeded {
		return nil
	}
	if len(list) != len(head)+grantWidth*len(ask.Demands) {
		return errAnswer
	}
	for i := len(head); i < len(list); i += grantWidth {
		got, isNumber := list[i].(int64)
		times, isText := list[i+1].(string)
		if !isNumber || !isText {
			return errAnswer
		}
		r.granted = append(r.granted, got == 1)
		r.times = append(r.times, times)
	}
	return nil
}

// actorAnswer is what an actor's script says.
type actorAnswer struct {
	seeded   bool
	now      int64
	verdicts []fatigue.Verdict
}

func (a *actorAnswer) read(v any, ask fatigue.Ask) error {
	list, ok := v.([]any)
	if !ok || len(list) < 2 {
		return errAnswer
	}
	numbers := make([]int64, len(list))
	for i, x := range list {
		if numbers[i], ok = x.(int64); !ok {
			return errAnswer
		}
	}
	a.seeded, a.now = numbers[0] == 1, numbers[1]
	if !a.seeded {
		return nil
	}
	numbers = numbers[2:]
	if len(numbers) != verdictWidth*len(ask.Demands) {
		return errAnswer
	}
	a.verdicts = make([]fatigue.Verdict, len(ask.Demands))
	for i := range a.verdicts {
		a.verdicts[i], ok = verdict([verdictWidth]int64(numbers[i*verdictWidth:]))
		if !ok {
			return errAnswer
		}
	}
	return nil
}

func verdict(n [verdictWidth]int64) (fatigue.Verdict, bool) {
	if n[0] == 1 {
		return fatigue.Verdict{Admitted: true, Override: n[1] == 1}, true
	}
	v := fatigue.Verdict{Reason: reason(n[2]), Lifts: when(n[5]), Overrides: when(n[6]), Never: n[7] == 1}
	if v.Reason == suppression.Duplicate {
		v.Observed = "open"
	} else if v.Reason != suppression.AgentRepetition && v.Reason != suppression.QuietHours {
		v.Observed, v.Limit = int(n[3]), int(n[4])
	}
	return v, v.Reason != ""
}

// reason is the reason of a number in reserve.lua.
func reason(n int64) suppression.Reason {
	reasons := [...]suppression.Reason{
		suppression.CapDecision, suppression.Duplicate, suppression.AgentRepetition, suppression.QuietHours, suppression.Cooldown,
		suppression.CapPlaybookActorDay, suppression.CapActorHour, suppression.CapActorDay, suppression.CapRepoDay, suppression.CapOverrideDay,
	}
	if n < 1 || int(n) > len(reasons) {
		return ""
	}
	return reasons[n-1]
}

// micros writes a time for a script; 0 is no time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// when reads a time from a script.
func when(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return moment(us)
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

func limit(n *int) any {
	if n == nil {
		return ""
	}
	return *n
}

func asAny(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
