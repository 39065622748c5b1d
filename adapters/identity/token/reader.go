package token

import (
	"context"
	"crypto"
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
)

// MaxLength is the greatest length of a token that is looked at at all, in bytes. Real ones have a few hundred.
const MaxLength = 8 << 10

// Ahead is how far the clock of an issuer on another machine may be ahead of ours.
const Ahead = 30 * time.Second

// lastYear is the greatest a date can be written in; numbers beyond it are no times.
const lastYear = 9999

// ErrUnknownKey says that an issuer has no such key.
var ErrUnknownKey = errors.New("unknown key")

// Keys finds the keys of an issuer.
type Keys interface {
	// Key gives the key with this id that may check signatures of this algorithm. ErrUnknownKey where the issuer has none;
	// any other error means that its keys could not be had.
	Key(ctx context.Context, kid, algorithm string) (crypto.PublicKey, error)
}

// Rules say which tokens are meant for us, and where in them to look.
type Rules struct {
	// Algorithms are the names of the signatures that count, as headers spell them. None means no token passes.
	Algorithms []string
	// Issuer and Audience must be those of the token; an empty one is not checked.
	Issuer, Audience string
	// Party must be the client the token was issued to (azp, else client_id); empty is not checked.
	Party string
	// Ahead is how far the issuer's clock may be ahead of ours, for iat and nbf. An expired token is expired at once: one
	// that ends a moment early is renewed, one that lives a moment longer is a hole.
	Ahead time.Duration
	// TenantClaim and RolesClaim are where these are: the name of a claim, or else a way through objects, with dots. Empty
	// means tenant_id and roles.
	TenantClaim, RolesClaim string
	// ScopeClaims are the claims that may hold the scopes; the first that is there counts. None means scope.
	ScopeClaims []string
	// ScopesTell lets a scope tenant:<id> stand in for the claim, and adds a role for every scope role:<name>.
	ScopesTell bool
	// SubjectTells lets the part of sub before its first colon stand in for the claim. The subject stays as it was signed.
	SubjectTells bool
}

// Reader turns tokens into callers by one set of rules.
type Reader struct {
	rules     Rules
	keys      Keys
	now       func() time.Time
	parser    *jwt.Parser
	validator *jwt.Validator
}

// NewReader makes a reader. now is the clock that times are judged by.
func NewReader(rules Rules, keys Keys, now func() time.Time) *Reader {
	if rules.TenantClaim == "" {
		rules.TenantClaim = "tenant_id"
	}
	if rules.RolesClaim == "" {
		rules.RolesClaim = "roles"
	}
	if len(rules.ScopeClaims) == 0 {
		rules.ScopeClaims = []string{"scope"}
	}
	options := []jwt.ParserOption{
		jwt.WithTimeFunc(now), jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithLeeway(rules.Ahead),
	}
	if rules.Issuer != "" {
		options = append(options, jwt.WithIssuer(rules.Issuer))
	}
	if rules.Audience != "" {
		options = append(options, jwt.WithAudience(rules.Audience))
	}
	// An empty, non-nil list: the library takes nil for "any algorithm".
	algorithms := append([]string{}, rules.Algorithms...)
	return &Reader{
		rules: rules, keys: keys, now: now, validator: jwt.NewValidator(options...),
		parser: jwt.NewParser(jwt.WithValidMethods(algorithms), jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation()),
	}
}

// Read checks a token (without "Bearer") and gives its caller. It is Unauthenticated, or the error of Keys where they could
// not be had.
func (r *Reader) Read(ctx context.Context, raw string) (caller.Caller, error) {
	if raw == "" || len(raw) > MaxLength {
		return caller.Caller{}, fault.Unauthenticatedf("the token is empty or too long")
	}
	var (
		claims payload
		who    caller.Caller
		dark   error // why there was no key to be had
	)
	// The library asks for the key once it has taken the token apart and before it checks the signature: the place to judge
	// all the rest. What is found there counts only if the signature holds.
	_, err := r.parser.ParseWithClaims(raw, &claims, func(t *jwt.Token) (any, error) {
		kid, err := judgeHeader(t.Header)
		if err != nil {
			return nil, err
		}
		if who, err = r.judge(&claims); err != nil {
			return nil, err
		}
		key, err := r.keys.Key(ctx, kid, t.Method.Alg())
		if err != nil && !errors.Is(err, ErrUnknownKey) {
			dark = err
		}
		return key, err
	})
	switch {
	case dark != nil:
		return caller.Caller{}, dark
	case err != nil:
		return caller.Caller{}, refusal(err)
	}
	return who, nil
}

var (
	errType     = errors.New("wrong type of token")
	errCritical = errors.New("critical header")
	errParty    = errors.New("another party")
)

// judgeHeader gives the id of the key that the header names; empty where it names none.
func judgeHeader(header map[string]any) (kid string, err error) {
	if typ, _ := header["typ"].(string); typ != "JWT" && typ != "at+jwt" {
		return "", errType
	}
	if _, there := header["crit"]; there { // names extensions that must be understood; we know none
		return "", errCritical
	}
	id, there := header["kid"]
	kid, text := id.(string)
	if there && !text {
		return "", ErrUnknownKey
	}
	return kid, nil
}

// judge is everything about a payload but its signature.
func (r *Reader) judge(p *payload) (caller.Caller, error) {
	if err := r.validator.Validate(p); err != nil {
		return caller.Caller{}, err
	}
	// The validator has allowed the issuer's lead here, too.
	if !r.now().Before(p.ExpiresAt.Time) {
		return caller.Caller{}, jwt.ErrTokenExpired
	}
	if p.ExpiresAt.Year() > lastYear {
		return caller.Caller{}, jwt.ErrTokenMalformed
	}
	if err := r.judgeParty(p); err != nil {
		return caller.Caller{}, err
	}
	return r.principal(p)
}

func (r *Reader) judgeParty(p *payload) error {
	if r.rules.Party == "" {
		return nil
	}
	party, there := p.all["azp"]
	if !there {
		party = p.all["client_id"]
	}
	if name, err := word(party); err != nil || name != r.rules.Party {
		return errParty
	}
	return nil
}

// refusal says in our own words what is wrong with a token. The library's text is dropped: it may quote the token.
func refusal(err error) error {
	if own, ok := errors.AsType[*fault.Error](err); ok {
		return own
	}
	for _, r := range []struct {
		is   error
		says string
	}{
		{errType, "the token is not of type JWT or at+jwt"},
		{errCritical, "the token asks for an extension that is not known here"},
		{errParty, "the token was issued to another client"},
		{ErrUnknownKey, "the token was signed with an unknown key"},
		{jwt.ErrTokenMalformed, "the token is malformed"},
		{jwt.ErrTokenExpired, "the token has expired"},
		{jwt.ErrTokenUsedBeforeIssued, "the token was issued in the future"},
		{jwt.ErrTokenNotValidYet, "the token is not valid yet"},
		{jwt.ErrTokenInvalidIssuer, "the token is from another issuer"},
		{jwt.ErrTokenInvalidAudience, "the token is for another audience"},
		{jwt.ErrTokenRequiredClaimMissing, "the token lacks a claim: exp, or a configured iss or aud"},
		{jwt.ErrTokenSignatureInvalid, "the token's signature is not valid"},
		{jwt.ErrTokenUnverifiable, "the token cannot be verified"},
	} {
		if errors.Is(err, r.is) {
			return fault.Unauthenticatedf("%s", r.says)
		}
	}
	return fault.Unauthenticatedf("the token is not valid")
}

// Unavailable says that nobody can be asked who the caller is. after is how long to wait before asking again; it is kept
// between a second and a minute.
func Unavailable(cause error, after time.Duration) error {
	e := fault.New(fault.Unavailable, fault.CodeIAMUnavailable, "the identity service cannot be asked just now").Because(cause)
	e.RetryAfter = min(max(after, time.Second), time.Minute)
	return e
}

// Abandoned is why a caller stopped waiting for an answer about a token: it went away, or its time was over.
func Abandoned(ctx context.Context) error {
	if err := ctx.Err(); errors.Is(err, context.DeadlineExceeded) {
		return Unavailable(err, 0)
	}
	return ctx.Err()
}
