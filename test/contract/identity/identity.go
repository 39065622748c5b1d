// Package identity holds what every ports.Identity that reads JWTs must do.
package identity

import (
	"context"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

// Site is an identity with the key whose tokens it accepts.
type Site struct {
	Identity ports.Identity
	// Key signs the tokens.
	Key issuer.Key
	// Issuer and Audience are those the identity wants; it must be set up to want both.
	Issuer, Audience string
	// Clock is the identity's own.
	Clock *Clock
	// Lead is how far the issuer's clock may be ahead.
	Lead time.Duration
	// Tell hears of every token before it is verified, for those who ask somebody else about it; nil: nobody hears.
	Tell func(raw string)
}

// Open gives a fresh site.
type Open func(t *testing.T) Site

// Clock is set by hand. It is safe for concurrent use.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// Noon is a clock that stands at noon of a day.
func Noon() *Clock { return &Clock{at: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)} }

// Now is the time it shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance moves it on.
func (c *Clock) Advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}

// Run checks an identity.
func Run(t *testing.T, open Open) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, Site){
		"tells who calls":                        tellsWho,
		"takes a scope in both forms":            bothScopes,
		"tells a claimed actor type from none":   actorTypes,
		"gives no rights out of nothing":         noRights,
		"takes both types of token":              bothTypes,
		"judges times":                           judgesTimes,
		"forgets a token when it expires":        forgets,
		"refuses":                                refuses,
		"refuses an oversized token":             oversized,
		"serves many at once":                    manyAtOnce,
		"lets a caller go":                       letsGo,
		"takes another signature for another":    otherSignature,
		"a bad token leaves a good one its good": badThenGood,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(t, open(t)) })
	}
}

// claims are those of a token that passes, changed.
func (s Site) claims(change map[string]any) map[string]any {
	now := s.Clock.Now()
	all := map[string]any{
		"iss": s.Issuer, "aud": s.Audience, "sub": "dev1", "tenant_id": "acme", "actor_type": "human", "kid": s.Key.KID,
		"roles": []string{"tenant_admin", "backend"}, "scope": []string{"mmm.decide", "mmm.read"},
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	maps.Copy(all, change)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == issuer.Absent })
	return all
}

// token makes a token that passes, changed.
func (s Site) token(t *testing.T, change, header map[string]any) string {
	t.Helper()
	raw, err := s.Key.Token(s.claims(change), header)
	require.NoError(t, err)
	return raw
}

func (s Site) verify(ctx context.Context, raw string) (caller.Caller, error) {
	if s.Tell != nil {
		s.Tell(raw)
	}
	return s.Identity.Verify(ctx, raw)
}

func (s Site) passes(t *testing.T, raw string) caller.Caller {
	t.Helper()
	who, err := s.verify(t.Context(), raw)
	require.NoError(t, err)
	require.True(t, who.Valid())
	return who
}

func (s Site) refuses(t *testing.T, raw string) {
	t.Helper()
	who, err := s.verify(t.Context(), raw)
	require.Error(t, err)
	require.False(t, who.Valid(), "a refused token has a caller")
	var f *fault.Error
	require.ErrorAs(t, err, &f)
	require.Equal(t, fault.Unauthenticated, f.Kind, "%v", err)
	require.Equal(t, fault.CodeUnauthenticated, f.Code)
}

func tellsWho(t *testing.T, s Site) {
	t.Helper()
	who := s.passes(t, s.token(t, map[string]any{"sub": "github:dependabot[bot]", "actor_type": "ai_agent"}, nil))
	kind, claimed := who.ActorType()
	got := map[string]any{
		"sub": who.Subject(), "tenant": string(who.Tenant()), "type": kind, "claimed": claimed,
		"roles": who.Roles(), "scopes": who.Scopes(), "exp": who.ExpiresAt().UTC(),
	}
	want := map[string]any{
		"sub": actor.ID("github:dependabot[bot]"), "tenant": "acme", "type": actor.AIAgent, "claimed": true,
		"roles": []string{"tenant_admin", "backend"}, "scopes": []string{"mmm.decide", "mmm.read"},
		"exp": s.Clock.Now().Add(time.Hour),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("caller (-want +got):\n%s", diff)
	}
}

func bothScopes(t *testing.T, s Site) {
	t.Helper()
	for _, form := range []any{"mmm.decide  mmm.read", []string{"mmm.decide", "mmm.read"}} {
		who := s.passes(t, s.token(t, map[string]any{"scope": form}, nil))
		if diff := cmp.Diff([]string{"mmm.decide", "mmm.read"}, who.Scopes()); diff != "" {
			t.Errorf("scope %v (-want +got):\n%s", form, diff)
		}
	}
}

func actorTypes(t *testing.T, s Site) {
	t.Helper()
	for _, c := range []struct {
		claim   any
		want    actor.Type
		claimed bool
	}{{issuer.Absent, actor.Human, false}, {"human", actor.Human, true}, {"ai_agent", actor.AIAgent, true}} {
		kind, claimed := s.passes(t, s.token(t, map[string]any{"actor_type": c.claim}, nil)).ActorType()
		if kind != c.want || claimed != c.claimed {
			t.Errorf("actor_type %v = %s, claimed %v; want %s, %v", c.claim, kind, claimed, c.want, c.claimed)
		}
	}
}

func noRights(t *testing.T, s Site) {
	t.Helper()
	who := s.passes(t, s.token(t, map[string]any{"roles": issuer.Absent, "scope": []string{}}, nil))
	require.False(t, who.Admin() || who.Has(caller.ScopeRead) || who.Has(caller.ScopeDecide))
	require.Empty(t, who.Roles())
}

func bothTypes(t *testing.T, s Site) {
	t.Helper()
	for _, typ := range []string{"JWT", "at+jwt"} {
		s.passes(t, s.token(t, map[string]any{"jti": typ}, map[string]any{"typ": typ}))
	}
}

func forgets(t *testing.T, s Site) {
	t.Helper()
	raw := s.token(t, map[string]any{"exp": s.Clock.Now().Add(10 * time.Second).Unix()}, nil)
	s.passes(t, raw)
	s.Clock.Advance(9 * time.Second)
	s.passes(t, raw)
	s.Clock.Advance(time.Second)
	s.refuses(t, raw)
}

func manyAtOnce(t *testing.T, s Site) {
	t.Helper()
	good, bad := s.token(t, nil, nil), s.token(t, map[string]any{"exp": s.Clock.Now().Unix()}, nil)
	if s.Tell != nil {
		s.Tell(good)
	}
	var wg sync.WaitGroup
	for n := range 64 {
		wg.Go(func() {
			raw, want := good, fault.Kind(-1)
			if n%2 == 1 {
				raw, want = bad, fault.Unauthenticated
			}
			who, err := s.Identity.Verify(t.Context(), raw)
			if (err == nil) != who.Valid() || (err != nil && fault.KindOf(err) != want) || (err == nil && n%2 == 1) {
				t.Errorf("Verify = %v, %v", who, err)
			}
		})
	}
	wg.Wait()
}

func letsGo(t *testing.T, s Site) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	raw := s.token(t, nil, nil)
	who, err := s.verify(ctx, raw)
	require.Equal(t, err == nil, who.Valid())
	if err != nil {
		require.Equal(t, fault.Canceled, fault.KindOf(err), "whoever left is told nothing about the token: %v", err)
	}
	s.passes(t, raw)
}

func badThenGood(t *testing.T, s Site) {
	t.Helper()
	for n := range 7 {
		s.refuses(t, s.token(t, map[string]any{"exp": s.Clock.Now().Unix(), "jti": n}, nil))
		s.refuses(t, s.token(t, map[string]any{"jti": n}, map[string]any{"kid": "nobody's"}))
	}
	s.passes(t, s.token(t, nil, nil))
}
