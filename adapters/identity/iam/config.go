package iam

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"time"

	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

const (
	neighbour = "iam"
	prefix    = "/iam/v1"

	opVerify = "verify"
)

const (
	defaultTimeout = 2 * time.Second
	// longestYes is how long a yes may count: whoever was revoked is in for that long.
	longestYes = time.Minute
	// noFor is how long a no counts, so that a client that tries and tries costs the service little.
	noFor = 5 * time.Second
	// defaultRemember covers a minute's worth of tokens at the 20 calls a second that the service allows, many times over.
	defaultRemember = 16384
)

// Config describes the service. What is zero has the default it names.
type Config struct {
	// BaseURL is scheme, host, port and an optional path, with or without /iam/v1 at its end.
	BaseURL string
	// Paths replaces the path of the operation verify, the prefix included.
	Paths map[string]string
	// Header is sent with every request.
	Header map[string]string
	// Token gives a bearer token for verifications; nil sends none, as the service asks for none.
	Token func() string
	// ClientID names this replica; the service counts calls by it. It is needed, and has to stay the same.
	ClientID string
	// Timeout bounds a verification, a second attempt included, and a fetch of keys. 2 s.
	Timeout time.Duration
	// VerifyTTL is how long a yes counts, a minute at the most. 60 s.
	VerifyTTL time.Duration
	// KeysFile and KeysURL are where the issuer's key set is; exactly one is needed.
	KeysFile, KeysURL string
	// Issuer and Audience have to be those of the token; an empty one is not checked.
	Issuer, Audience string
	// SubjectTells says that the part of sub before a colon is the tenant.
	SubjectTells bool
	// Remember is how many tokens are remembered. 16384, about 8 MiB.
	Remember int
	// Breaker is asked before each verification; nil asks nobody.
	Breaker *resilience.Breaker
	// Transport carries the requests; nil means the one that all clients share.
	Transport http.RoundTripper
	// Now is the clock that times are judged by; it is needed.
	Now func() time.Time
	// Log is told when a key file cannot be read any more; nil: nobody is.
	Log *slog.Logger
}

func (c Config) complete() (Config, error) {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.VerifyTTL == 0 {
		c.VerifyTTL = longestYes
	}
	if c.Remember == 0 {
		c.Remember = defaultRemember
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("iam: "+format, args...)) }
	if c.VerifyTTL < 0 || c.VerifyTTL > longestYes {
		bad("verify_ttl must be above 0 and at most %s", longestYes)
	}
	if (c.KeysFile == "") == (c.KeysURL == "") {
		bad("needs the issuer's key set: a file or a URL, and not both")
	}
	if c.ClientID == "" {
		bad("needs a client id")
	}
	if c.Now == nil {
		bad("needs a clock")
	}
	paths, err := httpclient.Paths(neighbour, map[string]string{opVerify: prefix + "/verify"}, c.Paths)
	errs = append(errs, err)
	c.Paths = paths
	return c, errors.Join(errs...)
}

func (c Config) client() (*httpclient.Client, error) {
	header := maps.Clone(c.Header)
	if header == nil {
		header = map[string]string{}
	}
	header["X-Client-Id"] = c.ClientID
	return httpclient.New(httpclient.Config{
		Name: neighbour, Timeout: c.Timeout, Header: header, Token: c.Token, Breaker: c.Breaker,
		Transport: c.Transport,
		BaseURL:   httpclient.Root(c.BaseURL, prefix),
	})
}

// keysClient gives a client for the address of the key set, and the query to ask with.
func (c Config) keysClient() (*httpclient.Client, url.Values, error) {
	address, err := url.Parse(c.KeysURL)
	if err != nil {
		return nil, nil, errors.New("iam: the URL of the key set is none")
	}
	query := address.Query()
	address.RawQuery = ""
	client, err := httpclient.New(httpclient.Config{
		Name: neighbour, BaseURL: address.String(), Timeout: c.Timeout, Transport: c.Transport,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("key set: %w", err)
	}
	return client, query, nil
}
