package local

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// wireClaims is the payload of a token as it is read. What may have several forms, or must be told from null, is kept raw.
type wireClaims struct {
	jwt.RegisteredClaims

	TenantID  string          `json:"tenant_id"`
	ActorType json.RawMessage `json:"actor_type"`
	Roles     json.RawMessage `json:"roles"`
	Scope     json.RawMessage `json:"scope"`
}

// mintedClaims is the payload of a token as it is written. The scope is an array, the form that other services accept, too.
type mintedClaims struct {
	jwt.RegisteredClaims

	TenantID  string   `json:"tenant_id"`
	ActorType string   `json:"actor_type,omitempty"`
	Roles     []string `json:"roles"`
	Scope     []string `json:"scope"`
}

// principal turns claims whose signature and times are right into a caller.
func (c *wireClaims) principal() (caller.Caller, error) {
	roles, err := words(c.Roles)
	if err != nil {
		return caller.Caller{}, fault.Unauthenticatedf("the token's roles are not an array of strings")
	}
	scopes, err := words(c.Scope)
	if err != nil {
		var text string
		if json.Unmarshal(c.Scope, &text) != nil {
			return caller.Caller{}, fault.Unauthenticatedf("the token's scope is neither a string nor an array of strings")
		}
		scopes = strings.Fields(text)
	}
	var actorType string
	if c.ActorType != nil {
		if err := json.Unmarshal(c.ActorType, &actorType); err != nil || actorType == "" {
			return caller.Caller{}, fault.Unauthenticatedf("the token's actor_type must be human or ai_agent")
		}
	}
	return caller.Verified(caller.Claims{
		Subject:   actor.ID(c.Subject),
		Tenant:    tenant.ID(c.TenantID),
		ActorType: actor.Type(actorType),
		Roles:     roles,
		Scopes:    scopes,
		ExpiresAt: c.ExpiresAt.Time,
	})
}

// words reads an array of strings; absent means none. Null, and null within the array, are refused.
func words(raw json.RawMessage) ([]string, error) {
	if raw == nil {
		return nil, nil
	}
	var list []*string
	if err := json.Unmarshal(raw, &list); err != nil || list == nil {
		return nil, errors.New("not an array of strings")
	}
	out := make([]string, 0, len(list))
	for _, w := range list {
		if w == nil {
			return nil, errors.New("not an array of strings")
		}
		out = append(out, *w)
	}
	return out, nil
}
