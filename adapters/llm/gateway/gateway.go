package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/adapters/llm"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	neighbour = "llm"
	prefix    = "/api/v1/llm"

	opChat   = "chat"
	chatPath = prefix + "/chat"

	defaultTimeout    = 3 * time.Second
	defaultGeneration = 2500 * time.Millisecond
	defaultModel      = "default_chat"
	defaultRegion     = "global"
	defaultPrompt     = "mmm_default"

	leastGeneration, mostGeneration = 100 * time.Millisecond, 2 * time.Minute
)

// Config describes the gateway. What is zero has the default it names.
type Config struct {
	// BaseURL is scheme, host, port and an optional path, with or without /api/v1/llm at its end.
	BaseURL string
	// Timeout bounds one request. 3 s.
	Timeout time.Duration
	// Generation is how long the gateway may let the model write, below Timeout. 2.5 s.
	Generation time.Duration
	// Model is the gateway's name for a model. "default_chat".
	Model string
	// Region is that of tenants that have set none. "global".
	Region string
	// ChatPath replaces the path of the one operation, the prefix included.
	ChatPath string
	// Header is sent with every request.
	Header map[string]string
	// Token gives a bearer token; nil sends none, as the gateway asks for none.
	Token func() string
	// Breaker is asked before each request; nil asks nobody.
	Breaker *resilience.Breaker
	// Transport carries the requests; nil: the one of all clients.
	Transport http.RoundTripper
}

// Client implements ports.ContentGenerator. Make one with New; it is safe for concurrent use.
type Client struct {
	config Config
	http   *httpclient.Client
}

// New makes a client. The error names everything in the configuration that cannot work.
func New(config Config) (*Client, error) {
	for _, d := range []struct {
		of    *time.Duration
		usual time.Duration
	}{{&config.Timeout, defaultTimeout}, {&config.Generation, defaultGeneration}} {
		if *d.of == 0 {
			*d.of = d.usual
		}
	}
	for _, d := range []struct {
		of    *string
		usual string
	}{{&config.Model, defaultModel}, {&config.Region, defaultRegion}, {&config.ChatPath, chatPath}} {
		if *d.of == "" {
			*d.of = d.usual
		}
	}
	var errs []error
	if g := config.Generation; g < leastGeneration || g > mostGeneration || g >= config.Timeout {
		errs = append(errs, errors.New("llm: the generation timeout must be at least 100ms and below the timeout"))
	}
	if !strings.HasPrefix(config.ChatPath, "/") {
		errs = append(errs, errors.New("llm: the path of chat must begin with /"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	c, err := httpclient.New(httpclient.Config{
		Name: neighbour, BaseURL: httpclient.Root(config.BaseURL, prefix), Timeout: config.Timeout,
		Header: config.Header, Token: config.Token, Breaker: config.Breaker, Transport: config.Transport,
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the neighbour
	}
	return &Client{config: config, http: c}, nil
}

// Model implements ports.ContentGenerator.
func (c *Client) Model() string { return "gateway/" + c.config.Model }

// Generate implements ports.ContentGenerator.
func (c *Client) Generate(ctx context.Context, p ports.ContentPrompt) (ports.Content, error) {
	body, err := c.request(p)
	if err != nil {
		return ports.Content{}, llm.Failure(errors.Join(ports.ErrNotAsked, err))
	}
	var answer chatAnswer
	if err := c.http.JSON(ctx, httpclient.Call{Op: opChat, Path: c.config.ChatPath, Body: body}, &answer); err != nil {
		return ports.Content{}, llm.Failure(err)
	}
	return contentOf(answer, body.RequestID), nil
}
