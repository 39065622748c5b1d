package redis

import (
	"context"
	"strings"

	goredis "github.com/redis/go-redis/v9"

	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/ports"
)

// Under puts all keys of the ledger under a prefix, so that many ledgers are strangers on one Redis.
func (l *Ledger) Under(prefix string) *Ledger {
	l.prefix = prefix + l.prefix
	return l
}

// Under is as that of a Ledger.
func (c *Claims) Under(prefix string) *Claims {
	c.prefix = prefix + c.prefix
	return c
}

// Under is as that of a Ledger.
func (x *Invalidations) Under(prefix string) *Invalidations {
	x.channel = prefix + x.channel
	return x
}

// RunBy makes the ledger take the clock for the server's.
func (l *Ledger) RunBy(clock ports.Clock) *Ledger {
	l.server = clock.Now
	return l
}

// TakeInRepo does the first of the two steps of an ask, as a process does that dies after it.
func (l *Ledger) TakeInRepo(ctx context.Context, ask fatigue.Ask) (int, error) {
	out, err := l.client.run(ctx, l.takeCall(ask, true, nil, ask.Demands))
	if err != nil {
		return 0, err
	}
	var a repoAnswer
	err = a.read(out[0], ask)
	taken := 0
	for _, granted := range a.granted {
		if granted {
			taken++
		}
	}
	return taken, err
}

// BreakReserve makes the second of the two steps fail.
func (l *Ledger) BreakReserve() *Ledger {
	l.reserve = newScript("return redis.error_reply('out of order')")
	return l
}

// Hook sees every command of the client.
func (c *Client) Hook(h goredis.Hook) { c.redis.AddHook(h) }

// ActorKey and RepoKeys are the names of the keys.
func (l *Ledger) ActorKey(ask fatigue.Ask) string { return l.actorKey(ask.Tenant, ask.Actor) }

// RepoKeys are the names of a repo's keys.
func (l *Ledger) RepoKeys(ask fatigue.Ask) []string { return l.repoKeys(ask.Tenant, ask.Repo) }

// The bounds that tests look at.
const (
	Enough    = steps * patience
	ClaimLife = claimLife
)

// Address is what an address says.
type Address struct {
	Addrs, User, Password, Master, SentinelPassword string
	DB                                              int
	TLS, Cluster                                    bool
}

// Parse reads an address as Open does.
func Parse(address string) (Address, error) {
	o, err := parse(address)
	if err != nil {
		return Address{}, err
	}
	return Address{
		Addrs: strings.Join(o.Addrs, " "), User: o.Username, Password: o.Password, Master: o.MasterName, SentinelPassword: o.SentinelPassword,
		DB: o.DB, TLS: o.TLSConfig != nil, Cluster: o.MasterName == "" && (len(o.Addrs) > 1 || o.IsClusterMode),
	}, nil
}
