package httpclient

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/zeroui/mmm-engine/infrastructure/clock"
)

const (
	firstWait   = 500 * time.Millisecond
	longestWait = 30 * time.Second // a neighbour that wants more is better asked by a later job than by a waiting call
	leastWait   = 100 * time.Millisecond
	doublings   = 2 // 0.5, 1, 2 s and no longer
	jitter      = 0.2
	maxAsked    = 24 * time.Hour
)

// Retry says which failures are tried again, and when. Every attempt asks the breaker.
type Retry struct {
	// Attempts is how often the call is made at most, the first time included; 0 and 1 mean once.
	Attempts int
	// On says whether a failure is worth another attempt; nil means KindTransport, KindTimeout, 429 and 5xx. It is not asked
	// about KindOpen, KindCanceled and KindRequest, which never are.
	On func(*Error) bool
	// First is the wait before the second attempt, doubled before the third and again before the fourth, each give or take
	// a fifth; 0 means 500 ms. A Retry-After replaces it, but the wait is at least 100 ms then.
	First time.Duration
}

// again waits for attempt n+1 and reports whether to make it. It gives up at once if that attempt would begin after ctx's
// deadline, or if the neighbour asks for more than 30 s.
func (r Retry) again(ctx context.Context, n int, failed *Error) bool {
	if n >= r.Attempts || !r.worth(failed) {
		return false
	}
	wait := r.wait(n, failed)
	if wait > longestWait {
		return false
	}
	if deadline, ok := ctx.Deadline(); ok && !(clock.System{}).Now().Add(wait).Before(deadline) {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

func (r Retry) worth(failed *Error) bool {
	switch failed.Kind {
	case KindOpen, KindCanceled, KindRequest:
		return false
	case KindTransport, KindTimeout:
		return r.On == nil || r.On(failed)
	case KindStatus:
		if r.On == nil {
			return failed.Status == http.StatusTooManyRequests || failed.Status >= 500
		}
	case KindMalformed, KindTooLarge:
	}
	return r.On != nil && r.On(failed)
}

func (r Retry) wait(n int, failed *Error) time.Duration {
	if failed.HasRetryAfter {
		return max(failed.RetryAfter, leastWait)
	}
	first := r.First
	if first <= 0 {
		first = firstWait
	}
	factor := 1 - jitter + 2*jitter*rand.Float64() //nolint:gosec // the spread of retries is no secret
	return time.Duration(float64(first<<min(n-1, doublings)) * factor)
}

// retryAfter reads a Retry-After header: seconds, a date, or nothing that makes sense.
func retryAfter(header http.Header, now time.Time) (time.Duration, bool) {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, maxAsked), true
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(max(date.Sub(now), 0), maxAsked), true
	}
	return 0, false
}
