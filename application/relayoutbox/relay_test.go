package relayoutbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/relayoutbox"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

const (
	acme tenant.ID = "acme"
	kind string    = "thing"
)

// virtual is the clock of a synctest bubble.
type virtual struct{}

func (virtual) Now() time.Time { return time.Now().UTC() }

// sink is a receiver that notes what it got, and when, and fails as it is told.
type sink struct {
	mu    sync.Mutex
	began time.Time
	got   []string
	tries []string // body@when
	fail  func(row ports.OutboxRow, try int) error
}

func newSink(fail func(row ports.OutboxRow, try int) error) *sink {
	return &sink{began: time.Now(), fail: fail}
}

func (s *sink) send(_ context.Context, r ports.OutboxRow) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries = append(s.tries, fmt.Sprintf("%s@%v", r.Body, time.Since(s.began).Round(10*time.Millisecond)))
	if s.fail != nil {
		if err := s.fail(r, r.Attempts); err != nil {
			return err
		}
	}
	s.got = append(s.got, string(r.Tenant)+"/"+r.Body)
	return nil
}

func (s *sink) received() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

type rig struct {
	outbox *fake.Outbox
	meter  *fake.OutboxMeter
	log    *bytes.Buffer
	relay  *relayoutbox.UseCase
}

func newRig(t *testing.T, routes ...relayoutbox.Route) rig {
	t.Helper()
	r := rig{outbox: fake.NewOutbox(), meter: &fake.OutboxMeter{}, log: &bytes.Buffer{}}
	var err error
	r.relay, err = relayoutbox.New(r.outbox, floor(r.meter, &fake.IDs{}), slog.New(slog.NewTextHandler(r.log, nil)), routes...)
	require.NoError(t, err)
	return r
}

func floor(m ports.OutboxMeter, ids ports.IDs) relayoutbox.Floor {
	return relayoutbox.Floor{Clock: virtual{}, IDs: ids, Meter: m, Chance: func() float64 { return 0 }}
}

func (r rig) add(t *testing.T, of tenant.ID, bodies ...string) {
	t.Helper()
	for _, b := range bodies {
		require.NoError(t, r.outbox.Add(t.Context(), of, ports.Outgoing{Kind: kind, Body: b}, time.Now()))
	}
}

func (r rig) parked(t *testing.T) []ports.DeadLetter {
	t.Helper()
	out, _, err := r.outbox.Dead.Parked(t.Context(), acme, ports.Page{})
	require.NoError(t, err)
	return out
}

func away(ports.OutboxRow, int) error { return fault.New(fault.Unavailable, "AWAY", "nobody answers") }

func TestRelay_deliversWhatIsQueued(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSink(nil)
		r := newRig(t, relayoutbox.Route{Kind: kind, Sender: relayoutbox.One(s.send)})
		r.add(t, acme, "1", "2")
		r.add(t, "other", "3")
		require.NoError(t, r.relay.Start(t.Context()))
		synctest.Wait()
		require.ElementsMatch(t, []string{"acme/1", "acme/2", "other/3"}, s.received(), "at the start")

		r.add(t, acme, "4")
		r.relay.Wake("other kind")
		synctest.Wait()
		require.Len(t, s.received(), 3)
		r.relay.Wake()
		synctest.Wait()
		require.Len(t, s.received(), 4, "a commit wakes it")

		r.add(t, acme, "5")
		time.Sleep(600 * time.Millisecond) // virtual
		require.Len(t, s.received(), 5, "another process's row is found")
		require.Equal(t, 5, r.meter.Attempts(kind, "ok"))
		require.NoError(t, r.relay.Stop(t.Context()))
		pending, err := r.outbox.Pending(t.Context())
		require.NoError(t, err)
		require.Empty(t, pending)
	})
}

func TestRelay_comesBackWhenTheOtherSideDoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		back := time.Now().Add(2 * time.Minute)
		s := newSink(func(r ports.OutboxRow, try int) error {
			if time.Now().Before(back) {
				return away(r, try)
			}
			return nil
		})
		r := newRig(t, relayoutbox.Route{Kind: kind, Sender: relayoutbox.One(s.send), Channel: "bus"})
		r.add(t, acme, "1", "2", "3")
		require.NoError(t, r.relay.Start(t.Context()))
		time.Sleep(time.Hour) // virtual
		require.Equal(t, []string{"acme/1", "acme/2", "acme/3"}, s.received(), "in order, nothing lost")
		require.Equal(t, []string{
			"1@0s", "1@500ms", "1@1.5s", "1@3.5s", "1@7.5s", "1@15.5s", "1@31.5s", "1@1m1.5s", "1@1m31.5s", "1@2m1.5s", "2@2m1.5s", "3@2m1.5s",
		}, s.tries, "half a second, one, two and so on, thirty at most; those behind wait too")
		require.Equal(t, 9, r.meter.Attempts("bus", "retry"))
		require.Equal(t, 1, strings.Count(r.log.String(), "delivery put off"), "an outage is one line")
		require.NoError(t, r.relay.Stop(t.Context()))
	})
}

func TestRelay_backsOffByChanceAndAsItIsTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		fails := newSink(func(ports.OutboxRow, int) error {
			e := fault.New(fault.Exhausted, fault.CodeRateLimited, "slowly")
			e.RetryAfter = 7 * time.Second
			return e
		})
		soon := newSink(away)
		store := newSink(func(ports.OutboxRow, int) error { return fault.StoreUnavailable(errors.New("down")) })
		f := floor(&fake.OutboxMeter{}, &fake.IDs{})
		f.First, f.Chance = 100*time.Millisecond, func() float64 { return 0.5 }
		outbox := fake.NewOutbox()
		relay, err := relayoutbox.New(outbox, f, slog.New(slog.DiscardHandler),
			relayoutbox.Route{Kind: "a", Sender: relayoutbox.One(fails.send)}, relayoutbox.Route{Kind: "b", Sender: relayoutbox.One(soon.send)},
			relayoutbox.Route{Kind: "c", Sender: relayoutbox.One(store.send)})
		require.NoError(t, err)
		for _, k := range []string{"a", "b", "c"} {
			require.NoError(t, outbox.Add(t.Context(), acme, ports.Outgoing{Kind: k, Body: "1"}, time.Now()))
		}
		require.NoError(t, relay.Start(t.Context()))
		time.Sleep(7500 * time.Millisecond)
		require.NoError(t, relay.Stop(t.Context()))
		require.Equal(t, []string{"1@0s", "1@7s"}, fails.tries, "Retry-After")
		require.Equal(t, []string{"1@0s", "1@90ms", "1@270ms", "1@630ms", "1@1.35s", "1@2.79s", "1@5.67s"}, soon.tries, "a tenth less by chance")
		require.Equal(t, "1@1s", store.tries[1], "what the error asks for is the least")
	})
}

func TestRelay_parksWhatIsRefused(t *testing.T) {
	t.Parallel()
	for name, refusal := range map[string]error{
		"invalid": fault.InvalidField("body", "is too long"), "forbidden": fault.Forbiddenf("no"), "not found": fault.NotFoundf("no"),
		"conflict": fault.Conflictf("no"), "unauthenticated": fault.Unauthenticatedf("no"), "expired": fault.New(fault.Expired, fault.CodeExpired, "no"),
	} {
		for _, inOrder := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				s := newSink(func(r ports.OutboxRow, _ int) error {
					if r.Body == "2" {
						return refusal
					}
					return nil
				})
				r := newRig(t, relayoutbox.Route{Kind: kind, Sender: relayoutbox.One(s.send), InOrder: inOrder})
				r.add(t, acme, "1", "2", "3")
				require.NoError(t, r.relay.Drain(t.Context()))
				require.Equal(t, []string{"acme/1", "acme/3"}, s.received(), name)
				dead := r.parked(t)
				require.Len(t, dead, 1)
				require.Equal(t, "2", dead[0].Body)
				var f *fault.Error
				require.ErrorAs(t, refusal, &f)
				require.Equal(t, f.Code+": "+f.Detail, dead[0].Reason)
				require.Equal(t, 1, r.meter.Attempts(kind, "parked"))
			})
		}
	}
}

// A row that breaks its sender is tried for a long time. In order it holds back its tenant, else nobody; then it is parked.
func TestRelay_bearsARowThatBreaksItsSender(t *testing.T) {
	t.Parallel()
	for _, inOrder := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			s := newSink(nil)
			r := newRig(t, relayoutbox.Route{Kind: kind, InOrder: inOrder, Sender: relayoutbox.One(func(ctx context.Context, row ports.OutboxRow) error {
				if row.Body == "poison" {
					panic("nil map")
				}
				return s.send(ctx, row)
			})})
			r.add(t, acme, "1", "poison", "2")
			r.add(t, "other", "3")
			require.NoError(t, r.relay.Start(t.Context()))
			time.Sleep(time.Minute)
			want := []string{"acme/1", "acme/2", "other/3"}
			if inOrder {
				want = []string{"acme/1", "other/3"}
			}
			require.ElementsMatch(t, want, s.received())
			time.Sleep(time.Hour)
			require.ElementsMatch(t, []string{"acme/1", "acme/2", "other/3"}, s.received())
			require.Equal(t, "INTERNAL", r.parked(t)[0].Reason)
			require.NoError(t, r.relay.Stop(t.Context()))
		})
	}
}

// Many relays on one outbox, of which some are stopped in the middle: every row arrives, one tenant's in order.
func TestRelay_ofManyReplicas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSink(nil)
		outbox, ids := fake.NewOutbox(), &fake.IDs{}
		var relays []*relayoutbox.UseCase
		for range 4 {
			relay, err := relayoutbox.New(outbox, floor(&fake.OutboxMeter{}, ids), slog.New(slog.DiscardHandler), relayoutbox.Route{
				Kind: kind, InOrder: true, Sender: relayoutbox.One(func(ctx context.Context, r ports.OutboxRow) error {
					time.Sleep(time.Millisecond)
					return s.send(ctx, r)
				}),
			})
			require.NoError(t, err)
			require.NoError(t, relay.Start(t.Context()))
			relays = append(relays, relay)
		}
		const rows = 300
		for i := range rows {
			of := tenant.ID(fmt.Sprintf("t%d", i%3))
			require.NoError(t, outbox.Add(t.Context(), of, ports.Outgoing{Kind: kind, Body: fmt.Sprintf("%03d", i)}, time.Now()))
			relays[i%4].Wake()
			if i == rows/2 {
				require.NoError(t, relays[0].Stop(t.Context()))
			}
		}
		time.Sleep(time.Minute)
		for _, relay := range relays[1:] {
			require.NoError(t, relay.Stop(t.Context()))
		}
		got := s.received()
		require.Len(t, got, rows, "each once, as nobody died")
		last := map[string]string{}
		for _, g := range got {
			of, body, _ := strings.Cut(g, "/")
			require.Greater(t, body, last[of])
			last[of] = body
		}
	})
}

func TestRelay_sendsAgainWhatCouldNotBeNoted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSink(nil)
		outbox := &unsettling{Outbox: fake.NewOutbox(), left: 1}
		relay, err := relayoutbox.New(outbox, floor(&fake.OutboxMeter{}, &fake.IDs{}), slog.New(slog.DiscardHandler),
			relayoutbox.Route{Kind: kind, Sender: relayoutbox.One(s.send)})
		require.NoError(t, err)
		require.NoError(t, outbox.Add(t.Context(), acme, ports.Outgoing{Kind: kind, Body: "1"}, time.Now()))
		require.NoError(t, relay.Start(t.Context()))
		time.Sleep(20 * time.Second)
		require.Len(t, s.received(), 1, "its lease still stands")
		time.Sleep(20 * time.Second)
		require.Len(t, s.received(), 2)
		require.NoError(t, relay.Stop(t.Context()))
	})
}

// unsettling cannot store what was sent for a while.
type unsettling struct {
	*fake.Outbox
	left int
}

func (u *unsettling) Settle(ctx context.Context, b ports.OutboxBatch, f []ports.OutboxFate, pause, now time.Time) error {
	if u.left > 0 {
		u.left--
		return fault.StoreUnavailable(errors.New("down"))
	}
	return u.Outbox.Settle(ctx, b, f, pause, now)
}

func TestRelay_stopsInTheMiddle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, patient := range []bool{true, false} {
			var got []string
			r := newRig(t, relayoutbox.Route{Kind: kind, Sender: relayoutbox.One(func(ctx context.Context, row ports.OutboxRow) error {
				select {
				case <-time.After(3 * time.Second):
					got = append(got, row.Body)
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})})
			r.add(t, acme, "1", "2")
			require.NoError(t, r.relay.Start(t.Context()))
			time.Sleep(4 * time.Second) // the second is on its way
			within := time.Second
			if patient {
				within = time.Minute
			}
			ctx, cancel := context.WithTimeout(t.Context(), within)
			err := r.relay.Stop(ctx)
			cancel()
			pending, perr := r.outbox.Pending(t.Context())
			require.NoError(t, perr)
			if patient {
				require.NoError(t, err)
				require.Equal(t, []string{"1", "2"}, got)
				require.Empty(t, pending)
				continue
			}
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.Equal(t, []string{"1"}, got)
			require.Equal(t, map[string]int{kind: 1}, pending, "what has left is noted, the rest waits")
			batches, _, err := r.outbox.Due(t.Context(), ports.OutboxAsk{Kind: kind, Holder: "next", Tenants: 1, Rows: 1, Now: time.Now()})
			require.NoError(t, err)
			require.Len(t, batches, 1, "and nobody has to wait for its lease")
			require.Zero(t, batches[0].Rows[0].Attempts, "to be broken off is no attempt")
		}
	})
}

func TestRelay_countsWhatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSink(away)
		r := newRig(t, relayoutbox.Route{Kind: kind, Sender: relayoutbox.One(s.send)}, relayoutbox.Route{Kind: "idle", Sender: relayoutbox.One(s.send)})
		r.add(t, acme, "1", "2")
		require.NoError(t, r.outbox.Add(t.Context(), acme, ports.Outgoing{Kind: "nobody's", Body: "1"}, time.Now()))
		require.NoError(t, r.relay.Start(t.Context()))
		time.Sleep(6 * time.Second)
		require.Equal(t, []string{"2", "0", "1"}, []string{r.meter.Pending(kind), r.meter.Pending("idle"), r.meter.Pending("nobody's")})
		require.NoError(t, r.relay.Stop(t.Context()))
	})
}

func TestRelay_outlivesAStoreThatIsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSink(nil)
		r := newRig(t, relayoutbox.Route{Kind: kind, Sender: relayoutbox.One(s.send)})
		for range 10 {
			r.outbox.FailNext(fault.StoreUnavailable(errors.New("down")))
		}
		r.relay.Wake()
		require.NoError(t, r.relay.Start(t.Context()))
		time.Sleep(20 * time.Second)
		r.add(t, acme, "1")
		time.Sleep(time.Second)
		require.Len(t, s.received(), 1)
		require.NoError(t, r.relay.Stop(t.Context()))
		require.Equal(t, 1, strings.Count(r.log.String(), "cannot be read"))
		require.Equal(t, 1, strings.Count(r.log.String(), "can be read again"))
	})
}

func TestRelay_gathersWithinAGap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		r := newRig(t, relayoutbox.Route{Kind: kind, Gap: 100 * time.Millisecond, Sender: batches(func(rows []ports.OutboxRow) (int, error) {
			sizes = append(sizes, len(rows))
			return len(rows), nil
		})})
		require.NoError(t, r.relay.Start(t.Context()))
		for range 200 {
			time.Sleep(10 * time.Millisecond)
			r.add(t, acme, "x")
			r.relay.Wake()
		}
		require.NoError(t, r.relay.Stop(t.Context()))
		require.Less(t, len(sizes), 50, "%v", sizes) // some come while it looks
	})
}

type batches func(rows []ports.OutboxRow) (int, error)

func (f batches) Send(_ context.Context, rows []ports.OutboxRow) (int, error) { return f(rows) }

// A sender that cannot count loses nothing.
func TestRelay_doubtsItsSender(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(n int) (int, error){
		"more than there are": func(n int) (int, error) { return n + 1, nil },
		"less than none":      func(int) (int, error) { return -1, nil },
		"some, and no reason": func(int) (int, error) { return 1, nil },
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, relayoutbox.Route{Kind: kind, InOrder: true, Sender: batches(func(rows []ports.OutboxRow) (int, error) { return answer(len(rows)) })})
			r.add(t, acme, "1", "2", "3")
			require.NoError(t, r.relay.Drain(t.Context()))
			pending, err := r.outbox.Pending(t.Context())
			require.NoError(t, err)
			require.GreaterOrEqual(t, pending[kind], 2, name)
			require.Empty(t, r.parked(t))
		})
	}
}

func TestNew_refusesRoutesThatCannotWork(t *testing.T) {
	t.Parallel()
	ok := relayoutbox.One(func(context.Context, ports.OutboxRow) error { return nil })
	for name, routes := range map[string][]relayoutbox.Route{
		"no kind": {{Sender: ok}}, "no sender": {{Kind: "a"}}, "one kind twice": {{Kind: "a", Sender: ok}, {Kind: "a", Sender: ok}},
	} {
		_, err := relayoutbox.New(fake.NewOutbox(), floor(&fake.OutboxMeter{}, &fake.IDs{}), slog.New(slog.DiscardHandler), routes...)
		require.Error(t, err, name)
	}
}
