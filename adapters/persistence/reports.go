package persistence

import (
	"context"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Reports is ports.Reports.
type Reports struct{ db *DB }

// NewReports counts in db.
func NewReports(db *DB) *Reports { return &Reports{db: db} }

// The joins of a report. Each names its tenant.
const (
	withActions = "JOIN actions ON actions.tenant_id = decisions.tenant_id AND actions.decision_id = decisions.decision_id"
	withRefused = "JOIN suppressions ON suppressions.tenant_id = decisions.tenant_id AND suppressions.decision_id = decisions.decision_id"
)

// countRow is how often a word occurs under a key.
type countRow struct {
	GroupKey string
	Word     string
	N        int64
	Actors   int64
}

// Totals counts a period.
func (s *Reports) Totals(ctx context.Context, t tenant.ID, from, to time.Time) (ports.Totals, error) {
	c := counting{h: s.db.reader(ctx), tenant: t, from: from, to: to, groups: map[string]*ports.Group{}}
	c.decisions("''")
	c.parts("''", "''", "''")
	return c.group("").Totals, failure(ctx, "count", c.err)
}

// Groups counts a period by repo or by playbook.
func (s *Reports) Groups(ctx context.Context, t tenant.ID, from, to time.Time, by ports.Grouping) ([]ports.Group, error) {
	c := counting{h: s.db.reader(ctx), tenant: t, from: from, to: to, groups: map[string]*ports.Group{}}
	if by == ports.ByPlaybook {
		c.spoken()
		c.parts("actions.playbook_id", "suppressions.playbook_id", "outcomes.playbook_id")
	} else {
		c.decisions("decisions.repo_id")
		c.parts("decisions.repo_id", "decisions.repo_id", "outcomes.repo_id")
	}
	if c.err != nil {
		return nil, failure(ctx, "count", c.err)
	}
	out := make([]ports.Group, 0, len(c.groups))
	for _, key := range slices.Sorted(maps.Keys(c.groups)) {
		out = append(out, *c.groups[key])
	}
	return out, nil
}

// counting collects counts by key. The first error ends it.
type counting struct {
	h        *gorm.DB
	tenant   tenant.ID
	from, to time.Time
	groups   map[string]*ports.Group
	err      error
}

func (c *counting) group(key string) *ports.Group {
	if c.groups[key] == nil {
		c.groups[key] = &ports.Group{Key: key, Totals: ports.Totals{
			Actions: map[intervention.Kind]int64{}, Outcomes: map[outcome.Result]int64{}, Suppressed: map[suppression.Reason]int64{},
		}}
	}
	return c.groups[key]
}

// made gives the statement for the decisions that were made in the period.
func (c *counting) made() *gorm.DB {
	return between(of(c.h.Model(&decisionRow{}), c.tenant), "decisions.created_at", c.from, c.to)
}

// tally counts by key and word, of which each may be a constant.
func (c *counting) tally(q *gorm.DB, key, word, n string, add func(g *ports.Group, r countRow)) {
	if c.err != nil {
		return
	}
	var rows []countRow
	c.err = q.Select(key + " AS group_key, " + word + " AS word, " + n).Group("group_key, word").Scan(&rows).Error
	for _, r := range rows {
		add(c.group(r.GroupKey), r)
	}
}

// decisions counts decisions and the actors in them.
func (c *counting) decisions(key string) {
	c.tally(c.made(), key, "''", "COUNT(*) AS n, COUNT(DISTINCT decisions.actor_id) AS actors", func(g *ports.Group, r countRow) {
		g.Decisions, g.Actors = r.N, r.Actors
	})
}

// spoken counts for each playbook the decisions in which it had something to say: those in which it showed something, and
// those in which everything it had was withheld.
func (c *counting) spoken() {
	add := func(g *ports.Group, r countRow) { g.Decisions += r.N }
	const each = "COUNT(DISTINCT decisions.decision_id) AS n"
	c.tally(c.made().Joins(withActions), "actions.playbook_id", "''", each, add)
	shown := of(c.h.Model(&actionRow{}), c.tenant).Select("1").
		Where("actions.decision_id = suppressions.decision_id").Where("actions.playbook_id = suppressions.playbook_id")
	c.tally(c.made().Joins(withRefused).Where("NOT EXISTS (?)", shown), "suppressions.playbook_id", "''", each, add)
}

// parts counts what was shown, what was withheld and what became of it, each under a key of its own. Outcomes outlive their
// decisions, so they are counted by themselves.
func (c *counting) parts(shown, withheld, reported string) {
	const each = "COUNT(*) AS n"
	c.tally(c.made().Joins(withActions), shown, "actions.kind", each, func(g *ports.Group, r countRow) {
		g.Actions[intervention.Kind(r.Word)] = r.N
	})
	c.tally(c.made().Joins(withRefused), withheld, "suppressions.reason", each, func(g *ports.Group, r countRow) {
		g.Suppressed[suppression.Reason(r.Word)] = r.N
	})
	told := between(of(c.h.Model(&outcomeRow{}), c.tenant), "outcomes.recorded_at", c.from, c.to)
	c.tally(told, reported, "outcomes.result", each, func(g *ports.Group, r countRow) {
		g.Outcomes[outcome.Result(r.Word)] = r.N
	})
}
