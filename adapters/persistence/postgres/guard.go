package postgres

import (
	"context"
	"database/sql/driver"
	"errors"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

// guarded connects through a breaker. A server that is gone is noticed when a connection is made: those that there were have
// broken by then.
type guarded struct {
	driver.Connector
	breaker *resilience.Breaker
}

func guard(c driver.Connector, b *resilience.Breaker) driver.Connector {
	if b == nil {
		return c
	}
	return guarded{Connector: c, breaker: b}
}

// Connect implements driver.Connector.
func (g guarded) Connect(ctx context.Context) (driver.Conn, error) {
	ticket, err := g.breaker.Acquire()
	if err != nil {
		return nil, err //nolint:wrapcheck // it says all there is
	}
	verdict := resilience.Failure
	defer func() { g.breaker.Done(ticket, verdict) }()
	c, err := g.Connector.Connect(ctx)
	var said *pgconn.PgError
	if verdict = resilience.VerdictOf(ctx, err); errors.As(err, &said) && said.Code == tooManyConnections {
		verdict = resilience.Success // it is there, and full
	}
	return c, err //nolint:wrapcheck // translated by whoever asked
}
