package iam_test

import (
	"encoding/base64"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/identity/iam"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/test/simulator"
	iamsim "github.com/zeroui/mmm-engine/test/simulator/iam"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

func decode(t *testing.T, raw string) []byte {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	require.NoError(t, err)
	return text
}

func TestKeysFile_isReadAgainWhenItChanges(t *testing.T) {
	t.Parallel()
	s := open(t)
	old := s.token()
	s.passes(old)
	s.sim.Rotate(newKey("key-2", issuer.ES256))
	young := s.token()
	s.fails(young, fault.Unauthenticated)
	s.publish()
	s.passes(young)
	s.passes(s.token(map[string]any{"sub": "dev2"}))

	another := func() string {
		raw, err := first().Token(map[string]any{
			"sub": "dev3", "tenant_id": "acme", "iss": iamsim.Issuer, "aud": iamsim.Audience, "scope": []string{}, "exp": s.clock.Now().Add(time.Hour).Unix(),
			"iat": s.clock.Now().Unix(), "kid": "key-1",
		}, nil)
		require.NoError(t, err)
		require.NoError(t, s.sim.Know(raw))
		return raw
	}
	s.passes(another())
	s.sim.Withdraw()
	s.publish()
	s.clock.Advance(time.Minute)
	s.fails(another(), fault.Unauthenticated)
	s.fails(old, fault.Unauthenticated)
}

func TestKeysFile_thatBreaksLeavesTheKeys(t *testing.T) {
	t.Parallel()
	s := open(t)
	whole, err := os.ReadFile(s.keys)
	require.NoError(t, err)
	for _, text := range []string{string(whole[:len(whole)/2]), "", "{}", `{"keys":[]}`, strings.Repeat(" ", 1<<20) + string(whole)} {
		require.NoError(t, os.WriteFile(s.keys, []byte(text), 0o600))
		s.passes(s.token())
	}
	require.NoError(t, os.Remove(s.keys))
	s.passes(s.token())
	s.sim.Rotate(newKey("key-2", issuer.EdDSA))
	s.publish()
	s.passes(s.token())
}

// remote is a site whose keys are at an address.
func remote(t *testing.T) (*site, *simulator.Server) {
	t.Helper()
	var keys http.Handler // set before anybody asks
	at, err := simulator.Start("keys", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { keys.ServeHTTP(w, r) }))
	require.NoError(t, err)
	t.Cleanup(at.Close)
	s := open(t, func(c *iam.Config) { c.KeysFile, c.KeysURL = "", at.URL()+iamsim.KeysPath+"?of=all" })
	keys = s.sim.Keys()
	return s, at
}

func TestKeysURL_isAskedWhenNeeded(t *testing.T) {
	t.Parallel()
	s, keys := remote(t)
	require.Zero(t, keys.Calls(), "nothing is fetched before the first token")
	s.fails("garbage", fault.Unauthenticated)
	s.fails(s.token(map[string]any{"exp": s.clock.Now().Unix()}), fault.Unauthenticated)
	require.Zero(t, keys.Calls(), "nor for a token that is bad anyway")
	for range 5 {
		s.passes(s.token())
	}
	require.Equal(t, 1, keys.Calls())
	require.Equal(t, "all", keys.Requests()[0].Query.Get("of"))
	require.Empty(t, keys.Requests()[0].Header.Get("Authorization"))
}

func TestKeysURL_anUnknownKeyIsAskedForEveryFewSeconds(t *testing.T) {
	t.Parallel()
	s, keys := remote(t)
	s.passes(s.token())
	s.sim.Rotate(newKey("key-2", issuer.EdDSA))
	young := s.token()
	s.fails(young, fault.Unauthenticated)
	require.Equal(t, 1, keys.Calls(), "just fetched")
	s.clock.Advance(3 * time.Second)
	s.passes(young)
	require.Equal(t, 2, keys.Calls())

	stranger := newKey("nobody's", issuer.EdDSA)
	strange := func() string {
		raw, err := stranger.Token(map[string]any{"sub": "x", "tenant_id": "acme", "iss": iamsim.Issuer, "aud": iamsim.Audience, "exp": s.clock.Now().Add(time.Hour).Unix()}, nil)
		require.NoError(t, err)
		return raw
	}
	s.clock.Advance(3 * time.Second)
	var wg sync.WaitGroup
	for range 100 {
		raw := strange()
		wg.Go(func() {
			if _, err := s.Verify(t.Context(), raw); fault.KindOf(err) != fault.Unauthenticated {
				t.Errorf("Verify = %v", err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 3, keys.Calls(), "a hundred strangers at once cost one fetch")
}

func TestKeysURL_downWithoutKeys(t *testing.T) {
	t.Parallel()
	s, keys := remote(t)
	keys.Break(simulator.ServerError())
	raw := s.token()
	s.fails(raw, fault.Unavailable)
	s.fails(raw, fault.Unavailable)
	require.Equal(t, 1, keys.Calls(), "it is not asked again at once")
	s.fails("garbage", fault.Unauthenticated)
	s.fails(s.token(map[string]any{"aud": "another"}), fault.Unauthenticated)
	for _, f := range []simulator.Fault{simulator.HTML(), simulator.Answer(`{"keys":[]}`), simulator.Truncated(), simulator.Huge(), simulator.Reset()} {
		s.clock.Advance(time.Second)
		keys.Break(f)
		s.fails(raw, fault.Unavailable)
	}
	require.NoError(t, keys.Refuse())
	s.clock.Advance(time.Second)
	s.fails(raw, fault.Unavailable)
	keys.Mend()
	s.clock.Advance(time.Second)
	s.passes(raw)
	require.Zero(t, s.breaker.Status().Failures, "the address of the keys is not the service")
}

func TestKeysURL_downWithKeys(t *testing.T) {
	t.Parallel()
	s, keys := remote(t)
	s.passes(s.token())
	keys.Break(simulator.ServerError())
	s.sim.Rotate(newKey("key-2", issuer.EdDSA))
	s.clock.Advance(time.Hour)
	s.fails(s.token(), fault.Unauthenticated)
	raw, err := first().Token(map[string]any{
		"sub": "dev1", "tenant_id": "acme", "iss": iamsim.Issuer, "aud": iamsim.Audience, "scope": []string{}, "kid": "key-1",
		"iat": s.clock.Now().Unix(), "exp": s.clock.Now().Add(time.Hour).Unix(),
	}, nil)
	require.NoError(t, err)
	require.NoError(t, s.sim.Know(raw))
	s.passes(raw)
}

func TestKeysURL_forgetsAWithdrawnKey(t *testing.T) {
	t.Parallel()
	s, keys := remote(t)
	s.passes(s.token(map[string]any{"exp": s.clock.Now().Add(24 * time.Hour).Unix()}))
	old := s.token(map[string]any{"exp": s.clock.Now().Add(24 * time.Hour).Unix()})
	s.sim.Rotate(newKey("key-2", issuer.EdDSA))
	s.sim.Withdraw()
	s.clock.Advance(10 * time.Minute)
	s.passes(old) // has the keys fetched
	require.Eventually(t, func() bool { return keys.Calls() == 2 }, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool {
		s.clock.Advance(time.Minute) // the yes for the old token is over, whenever it was said
		_, err := s.Verify(t.Context(), old)
		return fault.KindOf(err) == fault.Unauthenticated
	}, 10*time.Second, time.Millisecond)
}
