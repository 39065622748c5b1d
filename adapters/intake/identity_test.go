package intake_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/intake"
	"github.com/zeroui/mmm-engine/domain/actor"
)

func keyed(s string) string {
	m := hmac.New(sha256.New, []byte("a key of this test"))
	m.Write([]byte(s))
	return hex.EncodeToString(m.Sum(nil))
}

func TestResolve_unmappedActorIsAHash(t *testing.T) {
	t.Parallel()
	ids, err := intake.NewActorIDs(nil, keyed)
	require.NoError(t, err)
	got := ids.Resolve(intake.Identity{Provider: "github", ProviderUserID: "583231", Login: "octocat", Name: "Octo", Email: "o@c.at"})
	require.Regexp(t, `^github:[0-9a-f]{16}$`, string(got.ID))
	require.False(t, got.Mapped)
	require.Equal(t, actor.Human, got.Type)

	renamed := ids.Resolve(intake.Identity{Provider: "github", ProviderUserID: "583231", Login: "octopus"})
	require.Equal(t, got.ID, renamed.ID, "a login can be renamed")
	elsewhere := ids.Resolve(intake.Identity{Provider: "gitlab", ProviderUserID: "583231"})
	require.NotEqual(t, keyed("github|583231")[:16], string(elsewhere.ID)[len("gitlab:"):], "another provider's number is another actor")
}

func TestResolve_withoutUserID(t *testing.T) {
	t.Parallel()
	ids, err := intake.NewActorIDs(nil, keyed)
	require.NoError(t, err)
	require.Equal(t, intake.Actor{}, ids.Resolve(intake.Identity{Provider: "git"}), "nobody stays nobody")
	byEmail := ids.Resolve(intake.Identity{Provider: "git", Name: "Ada", Email: "ada@example.org"})
	require.Equal(t, actor.ID("git:"+keyed("git|ada@example.org")[:16]), byEmail.ID)
	byName := ids.Resolve(intake.Identity{Provider: "git", Name: "Ada"})
	require.Equal(t, actor.ID("git:"+keyed("git|Ada")[:16]), byName.ID)
}

func TestResolve_configuredActor(t *testing.T) {
	t.Parallel()
	ids, err := intake.NewActorIDs([]intake.Mapping{
		{Provider: "github", UserID: "1", ActorID: "ada"},
		{Provider: "github", UserID: "2", ActorID: "helper", Type: actor.AIAgent, ResponsibleHuman: "ada"},
		{UserID: "ada@example.org", ActorID: "ada"},
		{ActorID: "only-in-the-api", Type: actor.AIAgent, ResponsibleHuman: "ada"},
	}, keyed)
	require.NoError(t, err)
	for user, want := range map[string]intake.Actor{
		"1":               {ID: "ada", Type: actor.Human, Mapped: true},
		"2":               {ID: "helper", Type: actor.AIAgent, ResponsibleHuman: "ada", Mapped: true},
		"ada@example.org": {ID: "ada", Type: actor.Human, Mapped: true},
	} {
		got := ids.Resolve(intake.Identity{Provider: "github", ProviderUserID: user})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("user %s (-want +got):\n%s", user, diff)
		}
	}
	require.False(t, ids.Resolve(intake.Identity{Provider: "gitlab", ProviderUserID: "1"}).Mapped, "a mapping counts for its provider")
}

func TestNewActorIDs_tellsEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := intake.NewActorIDs([]intake.Mapping{
		{Provider: "github", UserID: "1", ActorID: "a b", Type: "robot", ResponsibleHuman: "x|y"},
		{Provider: "github", UserID: "1", ActorID: "ada"},
	}, keyed)
	for _, field := range []string{"actors.actor_id", "actors.actor_type", "actors.responsible_human", "actors.user_id"} {
		require.ErrorContains(t, err, field)
	}
}
