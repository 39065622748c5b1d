package oidc

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

const (
	// neighbour is the name of the provider for errors and spans: whoever it is, it plays the part of IAM.
	neighbour      = "iam"
	defaultTimeout = 2 * time.Second
)

// Config describes the provider and the tokens that are meant for us. What is zero has the default it names.
type Config struct {
	// Issuer is the provider's address, exactly as its tokens and its discovery document name it. It is needed.
	Issuer string
	// Audience has to be among those of the token. It is needed: a provider issues tokens for others, too.
	Audience string
	// ClientID has to be the client that the token was issued to (azp, else client_id); empty is not checked.
	ClientID string
	// TenantClaim and RolesClaim are where in a token these are: the name of a claim, or a way through objects with dots such
	// as realm_access.roles. tenant_id and roles.
	TenantClaim, RolesClaim string
	// Timeout bounds a fetch of the provider's keys, with discovery. 2 s.
	Timeout time.Duration
	// Header is sent with every request to the issuer's address.
	Header map[string]string
	// Remember is how many tokens that have passed are remembered. 4096.
	Remember int
	// Breaker is asked before each fetch of keys; nil asks nobody.
	Breaker *resilience.Breaker
	// Transport carries the requests; nil means the one that all clients share.
	Transport http.RoundTripper
	// Now is the clock that times are judged by; it is needed.
	Now func() time.Time
}

func (c Config) complete() (Config, error) {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("oidc: "+format, args...)) }
	if c.Issuer == "" {
		bad("needs an issuer")
	}
	if c.Audience == "" {
		bad("needs an audience")
	}
	if c.Now == nil {
		bad("needs a clock")
	}
	return c, errors.Join(errs...)
}
