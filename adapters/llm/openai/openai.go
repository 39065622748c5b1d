package openai

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/adapters/llm"
	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	neighbour = "llm"
	prefix    = "/v1"

	opChat   = "chat"
	opModels = "models"

	defaultTimeout = 3 * time.Second
	maxTokens      = 512
)

// Config describes the endpoint. What is zero has the default it names.
type Config struct {
	// BaseURL is scheme, host, port and an optional path, with or without /v1 at its end.
	BaseURL string
	// Model is the endpoint's name for a model; it is needed.
	Model string
	// Token gives the bearer token; nil sends none.
	Token func() string
	// Timeout bounds one request. 3 s.
	Timeout time.Duration
	// ChatPath replaces the path of the one operation behind BaseURL and /v1. "/chat/completions".
	ChatPath string
	// Header is sent with every request.
	Header map[string]string
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

// New makes a client. The error names what in the configuration cannot work.
func New(config Config) (*Client, error) {
	if config.Timeout == 0 {
		config.Timeout = defaultTimeout
	}
	if config.ChatPath == "" {
		config.ChatPath = "/chat/completions"
	}
	var errs []error
	if strings.TrimSpace(config.Model) == "" {
		errs = append(errs, errors.New("llm: needs the name of a model"))
	}
	if !strings.HasPrefix(config.ChatPath, "/") {
		errs = append(errs, errors.New("llm: the path of chat must begin with /"))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	c, err := httpclient.New(httpclient.Config{
		Name: neighbour, BaseURL: config.BaseURL, Prefix: prefix, Timeout: config.Timeout, Header: config.Header, Token: config.Token,
		Breaker: config.Breaker, Transport: config.Transport,
	})
	if err != nil {
		return nil, err //nolint:wrapcheck // it names the neighbour
	}
	return &Client{config: config, http: c}, nil
}

// Model implements ports.ContentGenerator.
func (c *Client) Model() string { return "openai/" + c.config.Model }

// Generate implements ports.ContentGenerator.
func (c *Client) Generate(ctx context.Context, p ports.ContentPrompt) (ports.Content, error) {
	user, err := llm.User(p)
	if err != nil {
		return ports.Content{}, llm.Failure(errors.Join(ports.ErrNotAsked, err))
	}
	var answer chatAnswer
	err = c.http.JSON(ctx, httpclient.Call{Op: opChat, Path: c.config.ChatPath, Body: chatRequest{
		Model: c.config.Model, MaxTokens: maxTokens,
		Messages: []message{{Role: "system", Content: llm.System(p)}, {Role: "user", Content: user}},
	}}, &answer)
	if err != nil {
		return ports.Content{}, llm.Failure(err)
	}
	return contentOf(answer), nil
}

// Probe asks for the list of models, which costs nothing. The error names neighbour and operation.
func (c *Client) Probe(ctx context.Context) error {
	return c.http.JSON(ctx, httpclient.Call{Op: opModels, Path: "/models"}, nil) //nolint:wrapcheck // it names neighbour and operation
}

// contentOf gives the text with the built-in verdict on it. A text that did not come to its own end is not shown, whatever stands
// in it: it was cut off, filtered, or wants to call a tool.
func contentOf(a chatAnswer) ports.Content {
	first := a.Choices[0]
	text := ""
	if first.Message.Content != nil {
		text = strings.TrimSpace(*first.Message.Content)
	}
	verdicts := []safety.Verdict{safety.Inspect(text)}
	if first.FinishReason != "stop" {
		verdicts = append(verdicts, safety.Flagged(safety.Incomplete))
	}
	if first.Message.Refusal != nil && *first.Message.Refusal != "" {
		verdicts = append(verdicts, safety.Flagged(safety.Blocked))
	}
	if text == "" {
		verdicts = append(verdicts, safety.Flagged(safety.Empty))
	}
	v := safety.Worst(verdicts...)
	if v.Result == safety.Fail {
		text = ""
	}
	return ports.Content{Text: text, Verdict: v}
}
