package relayoutbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	firstBackOff = 500 * time.Millisecond
	maxBackOff   = 30 * time.Second
	jitter       = 0.2
	// A row that fails for a reason of its own is tried this often, about half an hour, before it is parked.
	maxOwn = 60
)

// The results of an attempt in metrics.
const (
	resultOK     = "ok"
	resultRetry  = "retry"
	resultParked = "parked"
)

// turn is one tenant's share of a round: what became of its rows so far, and until when the tenant has to wait.
type turn struct {
	fates []ports.OutboxFate
	pause time.Time
	moved bool
	wait  time.Duration
}

// deliver sends one batch and stores what became of it. moved says that rows have left; wait, if not zero, is in how long one
// of those that stayed is due.
func (u *UseCase) deliver(ctx context.Context, l *line, b ports.OutboxBatch) (moved bool, wait time.Duration, err error) {
	t := u.send(ctx, l, b)
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleWithin)
	defer cancel()
	if err := u.outbox.Settle(settling, b, t.fates, t.pause, u.floor.Clock.Now()); err != nil {
		return false, 0, fmt.Errorf("store what was sent: %w", err) // the lease runs out, and they are sent again
	}
	if l.Watcher != nil {
		l.Watcher.Settled(b, t.fates, len(b.Rows) == maxRows || len(t.fates) < len(b.Rows))
	}
	return t.moved, t.wait, nil
}

// send hands rows over until all are, the other side is away, or the time is up.
func (u *UseCase) send(ctx context.Context, l *line, b ports.OutboxBatch) turn {
	var t turn
	ctx, cancel := context.WithTimeout(ctx, b.Until.Sub(u.floor.Clock.Now())-margin)
	defer cancel()
	for rows := b.Rows; len(rows) > 0 && ctx.Err() == nil; {
		sent, err := handOver(ctx, l.Sender, rows)
		for _, r := range rows[:sent] {
			u.floor.Meter.DeliveryAttempt(l.Channel, resultOK)
			t.fates = append(t.fates, ports.OutboxFate{Row: r, Verdict: ports.OutboxDelivered})
			t.moved = true
		}
		if sent > 0 {
			l.missed.Store(0)
		}
		rows = rows[sent:]
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return t // broken off: nobody's fault, and no attempt
		}
		if !u.failed(ctx, l, rows[0], err, &t) {
			return t
		}
		rows = rows[1:]
	}
	return t
}

// failed decides the fate of a row that could not be sent, and whether those behind it may be tried.
func (u *UseCase) failed(ctx context.Context, l *line, r ports.OutboxRow, err error, t *turn) (goOn bool) {
	now, attempts := u.floor.Clock.Now(), r.Attempts+1
	if refused(err) || (!fault.Retryable(err) && attempts >= maxOwn) {
		u.floor.Meter.DeliveryAttempt(l.Channel, resultParked)
		u.log.ErrorContext(ctx, "delivery parked", "tenant_id", string(r.Tenant), "kind", r.Kind, "number", r.Number,
			"attempts", attempts, "error", err)
		t.fates = append(t.fates, ports.OutboxFate{Row: r, Verdict: ports.OutboxParked, Reason: reasonOf(err)})
		t.moved = true
		return true
	}
	u.floor.Meter.DeliveryAttempt(l.Channel, resultRetry)
	if r.Attempts == 0 {
		u.log.WarnContext(ctx, "delivery put off", "tenant_id", string(r.Tenant), "kind", r.Kind, "number", r.Number, "error", err)
	}
	wait := u.backOff(l, attempts)
	if known, ok := errors.AsType[*fault.Error](err); ok {
		wait = max(wait, known.RetryAfter)
	}
	t.wait = sooner(t.wait, wait)
	t.fates = append(t.fates, ports.OutboxFate{Row: r, Verdict: ports.OutboxPutOff, Reason: reasonOf(err), Next: now.Add(wait)})
	if fault.Retryable(err) {
		l.missed.Store(now.UnixNano())
	}
	if l.InOrder || fault.Retryable(err) {
		t.pause = now.Add(wait)
		return false
	}
	return true
}

// refused reports whether the other side will never take the row.
func refused(err error) bool {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Forbidden, fault.NotFound, fault.Conflict, fault.Unauthenticated, fault.Expired:
		return true
	case fault.Internal, fault.Exhausted, fault.Unavailable, fault.Timeout, fault.Canceled:
		return false
	}
	return false
}

// reasonOf is what an operator is told: the code, and the detail that is safe to show.
func reasonOf(err error) string {
	if known, ok := errors.AsType[*fault.Error](err); ok {
		return known.Code + ": " + known.Detail
	}
	if fault.Is(err, fault.Timeout) {
		return "TIMEOUT"
	}
	return fault.CodeInternal
}

// backOff is the kind's first one, twice that, four times that and so on up to its longest, less a little by chance.
func (u *UseCase) backOff(l *line, attempts int) time.Duration {
	wait := l.Longest
	if n := attempts - 1; n < 16 {
		wait = min(wait, l.First<<n)
	}
	return wait - time.Duration(u.floor.Chance()*jitter*float64(wait))
}

// handOver calls a sender. A panic is a bug that one row has found, and must not end the process; an answer that makes no
// sense is one too.
func handOver(ctx context.Context, s Sender, rows []ports.OutboxRow) (sent int, err error) {
	defer func() {
		if p := recover(); p != nil {
			sent, err = 0, fmt.Errorf("send: panic: %v", p)
		}
	}()
	sent, err = s.Send(ctx, rows)
	switch {
	case sent < 0 || sent > len(rows):
		return 0, fmt.Errorf("the sender says that it has sent %d of %d rows", sent, len(rows))
	case err == nil && sent < len(rows):
		return sent, errors.New("the sender has stopped without saying why")
	case err != nil && sent == len(rows):
		return sent, nil // all have left, whatever it says
	}
	return sent, err
}
