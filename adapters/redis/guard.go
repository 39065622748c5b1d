package redis

import (
	"context"
	"errors"
	"net"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

// guard lets no command through while the breaker is open, so that nobody waits for a Redis that is known to be gone.
// Subscriptions reconnect by themselves and pass it by.
type guard struct{ breaker *resilience.Breaker }

// DialHook implements goredis.Hook. Only commands are counted: a call that needs a connection would else count twice.
func (guard) DialHook(next goredis.DialHook) goredis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook implements goredis.Hook.
func (g guard) ProcessHook(next goredis.ProcessHook) goredis.ProcessHook {
	return func(ctx context.Context, cmd goredis.Cmder) error {
		err := g.pass(ctx, func(ctx context.Context) error { return next(ctx, cmd) })
		if errors.Is(err, resilience.ErrOpen) {
			cmd.SetErr(err) // nobody else has seen the command
		}
		return err
	}
}

// ProcessPipelineHook implements goredis.Hook.
func (g guard) ProcessPipelineHook(next goredis.ProcessPipelineHook) goredis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []goredis.Cmder) error {
		err := g.pass(ctx, func(ctx context.Context) error { return next(ctx, cmds) })
		if errors.Is(err, resilience.ErrOpen) {
			for _, c := range cmds {
				c.SetErr(err)
			}
		}
		return err
	}
}

// passed marks the commands with which the library greets a new connection: they belong to the command that needs it.
type passed struct{}

func (g guard) pass(ctx context.Context, call func(context.Context) error) error {
	if ctx.Value(passed{}) != nil {
		return call(ctx)
	}
	ticket, err := g.breaker.Acquire()
	if err != nil {
		return err //nolint:wrapcheck // it says all there is
	}
	verdict := resilience.Failure
	defer func() { g.breaker.Done(ticket, verdict) }()
	err = call(context.WithValue(ctx, passed{}, true))
	verdict = verdictOf(ctx, err)
	return err
}

// away are the replies of a server that cannot do its work at the moment. Other replies are answers.
var away = []string{"LOADING", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN"}

func verdictOf(ctx context.Context, err error) resilience.Verdict {
	var reply goredis.Error
	switch {
	case err == nil, errors.Is(err, goredis.Nil):
		return resilience.Success
	case errors.Is(err, goredis.ErrPoolTimeout):
		return resilience.Neither // this replica is busy, which says nothing about Redis
	case errors.As(err, &reply):
		for _, word := range away {
			if strings.HasPrefix(reply.Error(), word) {
				return resilience.Failure
			}
		}
		return resilience.Success
	}
	return resilience.VerdictOf(ctx, err)
}
