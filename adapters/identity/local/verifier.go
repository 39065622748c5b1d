package local

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"time"

	"github.com/zeroui/mmm-engine/adapters/identity/token"
	"github.com/zeroui/mmm-engine/domain/caller"
)

// Keys finds the public halves of the token-signing keys.
type Keys interface {
	// TokenKey gives the key with this id, current or past; false where there is none, or where it has another use.
	TokenKey(kid string) (ed25519.PublicKey, bool)
}

// Config says which tokens are meant for us. An empty Issuer or Audience is not checked.
type Config struct {
	Issuer   string
	Audience string
	// Remember is how many verified tokens are remembered; 0 means 4096, about 1 MiB.
	Remember int
}

// Verifier turns a token into the caller it was issued to.
type Verifier struct {
	now    func() time.Time
	reader *token.Reader
	// recent holds the callers of tokens that have passed, because checking a signature costs more than the rest of a cheap
	// request.
	recent *token.Memory[caller.Caller]
}

// NewVerifier makes a verifier. now is the clock that expiry is judged by.
func NewVerifier(keys Keys, cfg Config, now func() time.Time) *Verifier {
	rules := token.Rules{Algorithms: []string{"EdDSA"}, Issuer: cfg.Issuer, Audience: cfg.Audience}
	return &Verifier{
		now: now, reader: token.NewReader(rules, ring{keys}, now), recent: token.NewMemory[caller.Caller](cfg.Remember),
	}
}

// Verify checks a token (without "Bearer") and gives its caller. Every failure is fault.Unauthenticated: there is nobody to
// ask who could be down.
func (v *Verifier) Verify(ctx context.Context, rawToken string) (caller.Caller, error) {
	sum := token.DigestOf(rawToken)
	if c, ok := v.recent.Find(sum, v.now()); ok {
		return c, nil
	}
	c, err := v.reader.Read(ctx, rawToken)
	if err != nil {
		return caller.Caller{}, err
	}
	v.recent.Keep(sum, c, c.ExpiresAt())
	return c, nil
}

// ring gives out our own keys. There is one algorithm, so a key suits it or is none of ours.
type ring struct{ keys Keys }

// Key implements token.Keys.
func (r ring) Key(_ context.Context, kid, _ string) (crypto.PublicKey, error) {
	key, ok := r.keys.TokenKey(kid)
	if !ok {
		return nil, token.ErrUnknownKey
	}
	return key, nil
}
