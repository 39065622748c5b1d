package http

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"

	"github.com/zeroui/mmm-engine/adapters/policy/answer"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/foreignid"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

// Service asks the policy service. It is safe for concurrent use; make one with New.
type Service struct {
	config  Config
	client  *httpclient.Client
	tenants *foreignid.Table[tenant.ID]
}

// New makes a service. The error names everything in the configuration that cannot work.
func New(config Config) (*Service, error) {
	config, err := config.complete()
	client, errClient := config.client()
	if err := errors.Join(err, errClient); err != nil {
		return nil, err
	}
	return &Service{config: config, client: client, tenants: foreignid.New(config.TenantUUIDs, func(t tenant.ID) {
		config.Log.Warn("the policy service leaves this tenant's policies out: it has no UUID in tenant_uuids",
			slog.String("tenant_id", string(t)))
	})}, nil
}

// Fetch makes a snapshot of three evaluations. The epoch, where it is not empty, is part of each question. Every error is
// Unavailable; nothing is tried twice.
func (s *Service) Fetch(ctx context.Context, t tenant.ID, epoch string) (policy.Snapshot, error) {
	var (
		kinds    = intervention.Kinds()
		verdicts = make([]verdict, len(kinds))
		current  *inForce
		id       = s.tenants.Of(t)
	)
	calls := make([]func() error, 0, len(kinds)+1)
	for i, kind := range kinds {
		calls = append(calls, func() (err error) {
			verdicts[i], err = s.evaluate(ctx, t, id, kind, epoch)
			return err
		})
	}
	if s.config.UseCurrent {
		calls = append(calls, func() (err error) {
			current, err = s.current(ctx, id)
			return err
		})
	}
	if err := s.all(calls); err != nil {
		return policy.Snapshot{}, answer.Unavailable(err)
	}
	said := make(map[intervention.Kind]verdict, len(kinds))
	for i, kind := range kinds {
		said[kind] = verdicts[i]
	}
	snapshot, err := snapshotOf(said, current)
	if err != nil {
		return policy.Snapshot{}, answer.Unavailable(err)
	}
	return snapshot, nil
}

// all makes calls at the same time and gives the first error in their order. While the breaker tries whether the service is
// back, which it does with one call at a time, they are made one after the other: at once, most would be refused.
func (s *Service) all(calls []func() error) error {
	if b := s.config.Breaker; b != nil && b.State() != resilience.Closed {
		for _, call := range calls {
			if err := call(); err != nil {
				return err
			}
		}
		return nil
	}
	// One that fails does not end the others: how they end is for the breaker to know.
	errs := make([]error, len(calls))
	var under sync.WaitGroup
	for i, call := range calls {
		under.Go(func() { errs[i] = call() })
	}
	under.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) evaluate(ctx context.Context, t tenant.ID, id string, kind intervention.Kind, epoch string) (verdict, error) {
	var out verdict
	err := s.client.JSON(ctx, httpclient.Call{
		Op: opEvaluate, Path: s.config.path(opEvaluate, id),
		Body: question{
			Context: subject{TenantID: string(t), Environment: s.config.Environment, Epoch: epoch},
			Action:  actionOf(kind), TenantID: id,
		},
	}, &out)
	return out, err
}

// current gives what is in force; nil where the service has no such list.
func (s *Service) current(ctx context.Context, id string) (*inForce, error) {
	var out inForce
	err := s.client.JSON(ctx, httpclient.Call{Op: opCurrent, Path: s.config.path(opCurrent, id)}, &out)
	if failed, ok := errors.AsType[*httpclient.Error](err); ok && failed.Kind == httpclient.KindStatus && failed.Status == http.StatusNotFound {
		return nil, nil //nolint:nilnil // that there is none is an answer
	}
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// Maps reports whether the service can know a tenant's own policies: where it has no UUID for it, it silently leaves them out.
func (s *Service) Maps(t tenant.ID) bool { return s.tenants.Knows(t) }

// Probe asks whether the service is alive and answers as agreed. Its error says what does not, and names the first field that is
// not as agreed on; it may be shown to an operator.
func (s *Service) Probe(ctx context.Context) error {
	if err := s.client.JSON(ctx, httpclient.Call{Op: opHealth, Path: s.config.path(opHealth, "")}, nil); err != nil {
		return jsonfields.Explained(err)
	}
	const nobody = "mmm-doctor" // no tenant's; what is said of it is not used
	if _, err := s.evaluate(ctx, nobody, nobody, intervention.Mirror, ""); err != nil {
		return jsonfields.Explained(err)
	}
	if s.config.UseCurrent {
		if _, err := s.current(ctx, nobody); err != nil {
			return jsonfields.Explained(err)
		}
	}
	return nil
}
