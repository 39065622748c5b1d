package local

import (
	"crypto"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/zeroui/mmm-engine/adapters/identity/token"
	"github.com/zeroui/mmm-engine/domain/caller"
)

// What a minted token says of issuer and audience where nothing is configured.
const (
	DefaultIssuer   = "mmm"
	DefaultAudience = "mmm-api"
)

// DefaultTTL is how long a token lives if its maker does not say; MaxTTL is the longest.
const (
	DefaultTTL = 12 * time.Hour
	MaxTTL     = 366 * 24 * time.Hour
)

// Signer is a token-signing key with its name.
type Signer interface {
	crypto.Signer
	KID() string
}

// Minter issues tokens that a Verifier with the same keys and configuration accepts.
type Minter struct {
	key Signer
	cfg Config
	now func() time.Time
}

// NewMinter makes a minter. Empty fields of cfg take the defaults.
func NewMinter(key Signer, cfg Config, now func() time.Time) *Minter {
	if cfg.Issuer == "" {
		cfg.Issuer = DefaultIssuer
	}
	if cfg.Audience == "" {
		cfg.Audience = DefaultAudience
	}
	return &Minter{key: key, cfg: cfg, now: now}
}

// mintedClaims is the payload of a token as it is written. The scope is an array, the form that other services accept, too.
type mintedClaims struct {
	jwt.RegisteredClaims

	TenantID  string   `json:"tenant_id"`
	ActorType string   `json:"actor_type,omitempty"`
	Roles     []string `json:"roles"`
	Scope     []string `json:"scope"`
}

// Mint issues a token for the claims, valid from now for ttl (whole seconds, more than zero, at most MaxTTL). ExpiresAt of
// the claims is not used. Claims that Verify would refuse, and empty roles or scopes, are refused here.
func (m *Minter) Mint(c caller.Claims, ttl time.Duration) (raw string, expires time.Time, err error) {
	if ttl < time.Second || ttl > MaxTTL {
		return "", time.Time{}, fmt.Errorf("mint token: ttl must be from 1s to %s", MaxTTL)
	}
	now := m.now().Truncate(time.Second)
	c.ExpiresAt = now.Add(ttl.Truncate(time.Second))
	if _, err := caller.Verified(c); err != nil {
		return "", time.Time{}, fmt.Errorf("mint token: %w", err)
	}
	if err := sound(c.Roles, "role"); err != nil {
		return "", time.Time{}, err
	}
	if err := sound(c.Scopes, "scope"); err != nil {
		return "", time.Time{}, err
	}
	t := jwt.NewWithClaims(jwt.SigningMethodEdDSA, mintedClaims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer: m.cfg.Issuer, Audience: jwt.ClaimStrings{m.cfg.Audience}, Subject: string(c.Subject),
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(c.ExpiresAt),
		},
		TenantID: string(c.Tenant), ActorType: string(c.ActorType),
		Roles: append([]string{}, c.Roles...), Scope: append([]string{}, c.Scopes...),
	})
	t.Header["kid"] = m.key.KID()
	raw, err = t.SignedString(m.key)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("mint token: %w", err)
	}
	if len(raw) > token.MaxLength {
		return "", time.Time{}, errors.New("mint token: too many roles and scopes")
	}
	return raw, c.ExpiresAt, nil
}

func sound(words []string, what string) error {
	for _, w := range words {
		if w == "" || strings.ContainsAny(w, " \t\r\n") {
			return fmt.Errorf("mint token: a %s is empty or holds white space", what)
		}
	}
	return nil
}
