package eris

import (
	"context"
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
)

// probeTenant is nobody's; the service has no receipts of it.
const probeTenant = "mmm-doctor"

// Probe asks whether the service lives and, with a search that finds nothing, whether it knows our token and answers as agreed. Its
// error names the first thing that is not as it should be and repeats nothing that the service said; it may be shown to an
// operator. It writes nothing.
func (s *Sender) Probe(ctx context.Context) error {
	if err := s.client.Do(ctx, httpclient.Call{Op: "health", Path: healthPath}, nil); err != nil {
		return err //nolint:wrapcheck // it names neighbour and operation
	}
	now := s.config.Now()
	var found searchAnswer
	err := s.client.JSON(ctx, httpclient.Call{Op: opSearch, Path: s.config.path(opSearch, probeTenant), Body: map[string]any{
		"tenant_id": probeTenant, "limit": 1,
		"from_timestamp": httpclient.Timestamp(now.Add(-time.Second)), "to_timestamp": httpclient.Timestamp(now),
	}}, &found)
	if problem := jsonfields.Explain(err); problem != "" {
		return fmt.Errorf("%s %s: %s", neighbour, opSearch, problem)
	}
	return err
}

type searchAnswer jsonfields.Object

// Check implements the client's check of an answer.
func (a searchAnswer) Check() error { return jsonfields.Object(a).Has("receipts", "next_cursor") }
