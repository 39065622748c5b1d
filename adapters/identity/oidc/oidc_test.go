package oidc_test

import (
	"context"
	"maps"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/adapters/identity/oidc"
	"github.com/zeroui/mmm-engine/adapters/identity/token"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/identity"
	"github.com/zeroui/mmm-engine/test/contract/neighbours"
	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
	"github.com/zeroui/mmm-engine/test/simulator/oidcprovider"
)

var _ ports.Identity = (*oidc.Verifier)(nil)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		httpclient.CloseIdle()
		os.Exit(code)
	}))
}

const audience = "mmm-api"

// first is the provider's first key. Making an RSA key takes long, so all tests share one.
var first = sync.OnceValue(func() issuer.Key { return newKey("key-1", issuer.RS256) })

func newKey(kid, algorithm string) issuer.Key {
	key, err := issuer.NewKey(kid, algorithm)
	if err != nil {
		panic(err)
	}
	return key
}

// site is a verifier with its provider.
type site struct {
	*oidc.Verifier
	t       *testing.T
	sim     *oidcprovider.Provider
	server  *simulator.Server
	breaker *resilience.Breaker
	clock   *identity.Clock
	cfg     oidc.Config
}

func open(t *testing.T, changes ...func(*oidc.Config)) *site {
	t.Helper()
	return openWith(t, first(), changes...)
}

func openWith(t *testing.T, key issuer.Key, changes ...func(*oidc.Config)) *site {
	t.Helper()
	s := &site{t: t, sim: oidcprovider.New(key), clock: identity.Noon()}
	s.sim.Clock(s.clock.Now)
	var err error
	s.server, err = simulator.Start("oidc", s.sim)
	require.NoError(t, err)
	t.Cleanup(s.server.Close)
	s.sim.At(s.server.URL())
	breakers, err := resilience.NewManager([]string{"iam"}, resilience.Thresholds{Failures: 5, Successes: 2, Delay: time.Minute}, nil, s.clock.Now)
	require.NoError(t, err)
	s.breaker, err = breakers.Breaker("iam")
	require.NoError(t, err)
	s.cfg = oidc.Config{Issuer: s.server.URL(), Audience: audience, Breaker: s.breaker, Now: s.clock.Now, Timeout: 5 * time.Second}
	for _, f := range changes {
		f(&s.cfg)
	}
	s.Verifier = s.fresh()
	return s
}

// fresh is a verifier that knows no keys yet.
func (s *site) fresh() *oidc.Verifier {
	s.t.Helper()
	v, err := oidc.New(s.cfg)
	require.NoError(s.t, err)
	s.t.Cleanup(v.Close)
	return v
}

// token is one of the provider's that passes, changed.
func (s *site) token(changes ...map[string]any) string {
	s.t.Helper()
	claims := map[string]any{"aud": audience, "sub": "dev1", "tenant_id": "acme", "scope": "mmm.decide mmm.read", "roles": []string{"backend"}}
	for _, c := range changes {
		maps.Copy(claims, c)
	}
	raw, err := s.sim.Issue(claims, nil)
	require.NoError(s.t, err)
	return raw
}

func (s *site) passes(raw string) caller.Caller {
	s.t.Helper()
	who, err := s.Verify(s.t.Context(), raw)
	require.NoError(s.t, err)
	require.True(s.t, who.Valid())
	return who
}

// fails gives how long the caller is told to wait.
func (s *site) fails(raw string, kind fault.Kind) (after time.Duration) {
	s.t.Helper()
	who, err := s.Verify(s.t.Context(), raw)
	require.False(s.t, who.Valid())
	var f *fault.Error
	require.ErrorAs(s.t, err, &f)
	require.Equal(s.t, kind, f.Kind, "%v", err)
	if kind == fault.Unavailable {
		require.Equal(s.t, fault.CodeIAMUnavailable, f.Code)
		require.GreaterOrEqual(s.t, f.RetryAfter, time.Second)
	}
	return f.RetryAfter
}

func TestVerifier_keepsTheContract(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{issuer.RS256, issuer.ES256, issuer.EdDSA} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			identity.Run(t, func(t *testing.T) identity.Site {
				t.Helper()
				key := first()
				if algorithm != issuer.RS256 {
					key = newKey("key-1", algorithm)
				}
				s := openWith(t, key)
				return identity.Site{
					Identity: s, Key: key, Issuer: s.server.URL(), Audience: audience, Clock: s.clock, Lead: token.Ahead,
				}
			})
		})
	}
}

func TestVerifier_keepsToTheTableOfFaults(t *testing.T) {
	t.Parallel()
	for _, path := range []string{oidcprovider.DiscoveryPath, oidcprovider.KeysPath} {
		t.Run(strings.ReplaceAll(path, "/", " "), func(t *testing.T) {
			t.Parallel()
			neighbours.Run(t, func(t *testing.T) neighbours.Subject {
				t.Helper()
				const timeout = 300 * time.Millisecond
				s := open(t, func(c *oidc.Config) { c.Timeout = timeout })
				return neighbours.Subject{
					Server: s.server, Path: path, Breaker: s.breaker, Timeout: timeout,
					Call: func(ctx context.Context) error {
						v, err := oidc.New(s.cfg) // one without keys
						if err != nil {
							return err
						}
						defer v.Close()
						_, err = v.Verify(ctx, s.token())
						return err
					},
					// A document is judged by what it says, not by the name of its type.
					Lenient: map[string]bool{"text/plain": true},
				}
			})
		})
	}
}

func TestVerify_discoversOnceItIsNeeded(t *testing.T) {
	t.Parallel()
	s := open(t)
	require.Zero(t, s.server.Calls())
	s.fails("garbage", fault.Unauthenticated)
	s.fails(s.token(map[string]any{"aud": "another"}), fault.Unauthenticated)
	require.Zero(t, s.server.Calls(), "nobody is asked about a bad token")
	for range 3 {
		s.passes(s.token())
	}
	require.Equal(t, 1, s.server.Calls(oidcprovider.DiscoveryPath))
	require.Equal(t, 1, s.server.Calls(oidcprovider.KeysPath))
	for _, r := range s.server.Requests() {
		require.Empty(t, r.Header.Get("Authorization"))
		require.Regexp(t, "^mmm-engine/.", r.Header.Get("User-Agent"))
	}
}

func TestVerify_startsBeforeItsProvider(t *testing.T) {
	t.Parallel()
	s := open(t)
	require.NoError(t, s.server.Refuse())
	good := s.token()
	s.fails(good, fault.Unavailable)
	for _, bad := range []string{"garbage", "a.b.c", s.token(map[string]any{"exp": s.clock.Now().Unix()}), s.token(map[string]any{"iss": "https://evil"})} {
		s.fails(bad, fault.Unauthenticated)
	}
	require.NoError(t, s.server.Accept())
	s.clock.Advance(time.Second)
	s.passes(good)
	require.Equal(t, resilience.Closed, s.breaker.State())
}

func TestVerify_goesOnWithoutItsProvider(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.passes(s.token())
	require.NoError(t, s.server.Refuse())
	for range 20 {
		s.clock.Advance(5 * time.Minute)
		s.passes(s.token())
	}
}

func TestVerify_fiveBadTokensThenAGoodOne(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.passes(s.token())
	thief := newKey("key-1", issuer.RS256)
	for n := range 10 {
		raw, err := thief.Token(map[string]any{"iss": s.server.URL(), "aud": audience, "sub": "dev1", "tenant_id": "acme", "exp": s.clock.Now().Add(time.Hour).Unix(), "n": n}, nil)
		require.NoError(t, err)
		s.clock.Advance(5 * time.Second)
		s.fails(raw, fault.Unauthenticated)
	}
	require.Zero(t, s.breaker.Status().Failures)
	require.Equal(t, 2, s.server.Calls(), "a bad signature of a known key is no reason to fetch keys")
	s.passes(s.token())
}

func TestVerify_failuresOfTheProviderOpenTheBreaker(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.server.Break(simulator.ServerError())
	for range 5 {
		s.fails(s.token(), fault.Unavailable)
		s.clock.Advance(time.Second)
	}
	require.Equal(t, resilience.Open, s.breaker.State())
	asked := s.server.Calls()
	require.Greater(t, s.fails(s.token(), fault.Unavailable), 50*time.Second)
	s.fails("garbage", fault.Unauthenticated)
	require.Equal(t, asked, s.server.Calls())
}

func TestVerify_followsARotation(t *testing.T) {
	t.Parallel()
	s := open(t)
	long := map[string]any{"exp": s.clock.Now().Add(24 * time.Hour).Unix()}
	old := s.token(long)
	s.passes(old)
	s.sim.Rotate(newKey("key-2", issuer.ES256))
	young := s.token(long)
	s.clock.Advance(3 * time.Second)
	s.passes(young)
	s.passes(old)
	require.Equal(t, 1, s.server.Calls(oidcprovider.DiscoveryPath))

	s.sim.Withdraw()
	require.Eventually(t, func() bool {
		s.clock.Advance(10 * time.Minute)
		_, err := s.Verify(t.Context(), old)
		return fault.KindOf(err) == fault.Unauthenticated
	}, 10*time.Second, time.Millisecond)
	s.passes(young)
}

func TestVerify_aWrongDocumentIsUnavailable(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.sim.Claims("https://somebody.example")
	s.fails(s.token(), fault.Unavailable)
	require.Equal(t, 1, s.breaker.Status().Failures)
	s.sim.Claims(s.server.URL())
	for _, body := range []string{
		`{"issuer":"` + s.server.URL() + `"}`, `{"issuer":"` + s.server.URL() + `","jwks_uri":"ftp://keys"}`,
		`{"issuer":"` + s.server.URL() + `","jwks_uri":"/keys"}`, `{"issuer":"` + s.server.URL() + `","jwks_uri":5}`,
	} {
		s.server.BreakNext(1, simulator.Answer(body), oidcprovider.DiscoveryPath)
		s.clock.Advance(time.Second)
		s.breaker.Done(must(s.breaker.Acquire()), resilience.Success)
		s.fails(s.token(), fault.Unavailable)
	}
	s.clock.Advance(time.Second)
	s.passes(s.token())
}

func must(t resilience.Ticket, _ error) resilience.Ticket { return t }

func TestVerify_looksWhereItIsTold(t *testing.T) {
	t.Parallel()
	nested := map[string]any{"tenant_id": issuer.Absent, "roles": issuer.Absent}
	cases := map[string]struct {
		tenant, roles string
		claims        map[string]any
		wantTenant    string // empty: refused
		wantRoles     []string
		wantScopes    []string
	}{
		"the usual": {"", "", map[string]any{}, "acme", []string{"backend"}, []string{"mmm.decide", "mmm.read"}},
		"through objects": {
			"org.id", "realm_access.roles",
			map[string]any{"org": map[string]any{"id": "globex"}, "realm_access": map[string]any{"roles": []string{"approver"}}},
			"globex",
			[]string{"approver"},
			[]string{"mmm.decide", "mmm.read"},
		},
		"names with dots": {
			"https://mmm.example/tenant", "https://mmm.example/roles",
			map[string]any{"https://mmm.example/tenant": "globex", "https://mmm.example/roles": []string{"approver"}},
			"globex",
			[]string{"approver"},
			[]string{"mmm.decide", "mmm.read"},
		},
		"a name with dots within an object": {
			"org.https://x.y/t", "", map[string]any{"org": map[string]any{"https://x.y/t": "globex"}}, "globex", nil, []string{"mmm.decide", "mmm.read"},
		},
		"not there":             {"org.id", "", map[string]any{"org": map[string]any{"name": "globex"}}, "", nil, nil},
		"a way through text":    {"org.id", "", map[string]any{"org": "globex"}, "", nil, nil},
		"a way through null":    {"org.id", "", map[string]any{"org": nil}, "", nil, nil},
		"an object at the end":  {"org", "", map[string]any{"org": map[string]any{"id": "globex"}}, "", nil, nil},
		"roles in one string":   {"", "groups", map[string]any{"tenant_id": "acme", "groups": "admin"}, "", nil, nil},
		"no roles":              {"", "groups", map[string]any{"tenant_id": "acme"}, "acme", nil, []string{"mmm.decide", "mmm.read"}},
		"scp as a list":         {"", "", map[string]any{"scope": issuer.Absent, "scp": []string{"mmm.read"}, "tenant_id": "acme"}, "acme", nil, []string{"mmm.read"}},
		"scp as one string":     {"", "", map[string]any{"scope": issuer.Absent, "scp": "mmm.read x", "tenant_id": "acme"}, "acme", nil, []string{"mmm.read", "x"}},
		"scope goes before scp": {"", "", map[string]any{"scope": "a", "scp": "b", "tenant_id": "acme"}, "acme", nil, []string{"a"}},
		"no scope tells a tenant or a role": {
			"", "", map[string]any{"scope": "tenant:globex role:tenant_admin", "tenant_id": "acme"}, "acme", nil, []string{"tenant:globex", "role:tenant_admin"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, func(cfg *oidc.Config) { cfg.TenantClaim, cfg.RolesClaim = c.tenant, c.roles })
			raw := s.token(nested, c.claims)
			if name == "the usual" {
				raw = s.token()
			}
			if c.wantTenant == "" {
				s.fails(raw, fault.Unauthenticated)
				return
			}
			who := s.passes(raw)
			got := []any{string(who.Tenant()), append([]string{}, who.Roles()...), who.Scopes()}
			want := []any{c.wantTenant, append([]string{}, c.wantRoles...), c.wantScopes}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("tenant, roles, scopes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestVerify_checksTheClientIfToldTo(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *oidc.Config) { c.ClientID = "edge-agent" })
	s.passes(s.token(map[string]any{"azp": "edge-agent"}))
	s.passes(s.token(map[string]any{"client_id": "edge-agent"}))
	for _, claims := range []map[string]any{
		{}, {"azp": "another"}, {"azp": nil}, {"azp": []string{"edge-agent"}}, {"azp": "another", "client_id": "edge-agent"}, {"aud": []string{audience, "edge-agent"}},
	} {
		s.fails(s.token(claims), fault.Unauthenticated)
	}
	free := open(t)
	free.passes(free.token(map[string]any{"azp": "another"}))
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*oidc.Config)
		says   string
	}{
		"no issuer":            {func(c *oidc.Config) { c.Issuer = "" }, "issuer"},
		"an issuer in words":   {func(c *oidc.Config) { c.Issuer = "hunter2" }, "issuer"},
		"an issuer with a key": {func(c *oidc.Config) { c.Issuer = "https://a:hunter2@b" }, "issuer"},
		"no audience":          {func(c *oidc.Config) { c.Audience = "" }, "audience"},
		"no clock":             {func(c *oidc.Config) { c.Now = nil }, "clock"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := oidc.Config{Issuer: "https://id.example", Audience: audience, Now: identity.Noon().Now}
			c.change(&cfg)
			v, err := oidc.New(cfg)
			require.ErrorContains(t, err, c.says)
			require.Nil(t, v)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}
