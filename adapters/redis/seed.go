package redis

import (
	"context"
	"errors"
	"sync"

	goredis "github.com/redis/go-redis/v9"

	"github.com/zeroui/mmm-engine/domain/fatigue"
)

// complete is the field or member of a key that says from which moment on it is complete. The scripts call it FROM.
const complete = "|from"

// seed fills in the keys that an ask found missing, or not reaching back far enough.
func (l *Ledger) seed(ctx context.Context, ask fatigue.Ask, a answer) error {
	if a.repo != nil && !a.repo.seeded {
		if err := l.seedRepo(ctx, ask, a.repo.now); err != nil {
			return err
		}
	}
	if !a.actor.seeded {
		return l.seedActor(ctx, ask, a.actor.now)
	}
	return nil
}

func (l *Ledger) seedActor(ctx context.Context, ask fatigue.Ask, now int64) error {
	key := l.actorKey(ask.Tenant, ask.Actor)
	return l.seeding.fly(ctx, key, func() error {
		from, err := l.client.redis.HGet(ctx, key, complete).Int64()
		if known, err := reaches(ctx, from, now, err); known || err != nil {
			return err
		}
		start := moment(now).Add(-slack)
		recorded, err := l.history.Shown(ctx, ask.Tenant, ask.Actor, start.Add(-fatigue.History))
		if err != nil {
			return unreachable(ctx, err)
		}
		_, err = l.client.run(ctx, call{l.remember, []string{key}, entryArgs(start.UnixMicro(), recorded)})
		return err
	})
}

func (l *Ledger) seedRepo(ctx context.Context, ask fatigue.Ask, now int64) error {
	keys := l.repoKeys(ask.Tenant, ask.Repo)
	return l.seeding.fly(ctx, keys[0], func() error {
		from, err := l.client.redis.ZScore(ctx, keys[0], complete).Result()
		if known, err := reaches(ctx, int64(-from), now, err); known || err != nil {
			return err
		}
		start := moment(now).Add(-slack)
		recorded, err := l.history.ShownIn(ctx, ask.Tenant, ask.Repo, start.Add(-window))
		if err != nil {
			return unreachable(ctx, err)
		}
		_, err = l.client.run(ctx, call{l.count, keys, unitArgs(start.UnixMicro(), recorded)})
		return err
	})
}

// reaches reports whether a key is complete for an ask made now: somebody may have been faster.
func reaches(ctx context.Context, from, now int64, err error) (bool, error) {
	if errors.Is(err, goredis.Nil) {
		return false, nil
	}
	if err != nil {
		return false, unreachable(ctx, err)
	}
	return now >= from, nil
}

// flights lets one caller of this process do something while the others who want the same wait. The zero value is ready.
type flights struct {
	mu  sync.Mutex
	out map[string]chan struct{}
}

// fly runs do, or waits until another caller's run of the same key has ended, however that went.
func (f *flights) fly(ctx context.Context, key string, do func() error) error {
	f.mu.Lock()
	if landed, out := f.out[key]; out {
		f.mu.Unlock()
		select {
		case <-landed:
			return nil
		case <-ctx.Done():
			return ctx.Err() //nolint:wrapcheck // the caller's own
		}
	}
	if f.out == nil {
		f.out = map[string]chan struct{}{}
	}
	landed := make(chan struct{})
	f.out[key] = landed
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.out, key)
		f.mu.Unlock()
		close(landed)
	}()
	return do()
}
