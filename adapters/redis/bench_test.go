package redis_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/zeroui/mmm-engine/adapters/redis"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/test/fake"
)

func BenchmarkLedger_reserveAndCommit(b *testing.B) {
	many := 1_000_000_000
	for name, c := range map[string]struct {
		repo string
		cap  *int
	}{"no repo": {}, "repo": {repo: "shop"}, "repo cap": {"shop", &many}} {
		b.Run(name, func(b *testing.B) {
			real := clock.System{}
			l := redis.NewLedger(open(b, single(b).url), real, fake.NewHistory())
			var n atomic.Int64
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					i := int(n.Add(1))
					r, err := l.Reserve(b.Context(), ask(actor.ID(fmt.Sprintf("dev%d", i%1000)), c.repo, real.Now(), i, many, c.cap))
					if err != nil {
						b.Error(err)
						return
					}
					if err := l.Commit(b.Context(), r); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
