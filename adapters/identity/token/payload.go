package token

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/golang-jwt/jwt/v5"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// payload is the middle of a token. What has several forms, or must be told from null, is kept as it came.
type payload struct {
	jwt.RegisteredClaims

	all map[string]json.RawMessage
}

// UnmarshalJSON reads the registered claims by their exact names. A struct would take EXP for exp, and with some issuers the
// names of claims are other people's choice.
func (p *payload) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &p.all); err != nil {
		return err
	}
	for name, into := range map[string]any{
		"iss": &p.Issuer, "sub": &p.Subject, "aud": &p.Audience, "exp": &p.ExpiresAt, "nbf": &p.NotBefore, "iat": &p.IssuedAt,
	} {
		raw, there := p.all[name]
		if !there {
			continue
		}
		if err := json.Unmarshal(raw, into); err != nil {
			return err
		}
	}
	return nil
}

// at finds a claim by its name or, where there is none of that name, by a way through objects. Names come first because
// many hold dots themselves (https://example.org/tenant).
func (p *payload) at(path string) (json.RawMessage, bool) {
	level := p.all
	for {
		if raw, there := level[path]; there {
			return raw, true
		}
		head, rest, more := strings.Cut(path, ".")
		if !more {
			return nil, false
		}
		var next map[string]json.RawMessage
		if raw, there := level[head]; !there || json.Unmarshal(raw, &next) != nil {
			return nil, false
		}
		level, path = next, rest
	}
}

// principal turns claims whose times are right into a caller.
func (r *Reader) principal(p *payload) (caller.Caller, error) {
	raw, _ := p.at(r.rules.RolesClaim)
	roles, err := words(raw)
	if err != nil {
		return caller.Caller{}, fault.Unauthenticatedf("the token's roles are not an array of strings")
	}
	scopes, err := r.scopes(p)
	if err != nil {
		return caller.Caller{}, fault.Unauthenticatedf("the token's scope is neither a string nor an array of strings")
	}
	var kind string
	if raw, there := p.all["actor_type"]; there {
		if kind, err = word(raw); err != nil || kind == "" {
			return caller.Caller{}, fault.Unauthenticatedf("the token's actor_type must be human or ai_agent")
		}
	}
	home, err := r.tenant(p, scopes)
	if err != nil {
		return caller.Caller{}, err
	}
	if r.rules.ScopesTell {
		roles = withRoles(roles, scopes)
	}
	return caller.Verified(caller.Claims{
		Subject: actor.ID(p.Subject), Tenant: tenant.ID(home), ActorType: actor.Type(kind),
		Roles: roles, Scopes: scopes, ExpiresAt: p.ExpiresAt.Time,
	})
}

func (r *Reader) scopes(p *payload) ([]string, error) {
	for _, name := range r.rules.ScopeClaims {
		raw, there := p.all[name]
		if !there {
			continue
		}
		if text, err := word(raw); err == nil {
			return strings.Fields(text), nil
		}
		return words(raw)
	}
	return nil, nil
}

// tenant is the one tenant that everything in the token agrees on. Whether it is a valid id is not judged here.
func (r *Reader) tenant(p *payload, scopes []string) (string, error) {
	var named []string
	if raw, there := p.at(r.rules.TenantClaim); there {
		id, err := word(raw)
		if err != nil || id == "" {
			return "", fault.Unauthenticatedf("the token's tenant_id is missing or no valid id")
		}
		named = append(named, id)
	}
	if r.rules.ScopesTell {
		for _, s := range scopes {
			if id, found := strings.CutPrefix(s, "tenant:"); found {
				named = append(named, id)
			}
		}
	}
	if r.rules.SubjectTells {
		if id, _, found := strings.Cut(p.Subject, ":"); found {
			named = append(named, id)
		}
	}
	switch {
	case len(named) == 0:
		return "", fault.Unauthenticatedf("the token's tenant_id is missing or no valid id")
	case slices.ContainsFunc(named, func(id string) bool { return id != named[0] }):
		return "", fault.Unauthenticatedf("the token names more than one tenant")
	}
	return named[0], nil
}

// withRoles adds the roles that stand among the scopes.
func withRoles(roles, scopes []string) []string {
	for _, s := range scopes {
		if name, found := strings.CutPrefix(s, "role:"); found && name != "" && !slices.Contains(roles, name) {
			roles = append(roles, name)
		}
	}
	return roles
}

// word reads a string; null is none.
func word(raw json.RawMessage) (string, error) {
	var text *string
	if err := json.Unmarshal(raw, &text); err != nil || text == nil {
		return "", errors.New("not a string")
	}
	return *text, nil
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
