package iam_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/identity/iam"
	"github.com/zeroui/mmm-engine/adapters/identity/token"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/identity"
	"github.com/zeroui/mmm-engine/test/contract/neighbours"
	"github.com/zeroui/mmm-engine/test/simulator"
	iamsim "github.com/zeroui/mmm-engine/test/simulator/iam"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

var _ ports.Identity = (*iam.Verifier)(nil)

func TestVerifier_keepsTheContract(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{issuer.RS256, issuer.ES256, issuer.EdDSA} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			identity.Run(t, func(t *testing.T) identity.Site {
				t.Helper()
				key := first()
				if algorithm != issuer.RS256 {
					key = newKey("key-1", algorithm)
				}
				s := openWith(t, key)
				s.sim.Limited(false)
				s.sim.TakesScopeText(true) // the real one refuses these; that has a test of its own
				return identity.Site{
					Identity: s, Key: key, Issuer: iamsim.Issuer, Audience: iamsim.Audience, Clock: s.clock, Lead: token.Ahead,
					// The service believes every token that looks like one, forged ones included.
					Tell: func(raw string) { _ = s.sim.Know(raw) },
				}
			})
		})
	}
}

func TestVerifier_keepsToTheTableOfFaults(t *testing.T) {
	t.Parallel()
	neighbours.Run(t, func(t *testing.T) neighbours.Subject {
		t.Helper()
		const timeout = 300 * time.Millisecond
		s := open(t, func(c *iam.Config) { c.Timeout = timeout })
		return neighbours.Subject{
			Server: s.server, Path: iamsim.VerifyPath, Breaker: s.breaker, Timeout: timeout,
			Call: func(ctx context.Context) error {
				_, err := s.Verify(ctx, s.token()) // a token nobody has seen
				return err
			},
			Attempts: map[string]int{"reset in mid-body": 2, neighbours.Refused: 2},
		}
	})
}

func TestVerifier_aBrokenConnectionIsTriedTwice(t *testing.T) {
	t.Parallel()
	s := open(t)
	raw := s.token()
	s.server.BreakNext(1, simulator.Reset(), iamsim.VerifyPath)
	s.passes(raw)
	require.Equal(t, 2, s.calls())
	require.Zero(t, s.breaker.Status().Failures, "the second attempt succeeded")
}
