package alert_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/surfaces/alert/platform"
	"github.com/zeroui/mmm-engine/adapters/surfaces/alert/slack"
	"github.com/zeroui/mmm-engine/adapters/surfaces/alert/webhook"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/test/contract/neighbours"
	"github.com/zeroui/mmm-engine/test/contract/surface"
	"github.com/zeroui/mmm-engine/test/simulator"
)

// line is the n-th line of a text.
func line(text string, n int) string { return strings.Split(text, "\n")[n] }

func TestDispatchers_keepTheContract(t *testing.T) {
	t.Parallel()
	for name, open := range subjects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			surface.Run(t, open)
		})
	}
}

func TestDispatchers_bearWhatEveryNeighbourDoes(t *testing.T) {
	t.Parallel()
	lenient := map[string]map[string]bool{
		"platform": {},
		"slack":    {"text/plain": true}, // which is what it answers with anyway
		// Whatever a receiver says with its 2xx, it has said that it has the message.
		"webhook": {
			"truncated JSON": true, "empty object": true, "empty list": true, "null": true, "page": true, "text/plain": true, "wrong types": true,
		},
	}
	for name, open := range subjects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			neighbours.Run(t, func(t *testing.T) neighbours.Subject {
				t.Helper()
				s := open(t)
				return neighbours.Subject{
					Server: s.Server, Path: s.Path, Breaker: s.Breaker, Timeout: timeout, Lenient: lenient[name],
					Call: func(ctx context.Context) error { return s.Dispatcher.Deliver(ctx, surface.Delivery()) },
				}
			})
		})
	}
}

func TestProbe_tellsWhetherSomebodyListens(t *testing.T) {
	t.Parallel()
	for name, open := range subjects() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t)
			probe, ok := s.Dispatcher.(interface {
				Probe(ctx context.Context) error
			})
			require.True(t, ok)
			require.NoError(t, probe.Probe(t.Context()))
			require.Empty(t, s.Titles(), "a probe tells nobody anything")
			for _, f := range []simulator.Fault{simulator.ServerError(), simulator.Status(http.StatusNotFound, "{}"), simulator.SlowHeaders()} {
				s.Server.Break(f)
				require.Error(t, probe.Probe(t.Context()))
			}
			require.NoError(t, s.Server.Refuse())
			require.Error(t, probe.Probe(t.Context()))
			require.True(t, s.Breaker.Status().LastFailureAt.IsZero(), "to look changes nothing")
		})
	}
}

func TestNew_refusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	const secretPath = "T000-secret"
	for _, address := range []string{
		"", "hooks.example.com/" + secretPath, "ftp://hooks.example.com/" + secretPath, "https://user:" + secretPath + "@hooks.example.com/x",
		"https://hooks.example.com/x#" + secretPath, "https://hooks.example.com/x?" + secretPath + "=%zz", "https:///" + secretPath,
	} {
		_, err := slack.New(slack.Config{URL: address})
		require.Error(t, err, address)
		require.NotContains(t, err.Error(), secretPath)
		_, err = webhook.New(webhook.Config{URL: address, Secret: signKey, Clock: clock.System{}})
		require.Error(t, err, address)
		require.NotContains(t, err.Error(), secretPath)
	}
	for _, secret := range []string{"", "whsec_", "not base64!", "whsec_%%%"} {
		_, err := webhook.New(webhook.Config{URL: "https://hooks.example.com/x", Secret: secret, Clock: clock.System{}})
		require.Error(t, err, secret)
		if secret != "" {
			require.NotContains(t, fmt.Sprint(err), "not base64!")
		}
	}
	for name, c := range map[string]platform.Config{
		"no address": {Secret: func() string { return "s" }, Clock: clock.System{}},
		"no secret":  {BaseURL: "http://alerting", Clock: clock.System{}},
		"no clock":   {BaseURL: "http://alerting", Secret: func() string { return "s" }},
		"a path":     {BaseURL: "http://alerting", Secret: func() string { return "s" }, Clock: clock.System{}, AlertsPath: "alerts"},
	} {
		_, err := platform.New(c)
		require.Error(t, err, name)
	}
	_, err := webhook.New(webhook.Config{URL: "https://hooks.example.com/x", Secret: signKey})
	require.Error(t, err, "no clock")
}
