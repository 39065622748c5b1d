package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/zeroui/mmm-engine/domain/action"
	domainactor "github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	opHealth   = "health"
	opDryRun   = "policy dry-run"
	healthPath = "/health"
	dryRunPath = prefix + "/policy/dry-run"

	// probeName stands where a request names tenant, actor and snapshot; it is nobody's.
	probeName = "mmm-doctor"
)

// verdicts are the words of a dry run. Each is an answer as agreed, a refusal too.
var verdicts = map[string]bool{"ALLOW": true, "BLOCK": true, "REQUIRE_SANITISATION": true, "REQUIRE_REDACTION": true}

// Probe asks whether the gateway lives and, with a dry run of its policy, whether it would take our requests; a gateway without
// dry runs is not asked that. It asks no model, because that costs. Its error names the first thing that is not as it should be
// and repeats nothing that the gateway said.
func (c *Client) Probe(ctx context.Context) error {
	if err := c.http.Do(ctx, httpclient.Call{Op: opHealth, Path: healthPath}, nil); err != nil {
		return problem(opHealth, err)
	}
	body, err := c.request(ports.ContentPrompt{
		ID: probeName, Tenant: probeName, Kind: intervention.Mentor, ActorRef: probeName, ActorType: domainactor.Automation,
		PolicySnapshotID: probeName, Wish: "Say it kindly.", Texts: []action.Fact{{Name: "body", Value: "All is well."}},
	})
	if err != nil {
		return err
	}
	err = c.http.JSON(ctx, httpclient.Call{Op: opDryRun, Path: dryRunPath, Body: body}, &dryRunAnswer{})
	if e, ok := errors.AsType[*httpclient.Error](err); ok && e.Status == http.StatusNotFound {
		return nil
	}
	return problem(opDryRun, err)
}

func problem(op string, err error) error {
	if text := jsonfields.Explain(err); text != "" {
		return fmt.Errorf("%s %s: %s", neighbour, op, text)
	}
	return err
}

type dryRunAnswer jsonfields.Object

// Check implements the client's check of an answer.
func (a dryRunAnswer) Check() error {
	_, err := jsonfields.Word(jsonfields.Object(a), "decision", verdicts)
	return err //nolint:wrapcheck // it names the field
}
