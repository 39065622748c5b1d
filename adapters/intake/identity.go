package intake

import (
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/ident"
)

// hashLen is how many hex digits of the keyed hash an actor id carries.
const hashLen = 16

// Mapping is one configured actor of a tenant. An empty Provider means any provider.
type Mapping struct {
	Provider         string
	UserID           string
	ActorID          actor.ID
	Type             actor.Type // empty: decided by Classify
	ResponsibleHuman actor.ID   // empty: nobody configured
}

// Actor is who a provider's identity turned out to be.
type Actor struct {
	ID               actor.ID // empty when the input names nobody
	Type             actor.Type
	ResponsibleHuman actor.ID
	// Mapped is true when the id was configured; the others are counted, and nudged only in replay and demo.
	Mapped bool
}

// ActorIDs turns provider identities of one tenant into actor ids. It is safe for concurrent use.
type ActorIDs struct {
	configured map[string]Mapping
	hash       func(string) string
}

// NewActorIDs takes the tenant's configured actors and its keyed hash, which must give at least 16 hex digits and must be
// keyed: an unkeyed hash of an e-mail address can be guessed. It reports every mapping that is no mapping.
func NewActorIDs(configured []Mapping, keyedHash func(string) string) (*ActorIDs, error) {
	var bad fault.Problems
	out := &ActorIDs{configured: make(map[string]Mapping, len(configured)), hash: keyedHash}
	for _, m := range configured {
		if m.UserID == "" {
			continue // It describes an actor that only API callers name.
		}
		if !ident.Valid(string(m.ActorID)) {
			bad.Add("actors.actor_id", "%s", ident.Rule)
		}
		if m.ResponsibleHuman != "" && !ident.Valid(string(m.ResponsibleHuman)) {
			bad.Add("actors.responsible_human", "%s", ident.Rule)
		}
		switch m.Type {
		case "", actor.Human, actor.AIAgent, actor.Automation:
		default:
			bad.Add("actors.actor_type", "must be one of human, ai_agent, automation")
		}
		k := m.Provider + "|" + m.UserID
		if _, twice := out.configured[k]; twice {
			bad.Add("actors.user_id", "is configured twice for the same provider")
		}
		out.configured[k] = m
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	return out, nil
}

// Resolve gives the actor behind an identity: the configured one, else "<provider>:<16 hex of the keyed hash>", never a login,
// a name or an address. Where the provider gives no user id the address and then the name stand in for it, inside the hash
// only. An identity without any of them gives an Actor without an id.
func (a *ActorIDs) Resolve(in Identity) Actor {
	user := in.ProviderUserID
	for _, other := range []string{in.Email, in.Login, in.Name} {
		if user == "" {
			user = other
		}
	}
	if user == "" {
		return Actor{}
	}
	class := Classify(in)
	m, ok := a.configured[in.Provider+"|"+user]
	if !ok {
		m, ok = a.configured["|"+user]
	}
	if !ok {
		digits := a.hash(in.Provider + "|" + user)
		return Actor{ID: actor.ID(in.Provider + ":" + digits[:min(hashLen, len(digits))]), Type: class.Type}
	}
	out := Actor{ID: m.ActorID, Type: m.Type, ResponsibleHuman: m.ResponsibleHuman, Mapped: true}
	if out.Type == "" {
		out.Type = class.Type
	}
	return out
}
