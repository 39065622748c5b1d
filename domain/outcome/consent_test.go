package outcome_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/outcome"
)

func TestOffer_barred(t *testing.T) {
	t.Parallel()
	for _, kind := range intervention.Kinds() {
		for _, dual := range []bool{false, true} {
			for _, approved := range []bool{false, true} {
				for _, redeemed := range []bool{false, true} {
					o := outcome.Offer{Kind: kind, DualChannel: dual, Clearance: outcome.Clearance{FullyApproved: approved, Redeemed: redeemed}}
					for _, r := range outcome.Results() {
						multiplier := kind == intervention.Multiplier
						want := multiplier && (r == outcome.Accepted && dual && !approved || r == outcome.Executed && !redeemed)
						err := o.Barred(r)
						require.Equal(t, want, err != nil, "%+v %s", o, r)
						require.Equal(t, want, fault.Is(err, fault.Conflict), "%+v %s", o, r)
						require.Equal(t, multiplier && r == outcome.Accepted, o.Consents(r), "%+v %s", o, r)
					}
				}
			}
		}
	}
}

func TestMayConsent_isTheSubjectsOwn(t *testing.T) {
	t.Parallel()
	token := func(sub string, roles, scopes []string) caller.Caller {
		c, err := caller.Verified(caller.Claims{
			Subject: actor.ID(sub), Tenant: "acme", Roles: roles, Scopes: scopes, ExpiresAt: time.Unix(1, 0),
		})
		require.NoError(t, err)
		return c
	}
	person := actor.Actor{ID: "dev1", Type: actor.Human}
	bot := actor.Actor{ID: "bot7", Type: actor.AIAgent, ResponsibleHuman: "boss"}
	orphan := actor.Actor{ID: "bot8", Type: actor.AIAgent}
	for _, c := range []struct {
		name string
		who  caller.Caller
		of   actor.Actor
		want bool
	}{
		{"the actor", token("dev1", nil, nil), person, true},
		{"another", token("dev2", nil, nil), person, false},
		{"an admin", token("lead", []string{"tenant_admin", "mmm_admin"}, nil), person, false},
		{"a delegate", token("edge", nil, []string{"mmm.delegate"}), person, false},
		{"nobody", caller.Caller{}, person, false},
		{"an agent for itself", token("bot7", nil, nil), bot, false},
		{"the agent's human", token("boss", nil, nil), bot, true},
		{"another human", token("dev1", nil, nil), bot, false},
		{"an agent without a human", token("bot8", nil, nil), orphan, false},
		{"nobody for an agent without a human", caller.Caller{}, orphan, false},
	} {
		require.Equal(t, c.want, outcome.MayConsent(c.who, c.of), c.name)
	}
}
