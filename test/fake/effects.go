package fake

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Policy is a ports.PolicySource that allows everything to a tenant of which it was told nothing else.
type Policy struct {
	Failing
	mu    sync.Mutex
	clock ports.Clock
	said  map[tenant.ID]policy.Snapshot
}

// NewPolicy makes a policy source; its default snapshots are dated by clock.
func NewPolicy(clock ports.Clock) *Policy {
	return &Policy{clock: clock, said: map[tenant.ID]policy.Snapshot{}}
}

// Say makes a tenant's snapshot.
func (p *Policy) Say(t tenant.ID, s policy.Snapshot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said[t] = s
}

// Snapshot implements ports.PolicySource.
func (p *Policy) Snapshot(ctx context.Context, t tenant.ID, _ time.Duration) (policy.Snapshot, error) {
	if err := failed(ctx, &p.Failing); err != nil {
		return policy.Snapshot{}, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s, ok := p.said[t]; ok {
		return s, nil
	}
	return policy.FromSettings(p.clock.Now()), nil
}

// Signer is a ports.ReceiptSigner with a key that is the same in every test. It does not write RFC 8785 form, only sorted
// JSON, which for the texts of tests is the same.
type Signer struct {
	Failing
	key ed25519.PrivateKey
}

// SignerKID names the key of every Signer.
const SignerKID = "fake-1"

// NewSigner makes a signer.
func NewSigner() *Signer {
	seed := sha256.Sum256([]byte("the key of tests"))
	return &Signer{key: ed25519.NewKeyFromSeed(seed[:])}
}

// Public is the key that verifies what the signer signs.
func (s *Signer) Public() ed25519.PublicKey {
	public, _ := s.key.Public().(ed25519.PublicKey)
	return public
}

// Sign implements ports.ReceiptSigner.
func (s *Signer) Sign(ctx context.Context, d receipt.Document) (receipt.Signed, error) {
	if err := failed(ctx, &s.Failing); err != nil {
		return receipt.Signed{}, err
	}
	if !d.Valid() {
		return receipt.Signed{}, fmt.Errorf("sign receipt: the document is empty")
	}
	wire := d.Wire()
	wire["kid"] = SignerKID
	body, err := json.Marshal(wire)
	if err != nil {
		return receipt.Signed{}, fmt.Errorf("sign receipt: %w", err)
	}
	signature := receipt.FormatSignature(SignerKID, ed25519.Sign(s.key, body))
	wire["signature"] = signature
	whole, err := json.Marshal(wire)
	if err != nil {
		return receipt.Signed{}, fmt.Errorf("sign receipt: %w", err)
	}
	return receipt.Seal(d, signature, whole)
}

// Identity is a ports.Identity that knows the tokens it was told.
type Identity struct {
	Failing
	mu    sync.Mutex
	known map[string]caller.Caller
}

// NewIdentity makes an identity that knows nobody.
func NewIdentity() *Identity { return &Identity{known: map[string]caller.Caller{}} }

// Know makes a token valid. Claims without an expiry get one far ahead.
func (i *Identity) Know(token string, c caller.Claims) error {
	if c.ExpiresAt.IsZero() {
		c.ExpiresAt = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	who, err := caller.Verified(c)
	if err != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.known[token] = who
	return nil
}

// Verify implements ports.Identity.
func (i *Identity) Verify(ctx context.Context, token string) (caller.Caller, error) {
	if err := failed(ctx, &i.Failing); err != nil {
		return caller.Caller{}, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	who, ok := i.known[token]
	if !ok {
		return caller.Caller{}, fault.Unauthenticatedf("the token is not known")
	}
	return who, nil
}

// Directory is a ports.Directory. The zero value knows nobody.
type Directory struct {
	mu    sync.Mutex
	known map[actorKey]actor.Actor
}

// Know adds an actor.
func (d *Directory) Know(t tenant.ID, a actor.Actor) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.known == nil {
		d.known = map[actorKey]actor.Actor{}
	}
	d.known[actorKey{t, a.ID}] = a
}

// Lookup implements ports.Directory.
func (d *Directory) Lookup(t tenant.ID, a actor.ID) (actor.Actor, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	found, ok := d.known[actorKey{t, a}]
	return found, ok
}

// failed gives the caller's own end first, and then what the fake was told to fail with.
func failed(ctx context.Context, f *Failing) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return f.next()
}
