package identity

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

// deep is nested far further than any claim, within the length of a token.
var deep = strings.Repeat("[", 2000) + strings.Repeat("]", 2000)

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// judgesTimes has one row for each border.
func judgesTimes(t *testing.T, s Site) {
	t.Helper()
	now := s.Clock.Now()
	for _, c := range []struct {
		name, claim string
		at          time.Duration
		good        bool
	}{
		{"the last second", "exp", time.Second, true},
		{"this very second is over", "exp", 0, false},
		{"a second ago", "exp", -time.Second, false},
		{"as far ahead as may be", "iat", s.Lead, true},
		{"further ahead", "iat", s.Lead + time.Second, false},
		{"valid from as far ahead as may be", "nbf", s.Lead, true},
		{"valid from later", "nbf", s.Lead + time.Second, false},
		{"valid from long ago", "nbf", -time.Hour, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			raw := s.token(t, map[string]any{c.claim: now.Add(c.at).Unix()}, nil)
			if c.good {
				s.passes(t, raw)
			} else {
				s.refuses(t, raw)
			}
		})
	}
}

// refuses has one row for each way a token is not good.
func refuses(t *testing.T, s Site) {
	t.Helper()
	signed := func(change map[string]any) string { return s.token(t, change, nil) }
	headed := func(header map[string]any) string { return s.token(t, nil, header) }
	good := strings.Split(headed(nil), ".")
	other := strings.Split(signed(map[string]any{"tenant_id": "globex"}), ".")
	payload := func(text string) string { return s.signedText(t, text) }
	cases := map[string]string{
		"nothing":                        "",
		"garbage":                        "garbage",
		"dots":                           "...",
		"two dots":                       "..",
		"empty objects":                  "e30.e30.",
		"nulls":                          "bnVsbA.bnVsbA.bnVsbA",
		"four parts":                     strings.Join(good, ".") + ".x",
		"the word Bearer":                "Bearer " + strings.Join(good, "."),
		"padding":                        strings.Join(good, ".") + "=",
		"a NUL":                          strings.Join(good, ".") + "\x00",
		"no signature":                   good[0] + "." + good[1] + ".",
		"a tampered payload":             good[0] + "." + other[1] + "." + good[2],
		"a tampered header":              strings.Split(headed(map[string]any{"typ": "at+jwt"}), ".")[0] + "." + good[1] + "." + good[2],
		"half a signature":               good[0] + "." + good[1] + "." + good[2][:len(good[2])/2],
		"alg none":                       s.unsigned(t, "none"),
		"alg NONE":                       s.unsigned(t, "NONE"),
		"alg none with a signature":      headed(map[string]any{"alg": "none"}),
		"alg in another letter case":     headed(map[string]any{"alg": strings.ToLower(s.Key.Algorithm) + " "}),
		"no alg":                         headed(map[string]any{"alg": issuer.Absent}),
		"alg that is no text":            headed(map[string]any{"alg": []string{s.Key.Algorithm}}),
		"an algorithm of another family": headed(map[string]any{"alg": map[string]string{"RS256": "ES256", "ES256": "EdDSA", "EdDSA": "RS256"}[s.Key.Algorithm]}),
		"an execution grant":             headed(map[string]any{"typ": "mmm-grant+jwt"}),
		"no typ":                         headed(map[string]any{"typ": issuer.Absent}),
		"a typ that is no text":          headed(map[string]any{"typ": 1}),
		"a logout token":                 headed(map[string]any{"typ": "logout+jwt"}),
		"a critical extension":           headed(map[string]any{"crit": []string{"b64"}, "b64": false}),
		"an unknown kid":                 headed(map[string]any{"kid": "nobody's"}),
		"a kid that is a path":           headed(map[string]any{"kid": "../../etc/passwd"}),
		"a kid that is no text":          headed(map[string]any{"kid": 1}),
		"a key in the header":            s.selfSigned(t),
		"another key under this kid":     s.forged(t),
		"a payload of null":              payload("null"),
		"a payload that is a list":       payload("[1]"),
		"a payload that is no JSON":      payload("{"),
		"a deep payload":                 payload(deep),
		"a deep claim":                   payload(`{"sub":` + deep + `}`),
		"a deep header":                  encode(deep) + "." + good[1] + "." + good[2],
		"no exp":                         signed(map[string]any{"exp": issuer.Absent}),
		"exp of null":                    signed(map[string]any{"exp": nil}),
		"exp as words":                   signed(map[string]any{"exp": "tomorrow"}),
		"exp beyond time":                signed(map[string]any{"exp": 1e300}),
		"exp before time":                signed(map[string]any{"exp": -1e300}),
		"exp in another case":            signed(map[string]any{"exp": issuer.Absent, "EXP": s.Clock.Now().Add(time.Hour).Unix()}),
		"another issuer":                 signed(map[string]any{"iss": "evil"}),
		"an issuer that only begins so":  signed(map[string]any{"iss": s.Issuer + "/"}),
		"no issuer":                      signed(map[string]any{"iss": issuer.Absent}),
		"another audience":               signed(map[string]any{"aud": "mmm-executor"}),
		"other audiences":                signed(map[string]any{"aud": []string{"a", "b"}}),
		"no audience":                    signed(map[string]any{"aud": issuer.Absent}),
		"no sub":                         signed(map[string]any{"sub": issuer.Absent}),
		"a sub with ..":                  signed(map[string]any{"sub": "a..b"}),
		"a sub that is no text":          signed(map[string]any{"sub": 5}),
		"no tenant":                      signed(map[string]any{"tenant_id": issuer.Absent}),
		"an empty tenant":                signed(map[string]any{"tenant_id": ""}),
		"a tenant of null":               signed(map[string]any{"tenant_id": nil}),
		"a tenant with a bar":            signed(map[string]any{"tenant_id": "a|b"}),
		"a list of tenants":              signed(map[string]any{"tenant_id": []string{"acme"}}),
		"an unknown actor type":          signed(map[string]any{"actor_type": "automation"}),
		"an actor type of null":          signed(map[string]any{"actor_type": nil}),
		"an empty actor type":            signed(map[string]any{"actor_type": ""}),
		"roles as one string":            signed(map[string]any{"roles": "tenant_admin"}),
		"roles of null":                  signed(map[string]any{"roles": nil}),
		"a role that is no text":         signed(map[string]any{"roles": []any{"a", 1}}),
		"a role of null":                 signed(map[string]any{"roles": []any{nil}}),
		"a scope that is a number":       signed(map[string]any{"scope": 1}),
		"a scope of null":                signed(map[string]any{"scope": nil}),
		"a scope object":                 signed(map[string]any{"scope": map[string]any{"mmm.read": true}}),
		"a scope list with a number":     signed(map[string]any{"scope": []any{"mmm.read", 1}}),
	}
	for n, raw := range s.symmetric(t) {
		cases["HS256 with the public key, form "+string('a'+rune(n))] = raw
	}
	for name, raw := range cases {
		t.Run(name, func(t *testing.T) {
			s.refuses(t, raw)
			_, err := s.Identity.Verify(t.Context(), raw)
			require.Error(t, err, "the second look")
			for part := range strings.SplitSeq(raw, ".") {
				if len(part) > 3 && strings.Contains(err.Error(), part) {
					t.Errorf("the message repeats the token: %v", err)
				}
			}
		})
	}
}

func oversized(t *testing.T, s Site) {
	t.Helper()
	s.refuses(t, strings.Repeat("a", 1<<20))
	s.refuses(t, strings.Repeat(".", 1<<20))
	s.refuses(t, s.token(t, map[string]any{"pad": strings.Repeat("x", 8<<10)}, nil))
}

func otherSignature(t *testing.T, s Site) {
	t.Helper()
	raw := s.token(t, nil, nil)
	s.passes(t, raw)
	parts := strings.Split(raw, ".")
	forged := strings.Split(s.forged(t), ".")
	s.refuses(t, parts[0]+"."+parts[1]+"."+forged[2])
}

// signedText signs a payload that need not be JSON.
func (s Site) signedText(t *testing.T, text string) string {
	t.Helper()
	head, _, _ := strings.Cut(s.token(t, nil, nil), ".")
	body := head + "." + encode(text)
	signature, err := s.Key.Sign([]byte(body))
	require.NoError(t, err)
	return body + "." + encode(string(signature))
}

func (s Site) unsigned(t *testing.T, alg string) string {
	t.Helper()
	body, err := issuer.Unsigned(s.claims(nil), map[string]any{"alg": alg, "typ": "JWT", "kid": s.Key.KID})
	require.NoError(t, err)
	return body + "."
}

// forged is signed by a key of the same kind under the same name.
func (s Site) forged(t *testing.T) string {
	t.Helper()
	thief, err := issuer.NewKey(s.Key.KID, s.Key.Algorithm)
	require.NoError(t, err)
	s.Key = thief
	return s.token(t, nil, nil)
}

// selfSigned brings its own key along.
func (s Site) selfSigned(t *testing.T) string {
	t.Helper()
	thief, err := issuer.NewKey("thief", issuer.EdDSA)
	require.NoError(t, err)
	s.Key = thief
	return s.token(t, nil, map[string]any{"jwk": map[string]string{"kty": "OKP", "crv": "Ed25519"}, "jku": "http://127.0.0.1:1/keys"})
}

// symmetric takes the public key, which everybody has, for a shared secret, in each form it is published in.
func (s Site) symmetric(t *testing.T) []string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(s.Key.Public())
	require.NoError(t, err)
	set, err := issuer.JWKS(s.Key)
	require.NoError(t, err)
	secrets := [][]byte{der, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), set}
	var out []string
	for _, secret := range secrets {
		body, err := issuer.Unsigned(s.claims(nil), map[string]any{"alg": "HS256", "typ": "JWT", "kid": s.Key.KID})
		require.NoError(t, err)
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(body))
		out = append(out, body+"."+encode(string(mac.Sum(nil))))
	}
	return out
}
