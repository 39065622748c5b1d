package local

import (
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
)

// maxToken is the greatest length of a token that is looked at at all. Ours have a few hundred bytes.
const maxToken = 8 << 10

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
	keys   Keys
	now    func() time.Time
	parser *jwt.Parser
	recent *recent
}

// NewVerifier makes a verifier. now is the clock that expiry is judged by.
func NewVerifier(keys Keys, cfg Config, now func() time.Time) *Verifier {
	options := []jwt.ParserOption{
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
		jwt.WithTimeFunc(now), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(),
	}
	if cfg.Issuer != "" {
		options = append(options, jwt.WithIssuer(cfg.Issuer))
	}
	if cfg.Audience != "" {
		options = append(options, jwt.WithAudience(cfg.Audience))
	}
	return &Verifier{keys: keys, now: now, parser: jwt.NewParser(options...), recent: newRecent(cfg.Remember)}
}

// Verify checks a token (without "Bearer") and gives its caller. Every failure is fault.Unauthenticated: there is nobody to
// ask who could be down. The context is not used; other identities need it.
func (v *Verifier) Verify(_ context.Context, rawToken string) (caller.Caller, error) {
	if rawToken == "" || len(rawToken) > maxToken {
		return caller.Caller{}, fault.Unauthenticatedf("the token is empty or too long")
	}
	now := v.now()
	sum := digest(rawToken)
	if c, ok := v.recent.find(sum, now); ok {
		return c, nil
	}
	var claims wireClaims
	if _, err := v.parser.ParseWithClaims(rawToken, &claims, v.key); err != nil {
		return caller.Caller{}, refusal(err)
	}
	c, err := claims.principal()
	if err != nil {
		return caller.Caller{}, err
	}
	v.recent.keep(sum, c, now)
	return c, nil
}

var (
	errType     = errors.New("wrong type of token")
	errCritical = errors.New("critical header")
	errKey      = errors.New("unknown key")
)

// key judges the header and finds the key it names.
func (v *Verifier) key(token *jwt.Token) (any, error) {
	if typ, _ := token.Header["typ"].(string); typ != "JWT" && typ != "at+jwt" {
		return nil, errType
	}
	if _, there := token.Header["crit"]; there { // names extensions that must be understood; we know none
		return nil, errCritical
	}
	kid, _ := token.Header["kid"].(string)
	key, ok := v.keys.TokenKey(kid)
	if !ok {
		return nil, errKey
	}
	return key, nil
}

// refusal says in our own words what is wrong with a token. The library's text is dropped: it may quote the token.
func refusal(err error) error {
	for _, r := range []struct {
		is   error
		says string
	}{
		{errType, "the token is not of type JWT or at+jwt"},
		{errCritical, "the token asks for an extension that is not known here"},
		{errKey, "the token was signed with an unknown key"},
		{jwt.ErrTokenMalformed, "the token is malformed"},
		{jwt.ErrTokenSignatureInvalid, "the token's signature is not valid"},
		{jwt.ErrTokenUnverifiable, "the token cannot be verified"},
		{jwt.ErrTokenExpired, "the token has expired"},
		{jwt.ErrTokenUsedBeforeIssued, "the token was issued in the future"},
		{jwt.ErrTokenNotValidYet, "the token is not valid yet"},
		{jwt.ErrTokenInvalidIssuer, "the token is from another issuer"},
		{jwt.ErrTokenInvalidAudience, "the token is for another audience"},
		{jwt.ErrTokenRequiredClaimMissing, "the token lacks a claim: exp, or a configured iss or aud"},
	} {
		if errors.Is(err, r.is) {
			return fault.Unauthenticatedf("%s", r.says)
		}
	}
	return fault.Unauthenticatedf("the token is not valid")
}
