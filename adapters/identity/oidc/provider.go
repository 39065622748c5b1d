package oidc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/zeroui/mmm-engine/adapters/identity/keyset"
	"github.com/zeroui/mmm-engine/adapters/identity/token"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

const (
	wellKnown = "/.well-known/openid-configuration"
	// discoveredFor is how long the address of the keys is not asked for again.
	discoveredFor = time.Hour
)

// provider fetches the keys of an issuer. One fetch runs at a time; the key set sees to that.
type provider struct {
	cfg    Config
	client *httpclient.Client

	keys  *httpclient.Client // nil before discovery
	query url.Values         // of the keys' address
	found time.Time
}

func newProvider(cfg Config) (*provider, error) {
	client, err := httpclient.New(httpclient.Config{
		Name: neighbour, BaseURL: strings.TrimSuffix(cfg.Issuer, "/"), Timeout: cfg.Timeout, Header: cfg.Header,
		Transport: cfg.Transport,
	})
	if err != nil {
		return nil, fmt.Errorf("oidc: issuer: %w", err)
	}
	return &provider{cfg: cfg, client: client}, nil
}

// fetch gets the present keys, if the breaker lets it. Both requests are one call to the breaker: a discovery that succeeds
// would otherwise make up for keys that fail, time after time.
func (p *provider) fetch(ctx context.Context) (keyset.Set, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	set, err := resilience.Do(ctx, p.cfg.Breaker, p.get)
	if open, ok := errors.AsType[*resilience.OpenError](err); ok {
		return keyset.Set{}, token.Unavailable(err, open.RetryAfter)
	}
	return set, err
}

// get asks the provider. After a failure the next one asks again where the keys are.
func (p *provider) get(ctx context.Context) (set keyset.Set, err error) {
	if p.keys == nil || p.cfg.Now().Sub(p.found) >= discoveredFor {
		if err := p.discover(ctx); err != nil {
			p.keys = nil
			return keyset.Set{}, err
		}
	}
	err = p.keys.Do(ctx, httpclient.Call{Op: "keys", Query: p.query}, func(r httpclient.Response) error {
		set, err = keyset.Parse(r.Body)
		return err
	})
	if err != nil {
		p.keys = nil
	}
	return set, err
}

// discover finds out where the keys are. The library judges the document inside the call, so that a document it cannot use
// is the provider's failure like any other.
func (p *provider) discover(ctx context.Context) error {
	return p.client.Do(ctx, httpclient.Call{Op: "discovery", Path: wellKnown}, func(r httpclient.Response) error {
		known, err := oidc.NewProvider(oidc.ClientContext(ctx, &http.Client{Transport: answered{r}}), p.cfg.Issuer)
		if err != nil {
			return err
		}
		var document struct {
			Keys string `json:"jwks_uri"`
		}
		if err := known.Claims(&document); err != nil {
			return err
		}
		return p.point(document.Keys)
	})
}

// point sets the address of the keys. An issuer that is reached safely must not send us elsewhere without that safety.
func (p *provider) point(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("the address of the keys is none")
	}
	if strings.HasPrefix(p.cfg.Issuer, "https:") && u.Scheme != "https" {
		return errors.New("the address of the keys is not https")
	}
	query := u.Query()
	u.RawQuery = ""
	// The issuer's headers stay with the issuer: the keys may be at another host.
	client, err := httpclient.New(httpclient.Config{
		Name: neighbour, BaseURL: u.String(), Timeout: p.cfg.Timeout, Transport: p.cfg.Transport,
	})
	if err != nil {
		return err
	}
	p.keys, p.query, p.found = client, query, p.cfg.Now()
	return nil
}

// answered hands the library an answer that is there already.
type answered struct{ r httpclient.Response }

// RoundTrip implements http.RoundTripper.
func (a answered) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: req,
		Header: a.r.Header, Body: io.NopCloser(bytes.NewReader(a.r.Body)), ContentLength: int64(len(a.r.Body)),
	}, nil
}
