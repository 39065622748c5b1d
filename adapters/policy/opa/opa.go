// Package opa makes policy snapshots of a document of an Open Policy Agent. The document, mmm/decision where nothing else is
// configured, is asked for by the data API:
//
//	POST /v1/data/mmm/decision
//	{"input": {"tenant_id": "acme", "environment": "prod"}}
//
// (environment only where it is configured), and answers
//
//	{"result": {"allowed": true, "restrictions": ["multiplier"], "snapshot_id": "2026-11-21", "version_ids": ["mmm@7"]}}
//
// allowed and restrictions must be there; restrictions lists kinds of action (mirror, mentor, multiplier) and may be empty.
// snapshot_id and version_ids may be left out: the snapshot is then named by a digest of what was said. A document that is
// undefined for a tenant, or says a word that is unknown here, is no answer, and never a yes.
package opa

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/adapters/policy/answer"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

const (
	neighbour = "policy"
	data      = "/v1/data"
	health    = "/health"

	defaultTimeout = 500 * time.Millisecond
	defaultPath    = "mmm/decision"
)

// Config describes the agent. What is zero has the default it names.
type Config struct {
	// BaseURL is scheme, host, port and an optional path, with or without /v1/data at its end.
	BaseURL string
	// Timeout bounds one call. 500 ms.
	Timeout time.Duration
	// Path is the document's, with slashes. mmm/decision.
	Path string
	// Environment, if not empty, is part of the input.
	Environment string
	// Header is sent with every call.
	Header map[string]string
	// Token gives the bearer token; nil or an empty one: none is sent.
	Token func() string
	// Breaker is asked before each call; nil asks nobody.
	Breaker *resilience.Breaker
}

// Service asks the agent. It is safe for concurrent use; make one with New.
type Service struct {
	client      *httpclient.Client
	path        string
	environment string
}

// New makes a service. The error says what in the configuration cannot work.
func New(c Config) (*Service, error) {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Path == "" {
		c.Path = defaultPath
	}
	var path strings.Builder
	path.WriteString(data)
	for segment := range strings.SplitSeq(strings.Trim(c.Path, "/"), "/") {
		if segment == "" || segment == "." || segment == ".." {
			return nil, errors.New("policy: the document's path must be names with single slashes between them")
		}
		path.WriteString("/" + url.PathEscape(segment))
	}
	client, err := httpclient.New(httpclient.Config{
		Name: neighbour, BaseURL: httpclient.Root(c.BaseURL, data),
		Timeout: c.Timeout, Header: c.Header, Token: c.Token, Breaker: c.Breaker,
	})
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return &Service{client: client, path: path.String(), environment: c.Environment}, nil
}

// Fetch asks for the document. The agent keeps no answers, so there is nothing to get past and the epoch is not sent. Every error
// is Unavailable; nothing is tried twice.
func (s *Service) Fetch(ctx context.Context, t tenant.ID, _ string) (policy.Snapshot, error) {
	said, err := s.ask(ctx, t)
	if err != nil {
		return policy.Snapshot{}, answer.Unavailable(err)
	}
	snapshot, err := said.snapshot()
	if err != nil {
		return policy.Snapshot{}, answer.Unavailable(err)
	}
	return snapshot, nil
}

func (s *Service) ask(ctx context.Context, t tenant.ID) (document, error) {
	var out document
	err := s.client.JSON(ctx, httpclient.Call{
		Op: "decision", Path: s.path, Body: question{Input: input{TenantID: string(t), Environment: s.environment}},
	}, &out)
	return out, err
}

// Probe asks whether the agent is alive and its document answers as agreed, for a tenant that nobody is: one that is undefined
// for it is in order. Its error names the first field that is not as agreed on; it may be shown to an operator.
func (s *Service) Probe(ctx context.Context) error {
	if err := s.client.JSON(ctx, httpclient.Call{Op: "health", Path: health}, nil); err != nil {
		return jsonfields.Explained(err)
	}
	_, err := s.ask(ctx, "mmm-doctor")
	if f, ok := errors.AsType[*jsonfields.Error](err); ok && *f == *undefined() {
		return nil
	}
	return jsonfields.Explained(err)
}

// snapshot puts what was said into the engine's words. Check has passed.
func (d document) snapshot() (policy.Snapshot, error) {
	kinds, err := kindsOf(*d.Result.Restrictions)
	if err != nil {
		return policy.Snapshot{}, err
	}
	out := policy.Snapshot{
		ID: d.Result.SnapshotID, VersionIDs: append([]string{}, d.Result.VersionIDs...), Restrictions: kinds,
		Allowed: *d.Result.Allowed,
	}
	slices.Sort(out.VersionIDs)
	if out.ID == "" {
		if out.ID, err = answer.Name([]any{out.Allowed, out.Restrictions, out.VersionIDs}); err != nil {
			return policy.Snapshot{}, err
		}
	}
	return out, nil
}
