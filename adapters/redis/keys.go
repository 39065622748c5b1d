package redis

import (
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// budgetPrefix begins all keys of the budget.
const budgetPrefix = "mmm:fatigue:"

// tag makes Redis put all keys of one actor, or of one repo, into one slot. No id holds a '|' or a brace.
func tag(t tenant.ID, name string) string { return "{" + string(t) + "|" + name + "}" }

// actorKey holds an actor's entries. An actor and a repo may bear the same name; what follows the tag tells them apart.
func (l *Ledger) actorKey(t tenant.ID, a actor.ID) string {
	return l.prefix + tag(t, string(a)) + ":shown"
}

// repoKeys hold a repo's units and their leases.
func (l *Ledger) repoKeys(t tenant.ID, repo string) []string {
	units := l.prefix + tag(t, repo) + ":repo"
	return []string{units, units + ":held"}
}
