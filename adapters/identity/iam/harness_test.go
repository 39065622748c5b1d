package iam_test

import (
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/adapters/identity/iam"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/test/contract/identity"
	"github.com/zeroui/mmm-engine/test/simulator"
	iamsim "github.com/zeroui/mmm-engine/test/simulator/iam"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		httpclient.CloseIdle()
		os.Exit(code)
	}))
}

// first is the service's first key. Making an RSA key takes long, so all tests share one.
var first = sync.OnceValue(func() issuer.Key { return newKey("key-1", issuer.RS256) })

func newKey(kid, algorithm string) issuer.Key {
	key, err := issuer.NewKey(kid, algorithm)
	if err != nil {
		panic(err)
	}
	return key
}

// site is a verifier with a service to ask.
type site struct {
	*iam.Verifier
	t       *testing.T
	sim     *iamsim.IAM
	server  *simulator.Server
	breaker *resilience.Breaker
	clock   *identity.Clock
	keys    string // the file of the key set

	mu   sync.Mutex
	gate chan struct{} // calls wait for it; nil lets them through
	// arrived hears of a call at the gate.
	arrived func()
}

// hold makes the service wait with its answers. arrived is closed when the first call is there.
func (s *site) hold() (arrived <-chan struct{}, release func()) {
	gate, first := make(chan struct{}), make(chan struct{})
	s.mu.Lock()
	s.gate, s.arrived = gate, sync.OnceFunc(func() { close(first) })
	s.mu.Unlock()
	release = sync.OnceFunc(func() {
		s.mu.Lock()
		s.gate = nil
		s.mu.Unlock()
		close(gate)
	})
	s.t.Cleanup(release)
	return first, release
}

// ServeHTTP answers as the service does, once it may.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	gate, arrived := s.gate, s.arrived
	s.mu.Unlock()
	if gate != nil {
		arrived()
		select {
		case <-gate:
		case <-r.Context().Done():
			return
		}
	}
	s.sim.ServeHTTP(w, r)
}

type change = func(*iam.Config)

func open(t *testing.T, changes ...change) *site {
	t.Helper()
	return openWith(t, first(), changes...)
}

func openWith(t *testing.T, key issuer.Key, changes ...change) *site {
	t.Helper()
	s := &site{t: t, sim: iamsim.New(key), clock: identity.Noon(), keys: filepath.Join(t.TempDir(), "jwks.json")}
	s.sim.Clock(s.clock.Now)
	s.publish()
	var err error
	s.server, err = simulator.Start("iam", s)
	require.NoError(t, err)
	t.Cleanup(s.server.Close)
	breakers, err := resilience.NewManager([]string{"iam"}, resilience.Thresholds{Failures: 5, Successes: 2, Delay: time.Minute}, nil, s.clock.Now)
	require.NoError(t, err)
	s.breaker, err = breakers.Breaker("iam")
	require.NoError(t, err)
	cfg := iam.Config{
		BaseURL: s.server.URL(), ClientID: "replica-1", KeysFile: s.keys, Breaker: s.breaker, Now: s.clock.Now,
		Issuer: iamsim.Issuer, Audience: iamsim.Audience, Timeout: 5 * time.Second,
	}
	for _, f := range changes {
		f(&cfg)
	}
	s.Verifier, err = iam.New(cfg)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// publish writes the service's key set to the file, as a whole.
func (s *site) publish() {
	s.t.Helper()
	text, err := s.sim.JWKS()
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(s.keys+".new", text, 0o600))
	require.NoError(s.t, os.Rename(s.keys+".new", s.keys))
}

// token is one of the service's own that passes, changed.
func (s *site) token(changes ...map[string]any) string {
	s.t.Helper()
	claims := map[string]any{"sub": "dev1", "tenant_id": "acme", "scope": []string{"mmm.decide"}, "roles": []string{"backend"}}
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
		require.LessOrEqual(s.t, f.RetryAfter, time.Minute)
	}
	return f.RetryAfter
}

// calls is how often the service was asked about a token.
func (s *site) calls() int { return s.server.Calls(iamsim.VerifyPath) }
