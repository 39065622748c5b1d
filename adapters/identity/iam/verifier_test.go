package iam_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/identity/iam"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/test/simulator"
	iamsim "github.com/zeroui/mmm-engine/test/simulator/iam"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

func TestVerify_fiveBadTokensThenAGoodOne(t *testing.T) {
	t.Parallel()
	s := open(t)
	thief := newKey("key-1", issuer.RS256)
	bad := []string{
		"garbage",
		strings.TrimRight(s.token(), "=")[:100],
		s.token(map[string]any{"exp": s.clock.Now().Add(-time.Hour).Unix()}),
		s.token(map[string]any{"aud": "another"}),
		func() string {
			raw, err := thief.Token(map[string]any{"sub": "dev1", "tenant_id": "acme", "scope": []string{}, "exp": s.clock.Now().Add(time.Hour).Unix(), "iss": iamsim.Issuer, "aud": iamsim.Audience}, nil)
			require.NoError(t, err)
			return raw
		}(),
	}
	for range 3 {
		for _, raw := range bad {
			s.fails(raw, fault.Unauthenticated)
		}
	}
	require.Zero(t, s.calls(), "the service was asked about a bad token")
	status := s.breaker.Status()
	require.Zero(t, status.Failures)
	require.Equal(t, resilience.Closed, status.State)
	s.passes(s.token())
}

func TestVerify_revokedTokensDoNotOpenTheBreaker(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 8 {
		raw := s.token()
		s.sim.Revoke(raw)
		s.fails(raw, fault.Unauthenticated)
	}
	require.Zero(t, s.breaker.Status().Failures)
	s.passes(s.token())
}

func TestVerify_aYesOutlivesTheServiceForAMinute(t *testing.T) {
	t.Parallel()
	s := open(t)
	known, unknown := s.token(), s.token(map[string]any{"sub": "dev2"})
	s.passes(known)
	require.NoError(t, s.server.Refuse())
	s.fails(unknown, fault.Unavailable)
	s.fails("garbage", fault.Unauthenticated)
	s.clock.Advance(time.Minute - time.Millisecond)
	s.passes(known)
	s.clock.Advance(time.Millisecond)
	s.fails(known, fault.Unavailable)
	require.NoError(t, s.server.Accept())
	s.passes(known)
}

func TestVerify_learnsOfARevocationWhenTheYesIsOver(t *testing.T) {
	t.Parallel()
	for name, ttl := range map[string]time.Duration{"a minute": 0, "as configured": 10 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, func(c *iam.Config) { c.VerifyTTL = ttl })
			if ttl == 0 {
				ttl = time.Minute
			}
			raw := s.token()
			s.passes(raw)
			s.sim.Revoke(raw)
			s.clock.Advance(ttl - time.Millisecond)
			s.passes(raw)
			require.Equal(t, 1, s.calls())
			s.clock.Advance(time.Millisecond)
			s.fails(raw, fault.Unauthenticated)
			require.Equal(t, 2, s.calls())
		})
	}
}

func TestVerify_aNoCountsForFiveSeconds(t *testing.T) {
	t.Parallel()
	s := open(t)
	raw := s.token()
	s.sim.Revoke(raw)
	for range 3 {
		s.fails(raw, fault.Unauthenticated)
	}
	require.Equal(t, 1, s.calls())
	require.NoError(t, s.sim.Know(raw)) // takes the revocation back
	s.clock.Advance(5*time.Second - time.Millisecond)
	s.fails(raw, fault.Unauthenticated)
	s.clock.Advance(time.Millisecond)
	s.passes(raw)
	require.Equal(t, 2, s.calls())
}

func TestVerify_asksOnceForManyCallers(t *testing.T) {
	t.Parallel()
	s := open(t)
	raw := s.token()
	arrived, release := s.hold()
	var wg sync.WaitGroup
	for n := range 1000 {
		wg.Go(func() {
			if who, err := s.Verify(t.Context(), raw); err != nil || who.Subject() != "dev1" {
				t.Errorf("Verify = %v, %v", who, err)
			}
		})
		if n == 500 {
			<-arrived
		}
	}
	release()
	wg.Wait()
	require.Equal(t, 1, s.calls())
}

func TestVerify_goesOnWhenItsCallerLeaves(t *testing.T) {
	t.Parallel()
	s := open(t)
	raw := s.token()
	ctx, leave := context.WithCancel(t.Context())
	arrived, release := s.hold()
	go func() {
		<-arrived
		leave()
	}()
	_, err := s.Verify(ctx, raw)
	require.Equal(t, fault.Canceled, fault.KindOf(err), "%v", err)
	release()
	s.passes(raw)
	require.Equal(t, 1, s.calls(), "the first caller's call was lost")
}

func TestVerify_aCallerWithoutTimeIsToldToComeAgain(t *testing.T) {
	t.Parallel()
	s := open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	s.hold()
	_, err := s.Verify(ctx, s.token())
	require.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
}

func TestClose_endsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *iam.Config) { c.Timeout = time.Hour })
	raw := s.token()
	arrived, _ := s.hold()
	done := make(chan error, 1)
	go func() {
		_, err := s.Verify(context.Background(), raw)
		done <- err
	}()
	<-arrived
	s.Close()
	require.Equal(t, fault.Unavailable, fault.KindOf(<-done))
	s.fails(s.token(), fault.Unavailable)
	require.Zero(t, s.breaker.Status().Failures, "our own end is no failure of the service")
}

func TestVerify_anOpenBreakerStopsGoodTokensOnly(t *testing.T) {
	t.Parallel()
	s := open(t)
	known := s.token()
	s.passes(known)
	s.server.Break(simulator.ServerError(), iamsim.VerifyPath)
	for range 5 {
		s.fails(s.token(), fault.Unavailable)
	}
	require.Equal(t, resilience.Open, s.breaker.State())
	asked := s.calls()
	require.Greater(t, s.fails(s.token(), fault.Unavailable), 50*time.Second)
	s.fails("garbage", fault.Unauthenticated)
	s.fails(s.token(map[string]any{"exp": s.clock.Now().Unix()}), fault.Unauthenticated)
	s.passes(known)
	require.Equal(t, asked, s.calls())
}

func TestVerify_beyondTheRateIsUnavailable(t *testing.T) {
	t.Parallel()
	s := open(t)
	for range 50 {
		s.passes(s.token())
	}
	one := s.token()
	require.Equal(t, time.Second, s.fails(one, fault.Unavailable))
	require.Zero(t, s.breaker.Status().Failures)
	s.clock.Advance(time.Second)
	s.passes(one)
	s.server.Break(simulator.TooMany("10"), iamsim.VerifyPath)
	require.Equal(t, 10*time.Second, s.fails(s.token(), fault.Unavailable))
}

func TestVerify_saysWhoItIs(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *iam.Config) { c.Header = map[string]string{"X-Gateway": "blue"} })
	raw := s.token()
	s.passes(raw)
	asked := s.server.Requests()
	require.Len(t, asked, 1)
	r := asked[0]
	require.Equal(t, http.MethodPost+" "+iamsim.VerifyPath, r.Method+" "+r.Path)
	for name, want := range map[string]string{
		"X-Client-Id": "replica-1", "X-Gateway": "blue", "Content-Type": "application/json", "Authorization": "",
	} {
		require.Equal(t, want, r.Header.Get(name), name)
	}
	require.Regexp(t, "^mmm-engine/.", r.Header.Get("User-Agent"))
	require.NotEmpty(t, r.Header.Get("Traceparent"))
	require.Empty(t, r.Query)
	require.JSONEq(t, `{"token":"`+raw+`"}`, string(r.Body))

	s = open(t, func(c *iam.Config) { c.Token = func() string { return "the engine's own" } })
	s.passes(s.token())
	require.Equal(t, "Bearer the engine's own", s.server.Requests()[0].Header.Get("Authorization"))
}

func TestVerify_anAnswerAboutSomebodyElseIsNone(t *testing.T) {
	t.Parallel()
	s := open(t)
	s.server.Break(simulator.Rewrite(func(body []byte) []byte {
		return []byte(strings.Replace(string(body), "dev1", "dev2", 1))
	}), iamsim.VerifyPath)
	raw := s.token()
	s.fails(raw, fault.Unavailable)
	s.server.Mend()
	s.passes(raw)
}

func TestVerify_anAnswerNeedsItsFields(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *iam.Config) { c.Breaker = nil })
	for _, body := range []string{`{"sub":"dev1"}`, `{"scope":[]}`, `{"sub":"","scope":[]}`, `{"sub":"dev1","scope":"x"}`, `{"valid":true}`} {
		s.server.Break(simulator.Answer(body), iamsim.VerifyPath)
		s.fails(s.token(), fault.Unavailable)
	}
	s.server.Break(simulator.Answer(`{"sub":"dev1","scope":[],"more":1}`), iamsim.VerifyPath)
	s.passes(s.token())
}

func TestVerify_takesExpiryFromTheToken(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*site){
		"in local time ahead":  func(s *site) { s.sim.Shift(9 * time.Hour) },
		"in local time behind": func(s *site) { s.sim.Shift(-9 * time.Hour) },
		"mended":               func(s *site) { s.sim.Zoned(true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			set(s)
			require.True(t, s.passes(s.token()).ExpiresAt().Equal(s.clock.Now().Add(time.Hour)))
		})
	}
}

func TestVerify_aScopeInOneStringIsRefusedByTheService(t *testing.T) {
	t.Parallel()
	s := open(t)
	text := map[string]any{"scope": "mmm.decide mmm.read"}
	s.fails(s.token(text), fault.Unauthenticated)
	s.sim.TakesScopeText(true)
	require.True(t, s.passes(s.token(text)).Has(caller.ScopeRead))
}

func TestVerify_findsTheTenant(t *testing.T) {
	t.Parallel()
	none := map[string]any{"tenant_id": issuer.Absent}
	scoped := func(scopes ...string) map[string]any { return map[string]any{"scope": scopes} }
	cases := map[string]struct {
		claims  []map[string]any
		subject bool   // the subject tells
		want    string // empty: refused
	}{
		"the claim":                              {nil, false, "acme"},
		"a scope stands in":                      {[]map[string]any{none, scoped("mmm.read", "tenant:globex")}, false, "globex"},
		"a scope agrees":                         {[]map[string]any{scoped("tenant:acme")}, false, "acme"},
		"a scope disagrees":                      {[]map[string]any{scoped("tenant:globex")}, false, ""},
		"two scopes disagree":                    {[]map[string]any{none, scoped("tenant:acme", "tenant:globex")}, false, ""},
		"an empty scope":                         {[]map[string]any{none, scoped("tenant:")}, false, ""},
		"a scope with an invalid id":             {[]map[string]any{none, scoped("tenant:a|b")}, false, ""},
		"none":                                   {[]map[string]any{none}, false, ""},
		"a subject, unasked":                     {[]map[string]any{none, {"sub": "acme:dev1"}}, false, ""},
		"a colon in a subject, unasked":          {[]map[string]any{{"sub": "github:dependabot[bot]"}}, false, "acme"},
		"a subject stands in":                    {[]map[string]any{none, {"sub": "acme:dev1"}}, true, "acme"},
		"a subject agrees":                       {[]map[string]any{{"sub": "acme:dev1"}, scoped("tenant:acme")}, true, "acme"},
		"a subject disagrees":                    {[]map[string]any{{"sub": "globex:dev1"}}, true, ""},
		"a subject and a scope disagree":         {[]map[string]any{none, {"sub": "globex:dev1"}, scoped("tenant:acme")}, true, ""},
		"a subject without colon and a claim":    {nil, true, "acme"},
		"a subject without colon and no claim":   {[]map[string]any{none}, true, ""},
		"a claim of null is no absent claim":     {[]map[string]any{{"tenant_id": nil}, scoped("tenant:acme")}, false, ""},
		"an empty claim is not made up for":      {[]map[string]any{{"tenant_id": ""}, scoped("tenant:acme")}, false, ""},
		"a claim of another type is no claim":    {[]map[string]any{{"tenant_id": 5}, scoped("tenant:acme")}, false, ""},
		"another letter case is another tenant":  {[]map[string]any{scoped("tenant:ACME")}, false, ""},
		"the same scope twice is no two tenants": {[]map[string]any{none, scoped("tenant:acme", "tenant:acme")}, false, "acme"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, func(cfg *iam.Config) { cfg.SubjectTells = c.subject })
			raw := s.token(c.claims...)
			if c.want == "" {
				s.fails(raw, fault.Unauthenticated)
				require.Zero(t, s.calls())
				return
			}
			who := s.passes(raw)
			require.Equal(t, c.want, string(who.Tenant()))
			var claims map[string]any
			require.NoError(t, json.Unmarshal(decode(t, raw), &claims))
			require.Equal(t, claims["sub"], string(who.Subject()), "a subject stays as it was signed")
		})
	}
}

func TestVerify_takesRolesFromScopesToo(t *testing.T) {
	t.Parallel()
	s := open(t)
	who := s.passes(s.token(map[string]any{
		"roles": []string{"backend", "approver"}, "scope": []string{"mmm.read", "role:approver", "role:tenant_admin", "role:"},
	}))
	if diff := cmp.Diff([]string{"backend", "approver", "tenant_admin"}, who.Roles()); diff != "" {
		t.Errorf("roles (-want +got):\n%s", diff)
	}
	require.True(t, who.Admin())
	require.Equal(t, []string{"tenant_admin"}, s.passes(s.token(map[string]any{
		"roles": issuer.Absent, "scope": []string{"role:tenant_admin"},
	})).Roles())
}

type panicking struct{}

func (panicking) RoundTrip(*http.Request) (*http.Response, error) { panic("a bug") }

func TestVerify_aPanicIsNoAnswerAndEndsNothing(t *testing.T) {
	t.Parallel()
	s := open(t, func(c *iam.Config) { c.Transport = panicking{} })
	raw := s.token()
	for range 2 {
		s.fails(raw, fault.Unavailable)
	}
	require.Equal(t, 2, s.breaker.Status().Failures)
}
