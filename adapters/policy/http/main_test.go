package http_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/adapters/policy/http"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	policysim "github.com/zeroui/mmm-engine/test/simulator/policy"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		httpclient.CloseIdle()
		if code != 0 {
			panic("the tests failed")
		}
	}))
}

const (
	acme tenant.ID = "acme"
	// acmeUUID is under what the service knows acme.
	acmeUUID = "3f0c8d5e-8a55-4c39-9a53-0d3a2f1b6c01"
)

func simulator(t *testing.T) *policysim.Simulator {
	t.Helper()
	s, err := policysim.Start()
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// service makes one that waits for as long as a busy machine takes.
func service(t *testing.T, s *policysim.Simulator, change ...func(*http.Config)) *http.Service {
	t.Helper()
	c := http.Config{BaseURL: s.URL(), Timeout: 10 * time.Second, TenantUUIDs: map[tenant.ID]string{acme: acmeUUID}}
	for _, f := range change {
		f(&c)
	}
	out, err := http.New(c)
	require.NoError(t, err)
	return out
}

func breaker(t *testing.T, delay time.Duration) *resilience.Breaker {
	t.Helper()
	m, err := resilience.NewManager([]string{"policy"}, resilience.Thresholds{Failures: 5, Successes: 2, Delay: delay}, nil, time.Now)
	require.NoError(t, err)
	b, err := m.Breaker("policy")
	require.NoError(t, err)
	return b
}
