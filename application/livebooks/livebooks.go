// Package livebooks holds each tenant's published playbooks compiled and indexed, so that a decision never parses anything.
// A change made through this process is seen at once; one made elsewhere within Recheck. Loading is single-flight per tenant,
// and versions that did not change are not compiled again.
package livebooks

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Recheck is how old knowledge of a tenant's playbooks may be before the store is asked whether they changed.
const Recheck = 500 * time.Millisecond

// Books is safe for concurrent use.
type Books struct {
	store   ports.Playbooks
	exprs   ports.ConditionCompiler
	clock   ports.Clock
	flight  singleflight.Group
	mu      sync.RWMutex
	tenants map[tenant.ID]shelf
}

type shelf struct {
	index   *playbook.Index
	stamp   string
	checked time.Time
	made    map[made]*playbook.Compiled
	changes int // how often it was invalidated: what was read before a change must not be kept after it
}

// made tells versions apart: a published version never changes, a shadowed draft may.
type made struct {
	id     playbook.ID
	number int
	shadow bool
}

// New makes an empty shelf for every tenant.
func New(store ports.Playbooks, exprs ports.ConditionCompiler, clock ports.Clock) *Books {
	return &Books{store: store, exprs: exprs, clock: clock, tenants: map[tenant.ID]shelf{}}
}

// Index gives the tenant's compiled playbooks.
func (b *Books) Index(ctx context.Context, t tenant.ID) (*playbook.Index, error) {
	b.mu.RLock()
	s, ok := b.tenants[t]
	b.mu.RUnlock()
	if ok && s.index != nil && b.clock.Now().Sub(s.checked) < Recheck {
		return s.index, nil
	}
	// The load serves everybody who waits for it, so the caller that happens to start it must not be able to cancel it.
	loaded := b.flight.DoChan(string(t), func() (any, error) { return b.load(context.WithoutCancel(ctx), t) })
	select {
	case r := <-loaded:
		index, _ := r.Val.(*playbook.Index)
		return index, r.Err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Invalidate forgets what is known of a tenant; the next decision loads it anew.
func (b *Books) Invalidate(t tenant.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.flight.Forget(string(t))
	s := b.tenants[t]
	s.index = nil
	s.changes++
	b.tenants[t] = s
}

func (b *Books) load(ctx context.Context, t tenant.ID) (*playbook.Index, error) {
	now := b.clock.Now()
	b.mu.RLock()
	old := b.tenants[t]
	b.mu.RUnlock()
	stamp, err := b.store.LiveStamp(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("load playbooks: %w", err)
	}
	if old.index != nil && stamp == old.stamp {
		old.checked = now
		b.keep(t, old)
		return old.index, nil
	}
	versions, stamp, err := b.store.Live(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("load playbooks: %w", err)
	}
	next := shelf{stamp: stamp, checked: now, made: make(map[made]*playbook.Compiled, len(versions)), changes: old.changes}
	compiled := make([]*playbook.Compiled, 0, len(versions))
	for _, v := range versions {
		k := made{v.Playbook, v.Number, v.Shadow}
		c := old.made[k]
		if c == nil || v.Shadow {
			var problems any
			if c, problems = compile(v, b.exprs); c == nil {
				// Publishing compiles first, so this is a version from an older engine. Silence is safer than a guess.
				return nil, fmt.Errorf("playbook %s version %d does not compile: %v", v.Playbook, v.Number, problems)
			}
		}
		next.made[k] = c
		compiled = append(compiled, c)
	}
	next.index = playbook.NewIndex(compiled)
	b.keep(t, next)
	return next.index, nil
}

func compile(v ports.LiveVersion, exprs ports.ConditionCompiler) (*playbook.Compiled, any) {
	c, problems := playbook.Compile(v.Playbook, v.Number, v.Shadow, v.Definition, exprs)
	return c, problems
}

// keep remembers what was loaded, unless it was invalidated meanwhile.
func (b *Books) keep(t tenant.ID, s shelf) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tenants[t].changes == s.changes {
		b.tenants[t] = s
	}
}
