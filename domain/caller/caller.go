// Package caller holds the verified principal of a request: who calls, for which tenant, with which roles and scopes. Only an
// identity adapter that has checked a token makes one; the zero value is nobody and may do nothing.
package caller

import (
	"fmt"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Scope is what a token allows its holder to ask for.
type Scope string

// The scopes.
const (
	ScopeDecide  Scope = "mmm.decide"
	ScopeRead    Scope = "mmm.read"
	ScopeOutcome Scope = "mmm.outcome"
	// ScopeIngest is a collector's: it may send signals about any actor of its tenant.
	ScopeIngest Scope = "mmm.ingest"
	// ScopeDelegate is an edge agent's or CI job's: it may name any actor of its tenant in decide and outcomes, and read that
	// actor's open actions.
	ScopeDelegate Scope = "mmm.delegate"
)

// Role is a standing right of the subject. Tokens may hold other words too; playbooks can ask for them.
type Role string

// The roles that the engine itself knows.
const (
	RoleTenantAdmin Role = "tenant_admin"
	// RoleMMMAdmin may act on any tenant, and only where the path or body of an admin route names it.
	RoleMMMAdmin       Role = "mmm_admin"
	RoleApprover       Role = "approver"
	RolePrivacyOfficer Role = "privacy_officer"
)

// Claims are what a verified token said. An empty ActorType means that the token made no such claim.
type Claims struct {
	Subject   actor.ID
	Tenant    tenant.ID
	ActorType actor.Type
	Roles     []string
	Scopes    []string
	ExpiresAt time.Time
}

// Caller is a verified principal. It is immutable and safe to share.
type Caller struct{ claims Claims }

// Verified makes a caller of the claims of a token whose signature and times have been checked. Claims without a valid
// subject, tenant, actor type or expiry are refused as Unauthenticated.
func Verified(c Claims) (Caller, error) {
	if _, err := actor.ParseID(string(c.Subject)); err != nil {
		return Caller{}, fault.Unauthenticatedf("the token's sub is missing or no valid id")
	}
	if _, err := tenant.ParseID(string(c.Tenant)); err != nil {
		return Caller{}, fault.Unauthenticatedf("the token's tenant_id is missing or no valid id")
	}
	if c.ActorType != "" {
		if _, err := actor.ParseType(string(c.ActorType)); err != nil {
			return Caller{}, fault.Unauthenticatedf("the token's actor_type %v", err)
		}
	}
	if c.ExpiresAt.IsZero() {
		return Caller{}, fault.Unauthenticatedf("the token has no expiry")
	}
	c.Roles, c.Scopes = slices.Clone(c.Roles), slices.Clone(c.Scopes)
	return Caller{claims: c}, nil
}

// Valid reports whether this is somebody; false for the zero value.
func (c Caller) Valid() bool { return c.claims.Subject != "" && c.claims.Tenant != "" }

// Subject is the actor the token was issued to.
func (c Caller) Subject() actor.ID { return c.claims.Subject }

// Tenant is the tenant the token was issued for.
func (c Caller) Tenant() tenant.ID { return c.claims.Tenant }

// ActorType gives the type the token claims and true; without the claim, Human and false.
func (c Caller) ActorType() (t actor.Type, claimed bool) {
	if c.claims.ActorType == "" {
		return actor.Human, false
	}
	return c.claims.ActorType, true
}

// Roles gives a copy of all roles of the token, also those that only playbooks know.
func (c Caller) Roles() []string { return slices.Clone(c.claims.Roles) }

// Scopes gives a copy of all scopes of the token.
func (c Caller) Scopes() []string { return slices.Clone(c.claims.Scopes) }

// ExpiresAt is when the token ends, and with it every stream opened on it.
func (c Caller) ExpiresAt() time.Time { return c.claims.ExpiresAt }

// Has reports whether the token holds the scope. Nothing stands in for a scope, no role either.
func (c Caller) Has(s Scope) bool { return c.Valid() && slices.Contains(c.claims.Scopes, string(s)) }

// Is reports whether the token holds the role.
func (c Caller) Is(r Role) bool { return c.Valid() && slices.Contains(c.claims.Roles, string(r)) }

// Admin reports whether the caller is an admin of its own tenant: tenant_admin or mmm_admin.
func (c Caller) Admin() bool { return c.Is(RoleTenantAdmin) || c.Is(RoleMMMAdmin) }

// AdminOf reports whether the caller may use the admin routes of a tenant that the request names: its own as any admin,
// another only as mmm_admin.
func (c Caller) AdminOf(t tenant.ID) bool {
	if t == "" {
		return false
	}
	return c.Is(RoleMMMAdmin) || (c.Is(RoleTenantAdmin) && c.claims.Tenant == t)
}

// Owns reports whether the actor is the caller itself.
func (c Caller) Owns(id actor.ID) bool { return c.Valid() && id != "" && c.claims.Subject == id }

// CanActFor reports whether the caller may name this actor of its own tenant in a decision or an outcome: itself, or anybody
// for an admin or a delegate. Consent and approval do not follow from it; they need Owns.
func (c Caller) CanActFor(id actor.ID) bool {
	return id != "" && (c.Owns(id) || c.Admin() || c.Has(ScopeDelegate))
}

// CanSee reports whether the caller may read this actor's data: its own, or anybody's in its tenant as admin (which leaves an
// access receipt).
func (c Caller) CanSee(id actor.ID) bool { return id != "" && (c.Owns(id) || c.Admin()) }

// Machine reports whether the token is one that collectors, edge agents and CI jobs hold (ingest or delegate). Without a
// claimed actor type such a token never counts as a person's.
func (c Caller) Machine() bool { return c.Has(ScopeIngest) || c.Has(ScopeDelegate) }

// String says who calls for tests and debugging in no detail: ids of people do not belong in logs.
func (c Caller) String() string {
	if !c.Valid() {
		return "caller(nobody)"
	}
	return fmt.Sprintf("caller(of %s)", c.claims.Tenant)
}
