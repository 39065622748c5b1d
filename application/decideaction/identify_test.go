package decideaction_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/given"
)

func who(t *testing.T, c caller.Claims) caller.Caller {
	t.Helper()
	if c.Subject == "" {
		c.Subject = "dev1"
	}
	c.Tenant, c.ExpiresAt = "acme", given.Now()
	out, err := caller.Verified(c)
	require.NoError(t, err)
	return out
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	dir := &fake.Directory{}
	dir.Know("acme", actor.Actor{ID: "bot1", Type: actor.AIAgent, ResponsibleHuman: "boss"})
	dir.Know("acme", actor.Actor{ID: "dependabot[bot]", Type: actor.Automation, ResponsibleHuman: "boss"})
	dir.Know("globex", actor.Actor{ID: "dev1", Type: actor.AIAgent, ResponsibleHuman: "other"})
	lead := caller.Claims{Roles: []string{"lead", "dev"}}
	claims := func(t actor.Type) caller.Claims { return caller.Claims{Roles: []string{"lead"}, ActorType: t} }
	bot := func(t actor.Type) caller.Claims { return caller.Claims{Subject: "bot1", ActorType: t} }
	delegate := caller.Claims{Subject: "ci-job", Roles: []string{"lead"}, Scopes: []string{"mmm.delegate"}}
	for name, c := range map[string]struct {
		claims caller.Claims
		tenant tenant.ID
		id     actor.ID
		named  actor.Type
		want   actor.Actor
		ok     bool
	}{
		"nobody is named: the caller, a person":           {lead, "acme", "", "", actor.Actor{ID: "dev1", Type: actor.Human, Roles: []string{"lead", "dev"}}, true},
		"the caller is named":                             {lead, "acme", "dev1", "", actor.Actor{ID: "dev1", Type: actor.Human, Roles: []string{"lead", "dev"}}, true},
		"without a claim the body says what it is":        {lead, "acme", "", actor.AIAgent, actor.Actor{ID: "dev1", Type: actor.AIAgent, Roles: []string{"lead", "dev"}}, true},
		"a claim counts":                                  {claims(actor.AIAgent), "acme", "", "", actor.Actor{ID: "dev1", Type: actor.AIAgent, Roles: []string{"lead"}}, true},
		"a claim that the body repeats":                   {claims(actor.AIAgent), "acme", "dev1", actor.AIAgent, actor.Actor{ID: "dev1", Type: actor.AIAgent, Roles: []string{"lead"}}, true},
		"a claim that the body contradicts":               {claims(actor.AIAgent), "acme", "dev1", actor.Human, actor.Actor{}, false},
		"a claim that an unnamed body contradicts":        {claims(actor.Human), "acme", "", actor.AIAgent, actor.Actor{}, false},
		"another without a right to":                      {lead, "acme", "dev2", "", actor.Actor{}, false},
		"another with the scopes of something else":       {caller.Claims{Scopes: []string{"mmm.decide", "mmm.ingest"}}, "acme", "dev2", "", actor.Actor{}, false},
		"a delegate names anybody, who has no roles":      {delegate, "acme", "dev2", "", actor.Actor{ID: "dev2", Type: actor.Human}, true},
		"an admin names anybody, who has no roles":        {caller.Claims{Roles: []string{"tenant_admin"}}, "acme", "dev2", "", actor.Actor{ID: "dev2", Type: actor.Human}, true},
		"an mmm_admin does":                               {caller.Claims{Roles: []string{"mmm_admin"}}, "acme", "dev2", "", actor.Actor{ID: "dev2", Type: actor.Human}, true},
		"an approver does not":                            {caller.Claims{Roles: []string{"approver"}}, "acme", "dev2", "", actor.Actor{}, false},
		"a claim says nothing of another":                 {caller.Claims{ActorType: actor.AIAgent, Scopes: []string{"mmm.delegate"}}, "acme", "dev2", actor.Human, actor.Actor{ID: "dev2", Type: actor.Human}, true},
		"another tenant":                                  {lead, "globex", "", "", actor.Actor{}, false},
		"another tenant, as its admin thinks":             {caller.Claims{Roles: []string{"mmm_admin"}}, "globex", "dev1", "", actor.Actor{}, false},
		"a configured agent":                              {delegate, "acme", "bot1", "", actor.Actor{ID: "bot1", Type: actor.AIAgent, ResponsibleHuman: "boss"}, true},
		"a configured agent on its own token":             {bot(""), "acme", "", "", actor.Actor{ID: "bot1", Type: actor.AIAgent, ResponsibleHuman: "boss"}, true},
		"a configured agent whose token claims a type":    {bot(actor.AIAgent), "acme", "", "", actor.Actor{ID: "bot1", Type: actor.AIAgent, ResponsibleHuman: "boss"}, true},
		"automation stays automation":                     {delegate, "acme", "dependabot[bot]", actor.Human, actor.Actor{ID: "dependabot[bot]", Type: actor.Automation, ResponsibleHuman: "boss"}, true},
		"automation stays automation whatever it claims":  {caller.Claims{Subject: "dependabot[bot]", ActorType: actor.AIAgent}, "acme", "", "", actor.Actor{ID: "dependabot[bot]", Type: actor.Automation, ResponsibleHuman: "boss"}, true},
		"automation that contradicts its claim":           {caller.Claims{Subject: "dependabot[bot]", ActorType: actor.AIAgent}, "acme", "", actor.Human, actor.Actor{}, false},
		"what another tenant has configured is not known": {lead, "acme", "dev1", "", actor.Actor{ID: "dev1", Type: actor.Human, Roles: []string{"lead", "dev"}}, true},
	} {
		got, err := decideaction.Identify(who(t, c.claims), dir, c.tenant, c.id, c.named)
		if !c.ok {
			require.True(t, fault.Is(err, fault.Forbidden), "%s: %v", name, err)
			continue
		}
		require.NoError(t, err, name)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	_, err := decideaction.Identify(caller.Caller{}, dir, "", "", "")
	require.True(t, fault.Is(err, fault.Forbidden), "nobody may do nothing")
}
