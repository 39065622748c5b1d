package local_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/identity/local"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
)

// key is a signing key with a name.
type key struct {
	ed25519.PrivateKey
	kid string
}

func (k key) KID() string { return k.kid }

func newKey(kid string) key {
	seed := sha256.Sum256([]byte(kid))
	return key{ed25519.NewKeyFromSeed(seed[:]), kid}
}

func (k key) public() ed25519.PublicKey { return k.Public().(ed25519.PublicKey) }

// keys are the token keys that a verifier knows, and a count of how often it asked.
type keys struct {
	known map[string]ed25519.PublicKey
	asked int
}

func (k *keys) TokenKey(kid string) (ed25519.PublicKey, bool) {
	k.asked++
	pub, ok := k.known[kid]
	return pub, ok
}

func ring() *keys {
	known := map[string]ed25519.PublicKey{}
	for _, kid := range []string{"token-1", "token-0"} { // current and past; receipt-1 is not among them
		known[kid] = newKey(kid).public()
	}
	return &keys{known: known}
}

// clock is set by hand.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func noon() *clock { return &clock{at: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)} }

func sensible() map[string]any {
	return map[string]any{
		"iss": "mmm", "aud": "mmm-api", "sub": "dev1", "tenant_id": "acme", "actor_type": "human",
		"roles": []string{"tenant_admin", "backend"}, "scope": []string{"mmm.decide", "mmm.read"},
		"iat": noon().at.Unix(), "exp": noon().at.Add(time.Hour).Unix(),
	}
}

func with(change map[string]any) map[string]any {
	c := sensible()
	for k, v := range change {
		if v == absent {
			delete(c, k)
		} else {
			c[k] = v
		}
	}
	return c
}

const absent = "(absent)"

// token signs a payload under a header that starts as a good one.
func token(t testing.TB, k key, claims any, header map[string]any) string {
	t.Helper()
	h := map[string]any{"alg": "EdDSA", "typ": "JWT", "kid": k.kid}
	maps.Copy(h, header)
	maps.DeleteFunc(h, func(_ string, v any) bool { return v == absent })
	part := func(v any) string {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(text)
	}
	body := part(h) + "." + part(claims)
	return body + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(k.PrivateKey, []byte(body)))
}

func TestMint_isAcceptedByVerify(t *testing.T) {
	t.Parallel()
	at := noon()
	at.at = at.at.Add(700 * time.Millisecond)
	raw, expires, err := local.NewMinter(newKey("token-1"), local.Config{}, at.now).Mint(caller.Claims{
		Subject: "dev1", Tenant: "acme", ActorType: actor.AIAgent, Roles: []string{"approver"}, Scopes: []string{"mmm.read", "mmm.decide"},
	}, 12*time.Hour)
	require.NoError(t, err)
	got, err := local.NewVerifier(ring(), local.Config{Issuer: "mmm", Audience: "mmm-api"}, at.now).Verify(t.Context(), raw)
	require.NoError(t, err)
	want, err := caller.Verified(caller.Claims{
		Subject: "dev1", Tenant: "acme", ActorType: actor.AIAgent, Roles: []string{"approver"}, Scopes: []string{"mmm.read", "mmm.decide"},
		ExpiresAt: noon().at.Add(12 * time.Hour),
	})
	require.NoError(t, err)
	require.True(t, expires.Equal(want.ExpiresAt()))
	if diff := cmp.Diff(facts(want), facts(got)); diff != "" {
		t.Errorf("caller (-want +got):\n%s", diff)
	}

	var payload map[string]any
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &payload))
	if diff := cmp.Diff([]any{"mmm.read", "mmm.decide"}, payload["scope"]); diff != "" {
		t.Errorf("scope must be an array in the token:\n%s", diff)
	}
}

func facts(c caller.Caller) map[string]any {
	kind, claimed := c.ActorType()
	return map[string]any{
		"sub": c.Subject(), "tenant": c.Tenant(), "type": kind, "claimed": claimed,
		"roles": c.Roles(), "scopes": c.Scopes(), "exp": c.ExpiresAt().Unix(),
	}
}

func TestMint_refuses(t *testing.T) {
	t.Parallel()
	good := caller.Claims{Subject: "dev1", Tenant: "acme"}
	cases := map[string]struct {
		change func(*caller.Claims)
		ttl    time.Duration
	}{
		"no subject":        {func(c *caller.Claims) { c.Subject = "" }, time.Hour},
		"a bad tenant":      {func(c *caller.Claims) { c.Tenant = "a b" }, time.Hour},
		"automation":        {func(c *caller.Claims) { c.ActorType = actor.Automation }, time.Hour},
		"no life":           {func(*caller.Claims) {}, 0},
		"a negative life":   {func(*caller.Claims) {}, -time.Hour},
		"a life too long":   {func(*caller.Claims) {}, 367 * 24 * time.Hour},
		"an empty role":     {func(c *caller.Claims) { c.Roles = []string{""} }, time.Hour},
		"scopes in one":     {func(c *caller.Claims) { c.Scopes = []string{"mmm.read mmm.decide"} }, time.Hour},
		"more than can fit": {func(c *caller.Claims) { c.Roles = []string{strings.Repeat("r", 9000)} }, time.Hour},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claims := good
			c.change(&claims)
			raw, _, err := local.NewMinter(newKey("token-1"), local.Config{}, noon().now).Mint(claims, c.ttl)
			require.Error(t, err)
			require.Empty(t, raw)
		})
	}
}

func TestVerify_accepts(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		signer key
		claims map[string]any
		header map[string]any
		check  func(t *testing.T, c caller.Caller)
	}{
		"an access token":      {newKey("token-1"), sensible(), map[string]any{"typ": "at+jwt"}, nil},
		"a past key":           {newKey("token-0"), sensible(), nil, nil},
		"several audiences":    {newKey("token-1"), with(map[string]any{"aud": []string{"x", "mmm-api"}}), nil, nil},
		"a scope string":       {newKey("token-1"), with(map[string]any{"scope": "mmm.decide  mmm.read"}), nil, nil},
		"the moment of issue":  {newKey("token-1"), with(map[string]any{"iat": noon().at.Unix(), "nbf": noon().at.Unix()}), nil, nil},
		"the last second":      {newKey("token-1"), with(map[string]any{"exp": noon().at.Unix() + 1}), nil, nil},
		"a subject with colon": {newKey("token-1"), with(map[string]any{"sub": "github:dependabot[bot]"}), nil, nil},
		"no actor type": {newKey("token-1"), with(map[string]any{"actor_type": absent}), nil, func(t *testing.T, c caller.Caller) {
			if kind, claimed := c.ActorType(); kind != actor.Human || claimed {
				t.Errorf("actor type %s, claimed %v", kind, claimed)
			}
		}},
		"neither roles nor scope": {newKey("token-1"), with(map[string]any{"roles": absent, "scope": absent}), nil, func(t *testing.T, c caller.Caller) {
			if c.Admin() || c.Has(caller.ScopeRead) {
				t.Error("rights out of nothing")
			}
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := local.NewVerifier(ring(), local.Config{Issuer: "mmm", Audience: "mmm-api"}, noon().now)
			got, err := v.Verify(t.Context(), token(t, c.signer, c.claims, c.header))
			require.NoError(t, err)
			require.True(t, got.Valid())
			if c.check != nil {
				c.check(t, got)
				return
			}
			require.True(t, got.Has(caller.ScopeDecide) && got.Has(caller.ScopeRead) && got.Is(caller.RoleTenantAdmin))
		})
	}
}

func TestVerify_refuses(t *testing.T) {
	t.Parallel()
	k := newKey("token-1")
	signed := func(change map[string]any) string { return token(t, k, with(change), nil) }
	headed := func(header map[string]any) string { return token(t, k, sensible(), header) }
	good := headed(nil)
	part := strings.Split(good, ".")
	hmacWithPublicKey := func() string {
		raw := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims(sensible()))
		raw.Header["kid"] = k.kid
		text, err := raw.SignedString([]byte(k.public()))
		require.NoError(t, err)
		return text
	}
	other := strings.Split(signed(map[string]any{"tenant_id": "globex"}), ".")
	hour := int64(3600)
	now := noon().at.Unix()
	cases := map[string]struct{ raw, says string }{
		"nothing":                      {"", "empty"},
		"a huge token":                 {strings.Repeat("a", 8<<10+1), "too long"},
		"a huge token well signed":     {signed(map[string]any{"pad": strings.Repeat("x", 8<<10)}), "too long"},
		"garbage":                      {"garbage", "malformed"},
		"three dots":                   {"...", "malformed"},
		"four parts":                   {good + ".x", "malformed"},
		"the word Bearer":              {"Bearer " + good, "malformed"},
		"padding":                      {good + "=", "malformed"},
		"alg none":                     {unsigned(t), "signature"},
		"alg none with a signature":    {headed(map[string]any{"alg": "none"}), "signature"},
		"alg of another letter case":   {headed(map[string]any{"alg": "eddsa"}), "cannot be verified"},
		"no alg":                       {headed(map[string]any{"alg": absent}), "cannot be verified"},
		"HS256 with the public key":    {hmacWithPublicKey(), "signature"},
		"an execution grant":           {headed(map[string]any{"typ": "mmm-grant+jwt"}), "not of type"},
		"no typ":                       {headed(map[string]any{"typ": absent}), "not of type"},
		"a typ that is no text":        {headed(map[string]any{"typ": 1}), "not of type"},
		"a critical extension":         {headed(map[string]any{"crit": []string{"b64"}, "b64": false}), "extension"},
		"a receipt key":                {token(t, newKey("receipt-1"), sensible(), nil), "unknown key"},
		"no kid":                       {headed(map[string]any{"kid": absent}), "unknown key"},
		"a kid that is no text":        {headed(map[string]any{"kid": 1}), "unknown key"},
		"another key under this kid":   {token(t, newKey("receipt-1"), sensible(), map[string]any{"kid": "token-1"}), "signature"},
		"a tampered payload":           {part[0] + "." + other[1] + "." + part[2], "signature"},
		"a tampered header":            {strings.Split(headed(map[string]any{"typ": "at+jwt"}), ".")[0] + "." + part[1] + "." + part[2], "signature"},
		"no signature":                 {part[0] + "." + part[1] + ".", "signature"},
		"a payload that is no object":  {token(t, k, []int{1}, nil), "malformed"},
		"a payload of null":            {token(t, k, nil, nil), "lacks a claim"},
		"expired":                      {signed(map[string]any{"exp": now - 1}), "expired"},
		"expired this very second":     {signed(map[string]any{"exp": now}), "expired"},
		"no exp":                       {signed(map[string]any{"exp": absent}), "lacks a claim"},
		"exp of null":                  {signed(map[string]any{"exp": nil}), "lacks a claim"},
		"exp as words":                 {signed(map[string]any{"exp": "tomorrow"}), "malformed"},
		"issued in the future":         {signed(map[string]any{"iat": now + 1}), "in the future"},
		"not valid yet":                {signed(map[string]any{"nbf": now + hour/2}), "not valid yet"},
		"another issuer":               {signed(map[string]any{"iss": "evil"}), "another issuer"},
		"no issuer":                    {signed(map[string]any{"iss": absent}), "lacks a claim"},
		"another audience":             {signed(map[string]any{"aud": "mmm-executor"}), "another audience"},
		"no audience":                  {signed(map[string]any{"aud": absent}), "lacks a claim"},
		"no sub":                       {signed(map[string]any{"sub": absent}), "sub"},
		"a sub with ..":                {signed(map[string]any{"sub": "a..b"}), "sub"},
		"a sub that is no text":        {signed(map[string]any{"sub": 5}), "malformed"},
		"no tenant":                    {signed(map[string]any{"tenant_id": absent}), "tenant_id"},
		"a tenant with a bar":          {signed(map[string]any{"tenant_id": "a|b"}), "tenant_id"},
		"a tenant list":                {signed(map[string]any{"tenant_id": []string{"acme"}}), "tenant_id"},
		"an unknown actor type":        {signed(map[string]any{"actor_type": "automation"}), "actor_type"},
		"an actor type of null":        {signed(map[string]any{"actor_type": nil}), "actor_type"},
		"an empty actor type":          {signed(map[string]any{"actor_type": ""}), "actor_type"},
		"an actor type that is a bool": {signed(map[string]any{"actor_type": true}), "actor_type"},
		"roles as one string":          {signed(map[string]any{"roles": "tenant_admin"}), "roles"},
		"roles of null":                {signed(map[string]any{"roles": nil}), "roles"},
		"a role that is no text":       {signed(map[string]any{"roles": []any{"a", 1}}), "roles"},
		"a role of null":               {signed(map[string]any{"roles": []any{nil}}), "roles"},
		"a scope that is a number":     {signed(map[string]any{"scope": 1}), "scope"},
		"a scope object":               {signed(map[string]any{"scope": map[string]any{"mmm.read": true}}), "scope"},
		"a scope list with a number":   {signed(map[string]any{"scope": []any{"mmm.read", 1}}), "scope"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := local.NewVerifier(ring(), local.Config{Issuer: "mmm", Audience: "mmm-api"}, noon().now)
			got, err := v.Verify(t.Context(), c.raw)
			require.ErrorContains(t, err, c.says)
			require.False(t, got.Valid())
			var f *fault.Error
			require.ErrorAs(t, err, &f)
			require.Equal(t, fault.Unauthenticated, f.Kind)
			require.Equal(t, fault.CodeUnauthenticated, f.Code)
			for p := range strings.SplitSeq(c.raw, ".") {
				if len(p) > 3 && strings.Contains(err.Error(), p) {
					t.Errorf("the message repeats the token: %v", err)
				}
			}
		})
	}
}

func unsigned(t testing.TB) string {
	t.Helper()
	raw := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims(sensible()))
	raw.Header["kid"] = "token-1"
	text, err := raw.SignedString(jwt.UnsafeAllowNoneSignatureType)
	require.NoError(t, err)
	return text
}

func TestVerify_checksIssuerAndAudienceOnlyIfSet(t *testing.T) {
	t.Parallel()
	raw := token(t, newKey("token-1"), with(map[string]any{"iss": "somebody", "aud": absent}), nil)
	_, err := local.NewVerifier(ring(), local.Config{}, noon().now).Verify(t.Context(), raw)
	require.NoError(t, err)
}

func TestVerify_remembersATokenUntilItExpires(t *testing.T) {
	t.Parallel()
	k, at := ring(), noon()
	v := local.NewVerifier(k, local.Config{}, at.now)
	raw := token(t, newKey("token-1"), sensible(), nil)
	for range 3 {
		c, err := v.Verify(t.Context(), raw)
		require.NoError(t, err)
		require.Equal(t, actor.ID("dev1"), c.Subject())
	}
	require.Equal(t, 1, k.asked, "the second look should cost no signature check")

	last := raw[:len(raw)-2] // the same token with another signature is another token
	_, err := v.Verify(t.Context(), last)
	require.Error(t, err)
	at.at = at.at.Add(time.Hour)
	_, err = v.Verify(t.Context(), raw)
	require.ErrorContains(t, err, "expired")
}

func TestVerify_remembersABoundedNumber(t *testing.T) {
	t.Parallel()
	k := ring()
	const most = 20
	v := local.NewVerifier(k, local.Config{Remember: most}, noon().now)
	one := func(n int) string {
		return token(t, newKey("token-1"), with(map[string]any{"jti": strconv.Itoa(n)}), nil)
	}
	for n := range most + 1 { // the last one finds it full and makes room
		_, err := v.Verify(t.Context(), one(n))
		require.NoError(t, err)
	}
	before := k.asked
	_, err := v.Verify(t.Context(), one(most))
	require.NoError(t, err)
	require.Equal(t, before, k.asked, "the newest token must be remembered")
	_, err = v.Verify(t.Context(), one(0))
	require.NoError(t, err)
	require.Equal(t, before+1, k.asked, "an old one must have been forgotten")
}

func FuzzVerify(f *testing.F) {
	good := token(f, newKey("token-1"), sensible(), nil)
	f.Add(good)
	f.Add(unsigned(f))
	f.Add("..")
	f.Add("e30.e30.")
	f.Add("bnVsbA.bnVsbA.bnVsbA")
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := local.NewVerifier(ring(), local.Config{}, noon().now).Verify(t.Context(), raw)
		if raw == good {
			return
		}
		if err == nil || c.Valid() {
			t.Fatalf("a token nobody issued passes: %q", raw)
		}
		if fault.KindOf(err) != fault.Unauthenticated {
			t.Fatalf("%q gives %v; want Unauthenticated", raw, err)
		}
	})
}
