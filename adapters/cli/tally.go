package cli

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

// tally is the summary of a replay.
type tally struct {
	signals, decided, kept, duplicate, bad, silent int
	shown                                          map[intervention.Kind]int
	withheld                                       map[suppression.Reason]int
	took                                           []time.Duration
}

func newTally() *tally {
	return &tally{shown: map[intervention.Kind]int{}, withheld: map[suppression.Reason]int{}}
}

func (t *tally) add(r ingestsignal.Result) {
	t.signals++
	switch r.Fate {
	case ingestsignal.Kept:
		t.kept++
	case ingestsignal.Duplicate:
		t.duplicate++
	case ingestsignal.Decided:
		t.decided++
		d := r.Decision.Decision
		if len(d.Actions)+len(d.Suppressions) == 0 {
			t.silent++
		}
		for _, a := range d.Actions {
			t.shown[a.Kind]++
		}
		for _, s := range d.Suppressions {
			t.withheld[s.Reason]++
		}
		t.took = append(t.took, r.Decision.Took)
	}
}

func (t *tally) nudges() int {
	n := 0
	for _, v := range t.shown {
		n += v
	}
	return n
}

func (t *tally) print(w io.Writer) {
	fmt.Fprintf(w, "\nSummary\n")
	fmt.Fprintf(w, "  signals     %d: %d decided, %d kept without anybody to nudge, %d seen before", t.signals, t.decided, t.kept, t.duplicate)
	if t.bad > 0 {
		fmt.Fprintf(w, ", and %d lines that could not be read", t.bad)
	}
	fmt.Fprintf(w, "\n  silence     %d decisions matched no playbook\n", t.silent)
	fmt.Fprintf(w, "  shown       %d:", t.nudges())
	for _, k := range intervention.Kinds() {
		fmt.Fprintf(w, " %s %d", k, t.shown[k])
	}
	total := 0
	for _, n := range t.withheld {
		total += n
	}
	fmt.Fprintf(w, "\n  withheld    %d", total)
	reasons := slices.SortedFunc(maps.Keys(t.withheld), func(a, b suppression.Reason) int {
		return cmp.Or(t.withheld[b]-t.withheld[a], cmp.Compare(a, b))
	})
	for _, r := range reasons {
		fmt.Fprintf(w, "\n    %-24s %d", r, t.withheld[r])
	}
	if len(t.took) > 0 {
		slices.Sort(t.took)
		at := func(percent int) time.Duration {
			return t.took[min(len(t.took)-1, len(t.took)*percent/100)].Round(10 * time.Microsecond)
		}
		fmt.Fprintf(w, "\n  decide      p50 %s, p95 %s", at(50), at(95))
	}
	fmt.Fprintln(w)
}

// printer tells each decision that had something to say, with its why.
type printer struct{ w io.Writer }

func newPrinter(w io.Writer) *printer { return &printer{w} }

func (p *printer) bad(err error) { fmt.Fprintf(p.w, "passed over: %v\n", err) }

func (p *printer) decision(r decideaction.Result) {
	d := r.Decision
	if len(d.Actions)+len(d.Suppressions) == 0 {
		return
	}
	where := d.Place.RepoID
	if d.Place.Branch != "" {
		where += "@" + d.Place.Branch
	}
	fmt.Fprintf(p.w, "%s  %s (%s)  %s %s  %s\n",
		d.CreatedAt.Format("2006-01-02 15:04Z"), d.Actor, d.ActorType, d.EventType, d.Severity, where)
	name := map[string]string{}
	for _, l := range r.Looks {
		name[string(l.Version.ID())] = l.Version.Definition().Name
	}
	for _, a := range d.Actions {
		fmt.Fprintf(p.w, "  %-10s %s\n", a.Kind, a.Payload.Title)
		fmt.Fprintf(p.w, "  %-10s %s\n", "", a.Payload.Body)
		why := fmt.Sprintf("playbook %q v%d matched", name[string(a.Playbook)], a.Version)
		if a.Payload.Rationale != "" {
			why += "; " + strings.TrimRight(a.Payload.Rationale, ".")
		}
		if a.Override {
			why += "; critical, so it passed quiet hours or cool-down"
		}
		if a.RequiresDualChannel {
			why += "; waits for consent and a second person"
		} else if a.RequiresConsent {
			why += "; waits for consent"
		}
		fmt.Fprintf(p.w, "  %-10s why: %s\n", "", why)
	}
	for _, s := range d.Suppressions {
		fmt.Fprintf(p.w, "  withheld   %s %q: %s%s%s\n", s.Kind, name[string(s.Playbook)], s.Reason, detail(s), eligible(s))
	}
}

func detail(s suppression.Suppression) string {
	switch {
	case s.Detail.Observed != nil && s.Detail.Limit != nil:
		return fmt.Sprintf(" (%v, limit %v)", s.Detail.Observed, s.Detail.Limit)
	case s.Detail.Observed != nil:
		return fmt.Sprintf(" (%v)", s.Detail.Observed)
	}
	return ""
}

func eligible(s suppression.Suppression) string {
	if s.EligibleAt == nil {
		return ""
	}
	return ", could pass from " + s.EligibleAt.UTC().Format("2006-01-02 15:04Z")
}

// progress redraws a counter on a terminal and is silent elsewhere.
type progress struct {
	w    io.Writer
	last int
}

func (p *Program) progress() *progress {
	if !p.Terminal {
		return &progress{}
	}
	return &progress{w: p.Err}
}

func (p *progress) tick(n int) {
	if p.w == nil || n < p.last+100 {
		return
	}
	p.last = n
	fmt.Fprintf(p.w, "\r%d signals", n)
}

func (p *progress) done() {
	if p.w != nil && p.last > 0 {
		fmt.Fprint(p.w, "\r               \r")
	}
}
