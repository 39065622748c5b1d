package fake

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Reports is ports.Reports.
type Reports struct {
	Failing
	s *Store
}

// Totals implements ports.Reports.
func (x *Reports) Totals(ctx context.Context, t tenant.ID, from, to time.Time) (out ports.Totals, err error) {
	err = x.s.use(ctx, &x.Failing, func(db *tables) error {
		c := counts{}
		c.count(db, t, from, to, func(decision.Decision, string) string { return "" })
		out = c.of("").Totals
		return nil
	})
	return out, err
}

// Groups implements ports.Reports.
func (x *Reports) Groups(ctx context.Context, t tenant.ID, from, to time.Time, by ports.Grouping) (out []ports.Group, err error) {
	key := func(d decision.Decision, _ string) string { return d.Place.RepoID }
	if by == ports.ByPlaybook {
		key = func(_ decision.Decision, playbook string) string { return playbook }
	}
	err = x.s.use(ctx, &x.Failing, func(db *tables) error {
		c := counts{}
		c.count(db, t, from, to, key)
		if by == ports.ByPlaybook {
			delete(c, "") // decisions in which no playbook had anything to say
		}
		out = []ports.Group{}
		for _, g := range c {
			if by == ports.ByPlaybook {
				g.Actors = 0
			}
			out = append(out, g.Group)
		}
		slices.SortFunc(out, func(a, b ports.Group) int { return strings.Compare(a.Key, b.Key) })
		return nil
	})
	return out, err
}

type counted struct {
	ports.Group
	actors    map[actor.ID]bool
	decisions map[decision.ID]bool
}

type counts map[string]*counted

func (c counts) of(key string) *counted {
	if c[key] == nil {
		c[key] = &counted{
			Group: ports.Group{Key: key, Totals: ports.Totals{
				Actions: map[intervention.Kind]int64{}, Outcomes: map[outcome.Result]int64{}, Suppressed: map[suppression.Reason]int64{},
			}},
			actors: map[actor.ID]bool{}, decisions: map[decision.ID]bool{},
		}
	}
	return c[key]
}

// count adds what belongs to the time, under the key of its decision and playbook.
func (c counts) count(db *tables, t tenant.ID, from, to time.Time, key func(d decision.Decision, playbook string) string) {
	in := func(at time.Time) bool { return !at.Before(from) && at.Before(to) }
	for k, row := range db.decisions {
		d := row.Decision
		if k.tenant != t {
			continue
		}
		for _, a := range d.Actions {
			for _, o := range db.outcomes[actionKey{t, string(a.ID)}] {
				if in(o.At) {
					c.of(key(d, string(a.Playbook))).Outcomes[o.Result]++
				}
			}
		}
		if !in(d.CreatedAt) {
			continue
		}
		c.of(key(d, "")).add(d)
		for _, a := range d.Actions {
			g := c.of(key(d, string(a.Playbook)))
			g.add(d)
			g.Actions[a.Kind]++
		}
		for _, s := range d.Suppressions {
			g := c.of(key(d, string(s.Playbook)))
			g.add(d)
			g.Suppressed[s.Reason]++
		}
	}
}

// add counts a decision once, and its actor.
func (g *counted) add(d decision.Decision) {
	g.decisions[d.ID], g.actors[d.Actor] = true, true
	g.Decisions, g.Actors = int64(len(g.decisions)), int64(len(g.actors))
}
