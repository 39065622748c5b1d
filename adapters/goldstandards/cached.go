package goldstandards

import (
	"context"
	"time"

	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/refresh"
	"github.com/zeroui/mmm-engine/ports"
)

// Options say how long what was said is good for.
type Options struct {
	// Fresh is for how long an answer is given without asking again. After that there is no answer until the service gives one.
	Fresh time.Duration
	// Timeout bounds one question that nobody waits for any more. 500 ms.
	Timeout time.Duration
	// Clock is needed.
	Clock ports.Clock
	// Max is how many tenants are held. 0: ten thousand.
	Max int
	// Hit and Miss are called for each question that was or was not answered without asking. They may be nil; they must not block.
	Hit, Miss func()
}

// Cached is ports.GoldStandards. It is safe for concurrent use; make one with NewCached. It works before Start too, but then asks
// nothing in the background.
type Cached struct {
	standards *refresh.Cache[tenant.ID, policy.Standards]
}

// NewCached keeps what a service says.
func NewCached(service *Service, o Options) *Cached {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	return &Cached{standards: refresh.New(refresh.Options[tenant.ID]{
		Fresh: o.Fresh, Ahead: o.Fresh * 3 / 4, Timeout: o.Timeout, Max: o.Max, Now: o.Clock.Now, Log: service.config.Log, Hit: o.Hit,
		Miss: o.Miss,
	}, service.Fetch)}
}

// Standards implements ports.GoldStandards.
func (c *Cached) Standards(ctx context.Context, t tenant.ID) (policy.Standards, error) {
	v, err := c.standards.Get(ctx, t)
	if err != nil {
		return policy.Standards{}, translate(ctx, err)
	}
	return v.V, nil
}

// Heed has the standards asked for anew where the news is that a tenant's policies were changed, or news may have been missed.
func (c *Cached) Heed(i ports.Invalidation) {
	switch {
	case i.Kind != ports.InvalidatePolicy && i.Kind != ports.InvalidateAll:
	case i.Kind == ports.InvalidateAll || i.Tenant == "":
		c.standards.ExpireAll()
	default:
		c.standards.Expire(i.Tenant)
	}
}

// Start begins to ask in the background.
func (c *Cached) Start(ctx context.Context) error { return c.standards.Start(ctx) }

// Stop ends all questions and waits for them until ctx is done.
func (c *Cached) Stop(ctx context.Context) error { return c.standards.Stop(ctx) }
