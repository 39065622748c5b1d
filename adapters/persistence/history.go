package persistence

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// BudgetHistory is ports.BudgetHistory.
type BudgetHistory struct{ db *DB }

// NewBudgetHistory reads db.
func NewBudgetHistory(db *DB) *BudgetHistory { return &BudgetHistory{db: db} }

// Shown gives the actor's actions. One that has a final outcome is no longer open.
func (s *BudgetHistory) Shown(ctx context.Context, t tenant.ID, a actor.ID, since time.Time) ([]fatigue.Entry, error) {
	var rows []actionRow
	err := counted(of(s.db.reader(ctx), t)).Where("actor_id = ?", string(a)).Where("reserved_at > ?", micros(since)).
		Select("action_id", "decision_id", "playbook_id", "repo_id", "dedup_key", "reserved_at", "expires_at", "override", "result").
		Order("reserved_at, action_id").Find(&rows).Error
	if err != nil {
		return nil, failure(ctx, "find shown actions", err)
	}
	out := make([]fatigue.Entry, len(rows))
	for i, r := range rows {
		out[i] = fatigue.Entry{
			Action: r.ActionID, Decision: r.DecisionID, Playbook: playbook.ID(r.PlaybookID), Repo: r.RepoID, DedupKey: r.DedupKey,
			At: fromMicros(r.ReservedAt), Override: r.Override,
		}
		if !r.final() {
			out[i].OpenUntil = fromMicros(r.ExpiresAt)
		}
	}
	return out, nil
}

// ShownIn gives when each action of a repo was shown.
func (s *BudgetHistory) ShownIn(ctx context.Context, t tenant.ID, repo string, since time.Time) (map[string]time.Time, error) {
	var rows []actionRow
	err := counted(of(s.db.reader(ctx), t)).Where("repo_id = ?", repo).Where("reserved_at > ?", micros(since)).
		Select("action_id", "reserved_at").Find(&rows).Error
	if err != nil {
		return nil, failure(ctx, "find actions of a repo", err)
	}
	out := make(map[string]time.Time, len(rows))
	for _, r := range rows {
		out[r.ActionID] = fromMicros(r.ReservedAt)
	}
	return out, nil
}

// Fates gives what became of an actor's actions in a repo, newest first. An action that somebody answered, with whatever
// answer, was heeded; one that was ignored ended then, and one without an answer ends when it expires.
func (s *BudgetHistory) Fates(ctx context.Context, t tenant.ID, a actor.ID, repo string, since time.Time) ([]fatigue.Fate, error) {
	var rows []actionRow
	err := counted(of(s.db.reader(ctx), t)).Where("actor_id = ?", string(a)).Where("repo_id = ?", repo).Where("reserved_at > ?", micros(since)).
		Select("playbook_id", "expires_at", "result", "result_at").Order("reserved_at DESC, action_id DESC").Find(&rows).Error
	if err != nil {
		return nil, failure(ctx, "find fates", err)
	}
	out := make([]fatigue.Fate, len(rows))
	for i, r := range rows {
		out[i] = fatigue.Fate{Playbook: playbook.ID(r.PlaybookID), Heeded: r.final(), Ended: fromMicros(r.ExpiresAt)}
		if r.ResultAt != nil && (r.final() || outcome.Result(textOf(r.Result)) == outcome.Ignored) {
			out[i].Ended = fromMicros(*r.ResultAt)
		}
	}
	return out, nil
}

// final reports whether the action's last outcome is a final one.
func (r actionRow) final() bool { return outcome.Result(textOf(r.Result)).Final() }
