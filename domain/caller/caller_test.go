package caller_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

func claims(change ...func(*caller.Claims)) caller.Claims {
	c := caller.Claims{Subject: "dev1", Tenant: "acme", ExpiresAt: time.Unix(1000, 0)}
	for _, f := range change {
		f(&c)
	}
	return c
}

func verified(t *testing.T, roles, scopes []string) caller.Caller {
	t.Helper()
	c, err := caller.Verified(claims(func(c *caller.Claims) { c.Roles, c.Scopes = roles, scopes }))
	require.NoError(t, err)
	return c
}

func TestZeroCaller_mayDoNothing(t *testing.T) {
	t.Parallel()
	var c caller.Caller
	denied := map[string]bool{
		"Valid": c.Valid(), "Has": c.Has(caller.ScopeRead), "Has empty": c.Has(""), "Is": c.Is(caller.RoleApprover),
		"Admin": c.Admin(), "AdminOf": c.AdminOf("acme"), "AdminOf nothing": c.AdminOf(""), "Owns nobody": c.Owns(""),
		"CanActFor": c.CanActFor("dev1"), "CanActFor nobody": c.CanActFor(""), "CanSee nobody": c.CanSee(""), "Machine": c.Machine(),
	}
	for name, yes := range denied {
		if yes {
			t.Errorf("%s of the zero caller is true", name)
		}
	}
	if c.Tenant() != "" || c.Subject() != "" {
		t.Error("the zero caller is somebody")
	}
}

func TestVerified_refuses(t *testing.T) {
	t.Parallel()
	cases := map[string]func(*caller.Claims){
		"no subject":         func(c *caller.Claims) { c.Subject = "" },
		"subject with space": func(c *caller.Claims) { c.Subject = "a b" },
		"no tenant":          func(c *caller.Claims) { c.Tenant = "" },
		"tenant with ..":     func(c *caller.Claims) { c.Tenant = "a..b" },
		"automation":         func(c *caller.Claims) { c.ActorType = actor.Automation },
		"unknown type":       func(c *caller.Claims) { c.ActorType = "robot" },
		"no expiry":          func(c *caller.Claims) { c.ExpiresAt = time.Time{} },
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := caller.Verified(claims(change))
			require.Equal(t, fault.Unauthenticated, fault.KindOf(err))
			require.False(t, c.Valid())
		})
	}
}

func TestActorType_tellsClaimFromDefault(t *testing.T) {
	t.Parallel()
	for claim, want := range map[actor.Type]struct {
		t       actor.Type
		claimed bool
	}{"": {actor.Human, false}, actor.Human: {actor.Human, true}, actor.AIAgent: {actor.AIAgent, true}} {
		c, err := caller.Verified(claims(func(c *caller.Claims) { c.ActorType = claim }))
		require.NoError(t, err)
		if got, claimed := c.ActorType(); got != want.t || claimed != want.claimed {
			t.Errorf("claim %q gives %s, %v; want %s, %v", claim, got, claimed, want.t, want.claimed)
		}
	}
}

func TestRights(t *testing.T) {
	t.Parallel()
	type rights struct{ Admin, OwnTenant, OtherTenant, Self, OtherActor, SeeOther, Machine bool }
	cases := []struct {
		name          string
		roles, scopes []string
		want          rights
	}{
		{"nobody in particular", nil, []string{"mmm.decide", "mmm.read"}, rights{Self: true}},
		{"tenant admin", []string{"tenant_admin"}, nil, rights{Admin: true, OwnTenant: true, Self: true, OtherActor: true, SeeOther: true}},
		{"mmm admin", []string{"mmm_admin"}, nil, rights{Admin: true, OwnTenant: true, OtherTenant: true, Self: true, OtherActor: true, SeeOther: true}},
		{"approver and privacy officer", []string{"approver", "privacy_officer"}, nil, rights{Self: true}},
		{"delegate", nil, []string{"mmm.delegate"}, rights{Self: true, OtherActor: true, Machine: true}},
		{"collector", nil, []string{"mmm.ingest"}, rights{Self: true, Machine: true}},
		{"a role in another spelling", []string{"Tenant_Admin", "tenant_admin "}, nil, rights{Self: true}},
		{"a role among the scopes and a scope among the roles", []string{"mmm.delegate"}, []string{"mmm_admin"}, rights{Self: true}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			who := verified(t, c.roles, c.scopes)
			got := rights{
				who.Admin(), who.AdminOf("acme"), who.AdminOf("globex"), who.CanActFor("dev1"), who.CanActFor("dev2"), who.CanSee("dev2"), who.Machine(),
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("rights (-want +got):\n%s", diff)
			}
			require.True(t, who.Owns("dev1") && who.CanSee("dev1"))
			require.False(t, who.Owns("dev2"))
		})
	}
}

func TestHas_neverFollowsFromARole(t *testing.T) {
	t.Parallel()
	c := verified(t, []string{"mmm_admin", "tenant_admin"}, []string{"mmm.read"})
	require.True(t, c.Has(caller.ScopeRead))
	for _, s := range []caller.Scope{caller.ScopeDecide, caller.ScopeOutcome, caller.ScopeIngest, caller.ScopeDelegate} {
		if c.Has(s) {
			t.Errorf("an admin token has %s without holding it", s)
		}
	}
}

func TestCaller_isImmutable(t *testing.T) {
	t.Parallel()
	roles, scopes := []string{"dev"}, []string{"mmm.read"}
	c := verified(t, roles, scopes)
	roles[0], scopes[0] = "mmm_admin", "mmm.delegate"
	c.Roles()[0], c.Scopes()[0] = "mmm_admin", "mmm.delegate"
	if c.Admin() || c.Has(caller.ScopeDelegate) {
		t.Error("rights grew after the token was verified")
	}
	if diff := cmp.Diff([]string{"dev"}, c.Roles()); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	if c.Subject() != actor.ID("dev1") || c.Tenant() != tenant.ID("acme") || !c.ExpiresAt().Equal(time.Unix(1000, 0)) {
		t.Errorf("claims got lost: %s %s %s", c.Subject(), c.Tenant(), c.ExpiresAt())
	}
}

func TestCaller_printsNoActor(t *testing.T) {
	t.Parallel()
	c := verified(t, []string{"dev"}, nil)
	for _, format := range []string{"%v", "%+v", "%s"} {
		require.NotContains(t, fmt.Sprintf(format, c), "dev1")
	}
}
