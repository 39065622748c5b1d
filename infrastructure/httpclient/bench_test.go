package httpclient_test

import (
	"testing"
	"time"

	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

// BenchmarkDo is what the client itself costs: all of a call but the network.
func BenchmarkDo(b *testing.B) {
	m, err := resilience.NewManager([]string{"iam"}, resilience.Thresholds{Failures: 5, Successes: 2, Delay: time.Minute}, nil, clock.System{}.Now)
	if err != nil {
		b.Fatal(err)
	}
	breaker, err := m.Breaker("iam")
	if err != nil {
		b.Fatal(err)
	}
	for name, config := range map[string]httpclient.Config{"breaker": {Breaker: breaker}, "bare": {}} {
		b.Run(name, func(b *testing.B) {
			config.Name, config.BaseURL, config.Timeout = "iam", "http://iam.test/iam/v1", time.Second
			config.Transport = canned{200, `{"id":"a","size":3}`}
			c, err := httpclient.New(config)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				var out profile
				if err := c.JSON(b.Context(), httpclient.Call{Op: "verify", Path: "/verify", Body: profile{ID: "a"}}, &out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
