package oidcprovider_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator/issuer"
	"github.com/zeroui/mmm-engine/test/simulator/oidcprovider"
)

func TestProvider(t *testing.T) {
	t.Parallel()
	const url = "http://id.example"
	for _, algorithm := range []string{issuer.RS256, issuer.ES256, issuer.EdDSA} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			key, err := issuer.NewKey("key-1", algorithm)
			require.NoError(t, err)
			p := oidcprovider.New(key)
			p.At(url)
			get := func(path string) (int, map[string]any) {
				w := httptest.NewRecorder()
				p.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
				var out map[string]any
				require.NoError(t, json.Unmarshal(w.Body.Bytes(), &out))
				return w.Code, out
			}
			_, document := get(oidcprovider.DiscoveryPath)
			require.Equal(t, url, document["issuer"])
			require.Equal(t, url+oidcprovider.KeysPath, document["jwks_uri"])
			require.Equal(t, []any{algorithm}, document["id_token_signing_alg_values_supported"])
			_, set := get(oidcprovider.KeysPath)
			require.Len(t, set["keys"], 1)
			code, _ := get("/elsewhere")
			require.Equal(t, http.StatusNotFound, code)

			raw, err := p.Issue(map[string]any{"sub": "dev1", "iat": issuer.Absent}, map[string]any{"typ": "at+jwt"})
			require.NoError(t, err)
			// Another library than the one that signed agrees on the signature.
			parsed, err := jwt.Parse(raw, func(*jwt.Token) (any, error) { return key.Public(), nil })
			require.NoError(t, err)
			require.Equal(t, map[string]any{"alg": algorithm, "typ": "at+jwt", "kid": "key-1"}, parsed.Header)
			claims, _ := parsed.Claims.(jwt.MapClaims)
			require.Equal(t, url, claims["iss"])
			require.NotContains(t, claims, "iat")
		})
	}
}
