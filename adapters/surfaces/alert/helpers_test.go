package alert_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/adapters/surfaces/alert"
	"github.com/zeroui/mmm-engine/adapters/surfaces/alert/platform"
	"github.com/zeroui/mmm-engine/adapters/surfaces/alert/slack"
	"github.com/zeroui/mmm-engine/adapters/surfaces/alert/webhook"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/surface"
	"github.com/zeroui/mmm-engine/test/simulator/alerting"
	receiver "github.com/zeroui/mmm-engine/test/simulator/webhook"
)

// tidy closes the connections that are kept for a next call, which there is not.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer httpclient.CloseIdle()
	defer http.DefaultClient.CloseIdleConnections()
	return m.M.Run()
}

// The store's library keeps a goroutine for each database that it does not end.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(tidy{m}, goleak.IgnoreTopFunction("gorm.io/gorm/internal/lru.NewLRU[...].func1"))
}

const (
	jwtSecret = "the secret of tests, which is long enough"
	signKey   = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	timeout   = 200 * time.Millisecond
)

var (
	_ ports.SurfaceDispatcher = (*platform.Dispatcher)(nil)
	_ ports.SurfaceDispatcher = (*slack.Dispatcher)(nil)
	_ ports.SurfaceDispatcher = (*webhook.Dispatcher)(nil)
)

func breaker(t *testing.T) *resilience.Breaker {
	t.Helper()
	m, err := resilience.NewManager([]string{alert.Neighbour}, resilience.Thresholds{Failures: 5, Successes: 2, Delay: time.Minute}, nil, time.Now)
	require.NoError(t, err)
	b, err := m.Breaker(alert.Neighbour)
	require.NoError(t, err)
	return b
}

func service(t *testing.T) *alerting.Simulator {
	t.Helper()
	s, err := alerting.Start(jwtSecret, time.Now)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func hooks(t *testing.T) *receiver.Simulator {
	t.Helper()
	s, err := receiver.Start(signKey, time.Now)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func onPlatform(t *testing.T, s *alerting.Simulator, change ...func(*platform.Config)) *platform.Dispatcher {
	t.Helper()
	c := platform.Config{
		BaseURL: s.URL(), Secret: func() string { return jwtSecret }, Timeout: timeout, Clock: clock.System{},
	}
	for _, f := range change {
		f(&c)
	}
	d, err := platform.New(c)
	require.NoError(t, err)
	return d
}

// subjects are all ways to the alert surface.
func subjects() map[string]func(t *testing.T) surface.Subject {
	return map[string]func(t *testing.T) surface.Subject{
		"platform": func(t *testing.T) surface.Subject {
			t.Helper()
			s, b := service(t), breaker(t)
			return surface.Subject{
				Dispatcher: onPlatform(t, s, func(c *platform.Config) { c.Breaker = b }), Server: s.Server, Path: alerting.Alerts, Breaker: b,
				Titles: func() (out []string) {
					for _, a := range s.Kept() {
						title, _ := a.Body["summary"].(string)
						out = append(out, title)
					}
					return out
				},
			}
		},
		"slack": func(t *testing.T) surface.Subject {
			t.Helper()
			s, b := hooks(t), breaker(t)
			d, err := slack.New(slack.Config{URL: s.URL() + receiver.Chat, Timeout: timeout, Breaker: b})
			require.NoError(t, err)
			return surface.Subject{
				Dispatcher: d, Server: s.Server, Path: receiver.Chat, Breaker: b,
				Titles: func() (out []string) {
					for _, p := range s.Shown() {
						out = append(out, line(p.Shown, 1))
					}
					return out
				},
			}
		},
		"webhook": func(t *testing.T) surface.Subject {
			t.Helper()
			s, b := hooks(t), breaker(t)
			d, err := webhook.New(webhook.Config{URL: s.URL() + receiver.Hook, Secret: signKey, Timeout: timeout, Breaker: b, Clock: clock.System{}})
			require.NoError(t, err)
			return surface.Subject{
				Dispatcher: d, Server: s.Server, Path: receiver.Hook, Breaker: b, Recognises: true,
				Titles: func() (out []string) {
					for _, m := range s.Taken() {
						payload, _ := m.Body["payload"].(map[string]any)
						title, _ := payload["title"].(string)
						out = append(out, title)
					}
					return out
				},
			}
		},
	}
}
