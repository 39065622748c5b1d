package keyset_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/adapters/identity/keyset"
	"github.com/zeroui/mmm-engine/adapters/identity/token"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newKey(t testing.TB, kid, algorithm string) issuer.Key {
	t.Helper()
	key, err := issuer.NewKey(kid, algorithm)
	require.NoError(t, err)
	return key
}

// jwk is the public half of a key, changed; nil takes a field away.
func jwk(t testing.TB, key issuer.Key, change map[string]any) map[string]any {
	t.Helper()
	text, err := issuer.JWKS(key)
	require.NoError(t, err)
	var set struct {
		Keys []map[string]any `json:"keys"`
	}
	require.NoError(t, json.Unmarshal(text, &set))
	for k, v := range change {
		if v == nil {
			delete(set.Keys[0], k)
		} else {
			set.Keys[0][k] = v
		}
	}
	return set.Keys[0]
}

func document(t testing.TB, keys ...any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"keys": keys})
	require.NoError(t, err)
	return text
}

func TestFind_keepsAKeyToItsAlgorithm(t *testing.T) {
	t.Parallel()
	rsaKey, ecKey, edKey := newKey(t, "r", issuer.RS256), newKey(t, "e", issuer.ES256), newKey(t, "o", issuer.EdDSA)
	open := map[string]any{"alg": nil, "use": nil}
	cases := map[string]struct {
		key  any
		kid  string
		fits []string
	}{
		"RSA bound":                   {jwk(t, rsaKey, nil), "r", []string{"RS256"}},
		"RSA open":                    {jwk(t, rsaKey, open), "r", []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}},
		"EC bound":                    {jwk(t, ecKey, nil), "e", []string{"ES256"}},
		"EC open":                     {jwk(t, ecKey, open), "e", []string{"ES256"}},
		"EC of another size":          {jwk(t, ecKey, map[string]any{"alg": "ES384"}), "e", nil},
		"EC that claims to be RSA":    {jwk(t, ecKey, map[string]any{"alg": "RS256"}), "e", nil},
		"Ed25519":                     {jwk(t, edKey, nil), "o", []string{"EdDSA"}},
		"Ed25519 by its younger name": {jwk(t, edKey, map[string]any{"alg": "Ed25519"}), "o", []string{"EdDSA"}},
		"bound to a shared secret":    {jwk(t, rsaKey, map[string]any{"alg": "HS256"}), "r", nil},
	}
	all := []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256", "none", ""}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, err := keyset.Parse(document(t, c.key))
			require.NoError(t, err)
			var fits []string
			for _, algorithm := range all {
				if _, found := set.Find(c.kid, algorithm); found {
					fits = append(fits, algorithm)
				}
			}
			require.Equal(t, c.fits, fits)
		})
	}
}

func TestFind_aTokenThatNamesNoKey(t *testing.T) {
	t.Parallel()
	one, two, other := newKey(t, "1", issuer.EdDSA), newKey(t, "2", issuer.EdDSA), newKey(t, "3", issuer.ES256)
	alone, err := keyset.Parse(document(t, jwk(t, one, nil), jwk(t, other, nil)))
	require.NoError(t, err)
	key, found := alone.Find("", "EdDSA")
	require.True(t, found)
	require.Equal(t, one.Public(), key)
	several, err := keyset.Parse(document(t, jwk(t, one, nil), jwk(t, two, nil)))
	require.NoError(t, err)
	_, found = several.Find("", "EdDSA")
	require.False(t, found, "a guess")
}

func TestParse_leavesAsideWhatIsOfNoUse(t *testing.T) {
	t.Parallel()
	good := newKey(t, "good", issuer.EdDSA)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	b64 := base64.RawURLEncoding.EncodeToString
	off := jwk(t, newKey(t, "x", issuer.ES256), map[string]any{"x": b64([]byte(strings.Repeat("\x01", 32)))})
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	require.NoError(t, err)
	point, err := p384.PublicKey.Bytes()
	require.NoError(t, err)
	for name, useless := range map[string]any{
		"a shared secret":     map[string]any{"kty": "oct", "k": "c2VjcmV0", "kid": "x", "alg": "HS256"},
		"a key to encrypt":    jwk(t, newKey(t, "x", issuer.RS256), map[string]any{"use": "enc"}),
		"a small key":         map[string]any{"kty": "RSA", "kid": "x", "n": b64(small.N.Bytes()), "e": b64(big.NewInt(int64(small.E)).Bytes())},
		"a private key":       jwk(t, newKey(t, "x", issuer.EdDSA), map[string]any{"d": b64(make([]byte, 32))}),
		"off the curve":       off,
		"another kind":        map[string]any{"kty": "PQ", "kid": "x"},
		"another curve":       map[string]any{"kty": "OKP", "crv": "Ed448", "x": b64(make([]byte, 57)), "kid": "x"},
		"no key":              5,
		"null":                nil,
		"half a key":          map[string]any{"kty": "RSA", "kid": "x"},
		"a curve under P-256": map[string]any{"kty": "EC", "crv": "P-256", "kid": "x", "x": b64(point[1:49]), "y": b64(point[49:])},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set, err := keyset.Parse(document(t, useless, jwk(t, good, nil)))
			require.NoError(t, err)
			_, found := set.Find("good", "EdDSA")
			require.True(t, found, "one bad key spoils the set")
			for _, algorithm := range []string{"RS256", "ES256", "EdDSA", "HS256"} {
				_, found = set.Find("x", algorithm)
				require.False(t, found, algorithm)
			}
			_, err = keyset.Parse(document(t, useless))
			require.Error(t, err, "a set without a key refuses everybody in silence")
		})
	}
}

func TestParse_refuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "null", "[]", "{}", `{"keys":null}`, `{"keys":{}}`, `{"keys":[]}`, "<html>", `{"keys":[`} {
		_, err := keyset.Parse([]byte(text))
		require.Error(t, err, text)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(string(document(f, jwk(f, newKey(f, "a", issuer.EdDSA), nil), jwk(f, newKey(f, "b", issuer.ES256), nil))))
	f.Add(`{"keys":[{"kty":"RSA","n":"AQ","e":"AQAB"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		set, err := keyset.Parse([]byte(text))
		if err != nil {
			return
		}
		for _, algorithm := range []string{"RS256", "ES256", "EdDSA", "HS256"} {
			if key, found := set.Find("", algorithm); found && algorithm == "HS256" {
				t.Fatalf("%T for a shared secret", key)
			}
		}
	})
}

// TestRemote_boundsItsWaits runs on a clock of its own: a fetch that hangs keeps a caller as long as the caller wants to wait,
// and no longer.
func TestRemote_boundsItsWaits(t *testing.T) {
	t.Parallel()
	set, err := keyset.Parse(document(t, jwk(t, newKey(t, "1", issuer.EdDSA), nil)))
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		fetched := 0
		r := keyset.NewRemote(func(ctx context.Context) (keyset.Set, error) {
			fetched++
			select {
			case <-time.After(2 * time.Second):
				return set, nil
			case <-ctx.Done():
				return keyset.Set{}, ctx.Err()
			}
		}, time.Now)
		defer r.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := r.Key(ctx, "1", "EdDSA")
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
		require.Equal(t, time.Second, time.Since(began))
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, err := r.Key(t.Context(), "1", "EdDSA"); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.Equal(t, 2*time.Second, time.Since(began), "the fetch goes on for those who come later")
		require.Equal(t, 1, fetched)
	})
}

func TestRemote_Close(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := keyset.NewRemote(func(ctx context.Context) (keyset.Set, error) {
			<-ctx.Done()
			return keyset.Set{}, ctx.Err()
		}, time.Now)
		done := make(chan error, 1)
		go func() {
			_, err := r.Key(context.Background(), "1", "EdDSA")
			done <- err
		}()
		synctest.Wait()
		r.Close()
		require.Equal(t, fault.Unavailable, fault.KindOf(<-done))
		time.Sleep(time.Hour)
		_, err := r.Key(t.Context(), "1", "EdDSA")
		require.Equal(t, fault.Unavailable, fault.KindOf(err))
	})
}

func TestRemote_givesAFaultAsItIs(t *testing.T) {
	t.Parallel()
	own := token.Unavailable(errors.New("the breaker is open"), 42*time.Second)
	r := keyset.NewRemote(func(context.Context) (keyset.Set, error) { return keyset.Set{}, own }, func() time.Time { return time.Unix(1000, 0) })
	t.Cleanup(r.Close)
	for range 2 {
		_, err := r.Key(t.Context(), "1", "EdDSA")
		require.ErrorIs(t, err, own)
	}
}

func TestRemote_aPanicIsNoAnswerAndEndsNothing(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	asked := 0
	keys := keyset.NewRemote(func(context.Context) (keyset.Set, error) { asked++; panic("a bug") }, func() time.Time { return now })
	t.Cleanup(keys.Close)
	for range 2 {
		_, err := keys.Key(t.Context(), "one", "RS256")
		require.True(t, fault.Is(err, fault.Unavailable), err)
		now = now.Add(time.Minute)
	}
	require.Equal(t, 2, asked)
}
