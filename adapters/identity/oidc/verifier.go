// Package oidc is the identity of an engine beside any OpenID Connect provider. The provider's discovery document says where
// its keys are; tokens are checked here with these keys, and nobody is asked about a single one of them. So a token ends by
// expiring.
//
// Nothing is fetched before the first token. A provider that is down keeps nobody from starting: until its keys are known, a
// token that may be good is answered with unavailable and a bad one with Unauthenticated, and once they are known they serve
// on without it.
//
// The library discovers. Keys are fetched by our own key set, because the library's asks the provider again for every token
// with a bad signature, and its errors do not tell a bad token from a provider that is down.
//
// # Concurrency
//
// A Verifier is safe for concurrent use. Close it to end what still goes on.
package oidc

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/adapters/identity/keyset"
	"github.com/zeroui/mmm-engine/adapters/identity/token"
	"github.com/zeroui/mmm-engine/domain/caller"
)

// trusted is how long a token that has passed is not checked again, so that one of a withdrawn key does not live on here.
const trusted = time.Minute

// Verifier turns a token into the caller it was issued to. Make one with New.
type Verifier struct {
	now    func() time.Time
	reader *token.Reader
	from   *provider
	keys   *keyset.Remote
	recent *token.Memory[caller.Caller]
}

// New makes a verifier. The provider need not be up. The error lists all that is wrong and repeats no address.
func New(cfg Config) (*Verifier, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	from, err := newProvider(cfg)
	if err != nil {
		return nil, err
	}
	keys := keyset.NewRemote(from.fetch, cfg.Now)
	return &Verifier{
		now: cfg.Now, from: from, keys: keys, recent: token.NewMemory[caller.Caller](cfg.Remember),
		reader: token.NewReader(token.Rules{
			Algorithms: []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"},
			Issuer:     cfg.Issuer, Audience: cfg.Audience, Party: cfg.ClientID, Ahead: token.Ahead,
			TenantClaim: cfg.TenantClaim, RolesClaim: cfg.RolesClaim, ScopeClaims: []string{"scope", "scp"},
		}, keys, cfg.Now),
	}, nil
}

// Close ends what still goes on and waits for it.
func (v *Verifier) Close() { v.keys.Close() }

// Probe asks the issuer where its keys are, and for them; it is for a verifier that verifies nothing. The error names the first
// thing that is not as it should be.
func (v *Verifier) Probe(ctx context.Context) error {
	_, err := v.from.fetch(ctx)
	return err
}

// Verify checks a token (without "Bearer") and gives its caller. It is Unauthenticated where the token does not hold, and
// Unavailable (IAM_UNAVAILABLE) where it may hold and the provider's keys cannot be had.
func (v *Verifier) Verify(ctx context.Context, rawToken string) (caller.Caller, error) {
	sum, now := token.DigestOf(rawToken), v.now()
	if who, ok := v.recent.Find(sum, now); ok {
		return who, nil
	}
	who, err := v.reader.Read(ctx, rawToken)
	if err != nil {
		return caller.Caller{}, err
	}
	until := now.Add(trusted)
	if who.ExpiresAt().Before(until) {
		until = who.ExpiresAt()
	}
	v.recent.Keep(sum, who, until)
	return who, nil
}
