package local_test

import (
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/identity/local"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/identity"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

var _ ports.Identity = (*local.Verifier)(nil)

func TestVerifier_keepsTheContract(t *testing.T) {
	t.Parallel()
	identity.Run(t, func(t *testing.T) identity.Site {
		t.Helper()
		key, err := issuer.NewKey("token-1", issuer.EdDSA)
		require.NoError(t, err)
		clock := identity.Noon()
		known := known{key.KID: key.Public().(ed25519.PublicKey)}
		return identity.Site{
			Identity: local.NewVerifier(known, local.Config{Issuer: "mmm", Audience: "mmm-api"}, clock.Now),
			Key:      key, Issuer: "mmm", Audience: "mmm-api", Clock: clock,
		}
	})
}

// known are token keys that many may ask for at once.
type known map[string]ed25519.PublicKey

func (k known) TokenKey(kid string) (ed25519.PublicKey, bool) {
	key, ok := k[kid]
	return key, ok
}
