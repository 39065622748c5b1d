package emission_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/signing"
)

var threeDigits = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

// publicKeys reads the published keys as anybody would.
func publicKeys(t *testing.T, ring *signing.Keyring) map[string]ed25519.PublicKey {
	t.Helper()
	text, err := json.Marshal(ring.JWKS())
	require.NoError(t, err)
	var set struct {
		Keys []struct {
			ID  string `json:"kid"`
			Crv string `json:"crv"`
			X   string `json:"x"`
		} `json:"keys"`
	}
	require.NoError(t, json.Unmarshal(text, &set))
	out := map[string]ed25519.PublicKey{}
	for _, k := range set.Keys {
		x, err := base64.RawURLEncoding.DecodeString(k.X)
		require.NoError(t, err)
		require.Equal(t, "Ed25519", k.Crv)
		out[k.ID] = x
	}
	return out
}

// verified checks a receipt with another canonicaliser than the engine's, and that nothing is in it that the service refuses.
func verified(t *testing.T, ring *signing.Keyring, raw []byte) {
	t.Helper()
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(raw, &members))
	var text, kid string
	require.NoError(t, json.Unmarshal(members["signature"], &text))
	require.NoError(t, json.Unmarshal(members["kid"], &kid))
	parts := strings.Split(text, ":")
	require.Len(t, parts, 3)
	require.Equal(t, []string{"sig-ed25519", kid}, parts[:2])
	signature, err := base64.StdEncoding.DecodeString(parts[2])
	require.NoError(t, err)
	delete(members, "signature")
	rest, err := json.Marshal(members)
	require.NoError(t, err)
	canonical, err := jcs.Transform(rest)
	require.NoError(t, err)
	key, known := publicKeys(t, ring)[kid]
	require.True(t, known)
	require.True(t, ed25519.Verify(key, canonical, signature))

	for _, name := range []string{"inputs", "result"} {
		for _, word := range []string{"password", "secret", "token", "api_key", "ssn", "credit_card"} {
			require.NotContains(t, strings.ToLower(string(members[name])), word)
		}
	}
	var at string
	require.NoError(t, json.Unmarshal(members["timestamp_utc"], &at))
	require.Regexp(t, threeDigits, at)
	require.NotContains(t, string(raw), "dev1")
}
