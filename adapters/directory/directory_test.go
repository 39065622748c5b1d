package directory_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/directory"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

var _ ports.Directory = (*directory.Directory)(nil)

func TestDirectory_knowsWhatIsConfigured(t *testing.T) {
	t.Parallel()
	d, err := directory.New([]directory.Entry{
		{Tenant: "acme", ActorID: "dev1"},
		{Tenant: "acme", ActorID: "dev1", Provider: "github", UserID: "7"},
		{Tenant: "acme", ActorID: "dev1", Provider: "gitlab", UserID: "9"},
		{Tenant: "acme", ActorID: "bot", ActorType: actor.AIAgent, ResponsibleHuman: "dev1", Provider: "github", UserID: "8"},
		{Tenant: "acme", ActorID: "updates", ActorType: actor.Automation, ResponsibleHuman: "dev1"},
		{Tenant: "globex", ActorID: "someone", Provider: "github", UserID: "7"},
	})
	require.NoError(t, err)

	dev := actor.Actor{ID: "dev1", Type: actor.Human}
	bot := actor.Actor{ID: "bot", Type: actor.AIAgent, ResponsibleHuman: "dev1"}
	got, ok := d.Lookup("acme", "dev1")
	require.True(t, ok)
	require.Equal(t, dev, got)
	got, ok = d.Lookup("acme", "bot")
	require.True(t, ok)
	require.Equal(t, bot, got)
	_, ok = d.Lookup("globex", "bot")
	require.False(t, ok, "another tenant's actor")
	_, ok = d.Lookup("acme", "nobody")
	require.False(t, ok)

	for _, account := range [][2]string{{"github", "7"}, {"gitlab", "9"}} {
		got, ok = d.ByAccount("acme", account[0], account[1])
		require.True(t, ok)
		require.Equal(t, dev, got)
	}
	_, ok = d.ByAccount("acme", "gitlab", "7")
	require.False(t, ok, "the same number at another provider")
	got, ok = d.ByAccount("globex", "github", "7")
	require.True(t, ok)
	require.Equal(t, actor.ID("someone"), got.ID)

	require.Equal(t, []actor.ID{"bot", "updates"}, d.AgentsOf("acme", "dev1"))
	require.Empty(t, d.AgentsOf("globex", "dev1"))

	var nobody directory.Directory
	_, ok = nobody.Lookup("acme", "dev1")
	require.False(t, ok)
	_, ok = nobody.ByAccount("acme", "github", "7")
	require.False(t, ok)
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	dev := directory.Entry{Tenant: "acme", ActorID: "dev1"}
	for name, c := range map[string]struct {
		entries []directory.Entry
		field   string
	}{
		"no tenant":           {[]directory.Entry{{ActorID: "dev1"}}, "actors[0].tenant"},
		"no actor":            {[]directory.Entry{{Tenant: "acme"}}, "actors[0].actor_id"},
		"a separator in ids":  {[]directory.Entry{{Tenant: "acme", ActorID: "a|b"}}, "actors[0].actor_id"},
		"an unknown type":     {[]directory.Entry{{Tenant: "acme", ActorID: "dev1", ActorType: "robot"}}, "actors[0].actor_type"},
		"a human's human":     {[]directory.Entry{{Tenant: "acme", ActorID: "dev1", ResponsibleHuman: "dev2"}}, "actors[0].responsible_human"},
		"half an account":     {[]directory.Entry{{Tenant: "acme", ActorID: "dev1", UserID: "7"}}, "actors[0].user_id"},
		"two answers":         {[]directory.Entry{dev, {Tenant: "acme", ActorID: "dev1", ActorType: actor.AIAgent}}, "actors[1].actor_id"},
		"an account twice":    {[]directory.Entry{{Tenant: "acme", ActorID: "dev1", Provider: "github", UserID: "7"}, {Tenant: "acme", ActorID: "dev2", Provider: "github", UserID: "7"}}, "actors[1].user_id"},
		"its own responsible": {[]directory.Entry{{Tenant: "acme", ActorID: "bot", ActorType: actor.AIAgent, ResponsibleHuman: "bot"}}, "actors[0].responsible_human"},
		"a bot responsible": {[]directory.Entry{
			{Tenant: "acme", ActorID: "bot", ActorType: actor.AIAgent, ResponsibleHuman: "updates"},
			{Tenant: "acme", ActorID: "updates", ActorType: actor.Automation},
		}, "actors[0].responsible_human"},
	} {
		_, err := directory.New(c.entries)
		var f *fault.Error
		require.ErrorAs(t, err, &f, name)
		require.Len(t, f.Fields, 1, name)
		require.Equal(t, c.field, f.Fields[0].Field, name)
	}
}
