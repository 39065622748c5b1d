package goldstandards

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/foreignid"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
	"github.com/zeroui/mmm-engine/infrastructure/outage"
)

// codeUnavailable is the code of a call that gave no usable answer.
const codeUnavailable = "STANDARDS_UNAVAILABLE"

// Service asks the service of gold standards each time. It is safe for concurrent use; make one with New.
type Service struct {
	config  Config
	client  *httpclient.Client
	outage  *outage.Log
	tenants *foreignid.Table[tenant.ID]
}

// New makes a service. The error names everything in the configuration that cannot work.
func New(config Config) (*Service, error) {
	config, err := config.complete()
	client, errClient := config.client()
	if err := errors.Join(err, errClient); err != nil {
		return nil, err
	}
	tenants := foreignid.New(config.TenantUUIDs, func(t tenant.ID) {
		config.Log.Warn("the gold standards service finds no standards of this tenant: it has no UUID in tenant_uuids",
			slog.String("tenant_id", string(t)))
	})
	return &Service{config: config, client: client, outage: outage.New(neighbour, config.Log), tenants: tenants}, nil
}

// Fetch asks what a tenant's standards restrict. Every error is Unavailable, Timeout or the caller's own; nothing is tried twice.
func (s *Service) Fetch(ctx context.Context, t tenant.ID) (policy.Standards, error) {
	said, err := s.ask(ctx, s.tenants.Of(t))
	s.outage.Note(ctx, err)
	if err != nil {
		return policy.Standards{}, translate(ctx, err)
	}
	out, err := said.standards()
	if err != nil {
		return policy.Standards{}, translate(ctx, err)
	}
	return out, nil
}

func (s *Service) ask(ctx context.Context, id string) (list, error) {
	var out list
	err := s.client.JSON(ctx, httpclient.Call{
		Op: opStandards, Path: s.config.path(opStandards, id),
		Query: url.Values{"tenant_id": {id}, "framework": {s.config.Framework}},
	}, &out)
	return out, err
}

// translate puts an error into the engine's words, where it is not in them yet.
func translate(ctx context.Context, err error) error {
	known, ok := errors.AsType[*fault.Error](err)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("gold standards: %w", ctx.Err())
	case ok:
		return known
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Timeout, codeUnavailable, "the gold standards service did not answer in time").Because(err)
	}
	return fault.New(fault.Unavailable, codeUnavailable, "the gold standards service gave no usable answer").Because(err)
}

// Maps reports whether the service can know a tenant's standards: where it has no UUID for it, it silently says that there are none.
func (s *Service) Maps(t tenant.ID) bool { return s.tenants.Knows(t) }

// Probe asks whether the service is alive and answers as agreed. Its error says what does not, and names the first field that is
// not as agreed on; it may be shown to an operator.
func (s *Service) Probe(ctx context.Context) error {
	if err := s.client.JSON(ctx, httpclient.Call{Op: opHealth, Path: s.config.path(opHealth, "")}, nil); err != nil {
		return jsonfields.Explained(err)
	}
	_, err := s.ask(ctx, "mmm-doctor") // no tenant's; what is said of it is not used
	return jsonfields.Explained(err)
}
