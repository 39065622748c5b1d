package livebooks_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/livebooks"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/given"
)

// counting counts what is asked of the store, and can make it wait.
type counting struct {
	ports.Playbooks
	live, stamps atomic.Int32
	before       func() // called before a load is answered
}

func (c *counting) Live(ctx context.Context, t tenant.ID) ([]ports.LiveVersion, string, error) {
	c.live.Add(1)
	versions, stamp, err := c.Playbooks.Live(ctx, t)
	if c.before != nil {
		c.before()
	}
	return versions, stamp, err
}

func (c *counting) LiveStamp(ctx context.Context, t tenant.ID) (string, error) {
	c.stamps.Add(1)
	return c.Playbooks.LiveStamp(ctx, t)
}

// compiler counts compilations.
type compiler struct {
	given.Exprs
	n atomic.Int32
}

func (c *compiler) Compile(expr string) (playbook.Predicate, error) {
	c.n.Add(1)
	return c.Exprs.Compile(expr)
}

type shelf struct {
	clock *fake.Clock
	store *counting
	exprs *compiler
	books *livebooks.Books
}

func newShelf() *shelf {
	clock := fake.NewClock(given.Now())
	s := &shelf{clock: clock, store: &counting{Playbooks: fake.NewStore(clock).Playbooks}, exprs: &compiler{}}
	s.books = livebooks.New(s.store, s.exprs, clock)
	return s
}

func (s *shelf) publish(t *testing.T, in tenant.ID, id playbook.ID) {
	t.Helper()
	def := given.Definition(t, given.Set("conditions", []any{map[string]any{"type": "expr", "expr": "true"}}))
	p, err := playbook.New(id, in, def, s.clock.Now()).Publish("ref", s.clock.Now())
	require.NoError(t, err)
	require.NoError(t, s.store.Create(t.Context(), in, p))
}

func (s *shelf) republish(t *testing.T, in tenant.ID, id playbook.ID) {
	t.Helper()
	_, err := s.store.Update(t.Context(), in, id, func(p playbook.Playbook) (playbook.Playbook, error) {
		p, err := p.Revise(p.Shown(), s.clock.Now())
		if err != nil {
			return p, err
		}
		return p.Publish("ref", s.clock.Now())
	})
	require.NoError(t, err)
}

func (s *shelf) labels(t *testing.T, in tenant.ID) []string {
	t.Helper()
	x, err := s.books.Index(t.Context(), in)
	require.NoError(t, err)
	out := []string{}
	for _, v := range x.Concerning("ci.run.failed") {
		out = append(out, fmt.Sprintf("%s@%d", v.ID(), v.Number()))
	}
	return out
}

func TestIndex_isEachTenantsOwn(t *testing.T) {
	t.Parallel()
	s := newShelf()
	s.publish(t, "acme", "p")
	s.publish(t, "globex", "q")
	require.Equal(t, []string{"p@1"}, s.labels(t, "acme"))
	require.Equal(t, []string{"q@1"}, s.labels(t, "globex"))
	require.Empty(t, s.labels(t, "initech"))
}

func TestIndex_knowsAChangeMadeElsewhereWithinHalfASecond(t *testing.T) {
	t.Parallel()
	s := newShelf()
	s.publish(t, "acme", "p")
	require.Equal(t, []string{"p@1"}, s.labels(t, "acme"))
	s.publish(t, "acme", "q")
	s.clock.Advance(livebooks.Recheck - 1)
	require.Equal(t, []string{"p@1"}, s.labels(t, "acme"), "until then nobody is asked")
	require.EqualValues(t, 1, s.store.stamps.Load())
	s.clock.Advance(1)
	require.Equal(t, []string{"p@1", "q@1"}, s.labels(t, "acme"))
	require.Equal(t, 500*time.Millisecond, livebooks.Recheck)
}

func TestIndex_readsNothingWhereNothingChanged(t *testing.T) {
	t.Parallel()
	s := newShelf()
	s.publish(t, "acme", "p")
	for range 5 {
		s.labels(t, "acme")
		s.clock.Advance(livebooks.Recheck)
	}
	require.EqualValues(t, 1, s.store.live.Load(), "the stamp says it")
	require.EqualValues(t, 5, s.store.stamps.Load())
}

func TestIndex_compilesOnlyWhatChanged(t *testing.T) {
	t.Parallel()
	s := newShelf()
	s.publish(t, "acme", "p")
	s.publish(t, "acme", "q")
	s.labels(t, "acme")
	require.EqualValues(t, 2, s.exprs.n.Load())
	s.republish(t, "acme", "q")
	s.books.Invalidate("acme")
	require.Equal(t, []string{"p@1", "q@2"}, s.labels(t, "acme"))
	require.EqualValues(t, 3, s.exprs.n.Load(), "version 1 of p never changes")
}

func TestInvalidate_isSeenAtOnce(t *testing.T) {
	t.Parallel()
	s := newShelf()
	require.Empty(t, s.labels(t, "acme"))
	s.publish(t, "acme", "p")
	s.books.Invalidate("acme")
	require.Equal(t, []string{"p@1"}, s.labels(t, "acme"))
	s.books.Invalidate("unheard-of")
	require.Empty(t, s.labels(t, "unheard-of"))
}

func TestInvalidate_duringALoadIsNotForgotten(t *testing.T) {
	t.Parallel()
	for name, warm := range map[string]bool{"of a tenant seen before": true, "of a tenant never seen": false} {
		s := newShelf()
		if warm {
			s.labels(t, "acme")
			s.publish(t, "acme", "o")
			s.clock.Advance(livebooks.Recheck)
		}
		s.store.before = func() {
			s.store.before = nil
			s.publish(t, "acme", "p") // after the load has read, before it is done
			s.books.Invalidate("acme")
		}
		require.NotContains(t, s.labels(t, "acme"), "p@1", "what was read before the change")
		require.Contains(t, s.labels(t, "acme"), "p@1", "%s: must not be kept after it", name)
	}
}

func TestIndex_loadsOnceForEverybody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.publish(t, "acme", "p")
		open := make(chan struct{})
		s.store.before = func() { <-open }
		var wg sync.WaitGroup
		first, leave := context.WithCancel(t.Context())
		var gone error
		wg.Go(func() { _, gone = s.books.Index(first, "acme") })
		synctest.Wait()
		for range 20 {
			wg.Go(func() {
				x, err := s.books.Index(context.Background(), "acme")
				if err != nil || x.Len() != 1 {
					t.Errorf("index of %v, %v", x, err)
				}
			})
		}
		synctest.Wait()
		leave() // the one who started it goes away; the others are served all the same
		synctest.Wait()
		close(open)
		wg.Wait()
		require.ErrorIs(t, gone, context.Canceled)
		require.EqualValues(t, 1, s.store.live.Load())
	})
}

func TestIndex_errors(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	clock := fake.NewClock(given.Now())
	store := fake.NewStore(clock).Playbooks
	books := livebooks.New(store, given.Exprs{}, clock)
	for _, calls := range []int{0, 1} { // of the stamp, of the versions
		for range calls {
			store.FailNext(nil)
		}
		store.FailNext(boom)
		_, err := books.Index(t.Context(), "acme")
		require.ErrorIs(t, err, boom)
	}
	_, err := books.Index(t.Context(), "acme")
	require.NoError(t, err, "an error is not remembered")

	p, err := playbook.New("p", "acme", given.Definition(t, given.Set("conditions", []any{map[string]any{"type": "expr", "expr": "a word of tomorrow"}})),
		clock.Now()).Publish("ref", clock.Now())
	require.NoError(t, err)
	require.NoError(t, store.Create(t.Context(), "acme", p))
	books.Invalidate("acme")
	_, err = books.Index(t.Context(), "acme")
	require.ErrorContains(t, err, "p version 1 does not compile")
}
