// Package directory knows the actors that the deployment's configuration names: what sort of actor each is, who answers for
// the agents, and which accounts at code hosts are theirs. It is read-only and safe for concurrent use.
package directory

import (
	"fmt"
	"slices"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/ident"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Entry says who somebody is. One actor may have several, one for each account.
type Entry struct {
	Tenant           tenant.ID
	ActorID          actor.ID
	ActorType        actor.Type // empty: human
	ResponsibleHuman actor.ID   // of agents and automation only; empty where nobody answers for them
	// Provider and UserID are an account, both or neither. UserID is the provider's stable id, not the login.
	Provider string
	UserID   string
}

// Directory answers who is configured. Make one with New; the zero value knows nobody.
type Directory struct {
	actors   map[name]actor.Actor
	accounts map[account]actor.ID
	agents   map[name][]actor.ID
}

type name struct {
	tenant tenant.ID
	actor  actor.ID
}

type account struct {
	tenant           tenant.ID
	provider, userID string
}

// New makes a directory, or says everything that is wrong with the entries.
func New(entries []Entry) (*Directory, error) {
	d := &Directory{actors: map[name]actor.Actor{}, accounts: map[account]actor.ID{}, agents: map[name][]actor.ID{}}
	var p fault.Problems
	for i, e := range entries {
		bad := func(field, format string, args ...any) {
			p.Add(fmt.Sprintf("actors[%d].%s", i, field), format, args...)
		}
		if e.ActorType == "" {
			e.ActorType = actor.Human
		}
		e.check(bad)
		d.add(e, bad)
	}
	for i, e := range entries {
		responsible, known := d.actors[name{e.Tenant, e.ResponsibleHuman}]
		if e.ResponsibleHuman != "" && (e.ResponsibleHuman == e.ActorID || (known && responsible.Type != actor.Human)) {
			p.Add(fmt.Sprintf("actors[%d].responsible_human", i), "must be a human")
		}
	}
	if err := p.Err(); err != nil {
		return nil, err
	}
	return d, nil
}

func (e Entry) check(bad func(field, format string, args ...any)) {
	if _, err := tenant.ParseID(string(e.Tenant)); err != nil {
		bad("tenant", "%v", err)
	}
	if _, err := actor.ParseID(string(e.ActorID)); err != nil {
		bad("actor_id", "%v", err)
	}
	switch e.ActorType {
	case actor.Human:
		if e.ResponsibleHuman != "" {
			bad("responsible_human", "is for ai_agent and automation only")
		}
	case actor.AIAgent, actor.Automation:
	default:
		bad("actor_type", "must be one of human, ai_agent, automation")
	}
	if e.ResponsibleHuman != "" && !ident.Valid(string(e.ResponsibleHuman)) {
		bad("responsible_human", "%s", ident.Rule)
	}
	if (e.Provider == "") != (e.UserID == "") {
		bad("user_id", "must be given together with provider")
	}
}

func (d *Directory) add(e Entry, bad func(field, format string, args ...any)) {
	n := name{e.Tenant, e.ActorID}
	known, again := d.actors[n]
	switch {
	case !again:
		d.actors[n] = actor.Actor{ID: e.ActorID, Type: e.ActorType, ResponsibleHuman: e.ResponsibleHuman}
		if e.ResponsibleHuman != "" {
			h := name{e.Tenant, e.ResponsibleHuman}
			d.agents[h] = append(d.agents[h], e.ActorID)
		}
	case known.Type != e.ActorType || known.ResponsibleHuman != e.ResponsibleHuman:
		bad("actor_id", "another entry gives the same actor another actor_type or responsible_human")
	}
	if e.UserID == "" {
		return
	}
	acc := account{e.Tenant, e.Provider, e.UserID}
	if _, taken := d.accounts[acc]; taken {
		bad("user_id", "another entry already says who this account is")
		return
	}
	d.accounts[acc] = e.ActorID
}

// Lookup implements ports.Directory. The actor has no roles: those come from tokens.
func (d *Directory) Lookup(t tenant.ID, a actor.ID) (actor.Actor, bool) {
	found, ok := d.actors[name{t, a}]
	return found, ok
}

// ByAccount gives the actor behind an account at a provider; false where none is configured.
func (d *Directory) ByAccount(t tenant.ID, provider, userID string) (actor.Actor, bool) {
	id, ok := d.accounts[account{t, provider, userID}]
	if !ok {
		return actor.Actor{}, false
	}
	return d.Lookup(t, id)
}

// AgentsOf lists the agents and automation that a person answers for, in the order of the configuration.
func (d *Directory) AgentsOf(t tenant.ID, human actor.ID) []actor.ID {
	return slices.Clone(d.agents[name{t, human}])
}
