package purgehistory

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// answerFor is how long the governance service's word holds. It is kept in this process only: after a restart it is asked anew.
const answerFor = day

// Option changes what New makes.
type Option func(*UseCase)

// Governed has g rule on decisions and outcomes: what it says must be kept is kept, and so is everything while it cannot be
// asked. A nil g is a deployment without such a service.
func Governed(g ports.Governance) Option {
	return func(u *UseCase) { u.governance = g }
}

// question is what the governance service is asked. A tenant that changes its retention asks another one.
type question struct {
	tenant   tenant.ID
	category ports.RetentionCategory
	months   int
}

// answers remembers what the governance service said. The zero value is ready.
type answers struct {
	mu   sync.Mutex
	said map[question]answer
}

type answer struct {
	rule  ports.RetentionRule
	until time.Time
}

func (a *answers) find(q question, now time.Time) (ports.RetentionRule, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	found, ok := a.said[q]
	return found.rule, ok && now.Before(found.until)
}

func (a *answers) keep(q question, rule ports.RetentionRule, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.said == nil {
		a.said = map[question]answer{}
	}
	a.said[q] = answer{rule, now.Add(answerFor)}
}

// drop forgets what no longer holds, so that tenants that have gone are not remembered for ever.
func (a *answers) drop(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for q, found := range a.said {
		if !now.Before(found.until) {
			delete(a.said, q)
		}
	}
}

// mayDelete says whether records of a category from before edge may go. An error, with which nothing may go, is not remembered:
// the next run asks again.
func (u *UseCase) mayDelete(ctx context.Context, t tenant.ID, c ports.RetentionCategory, edge, now time.Time) (bool, error) {
	if u.governance == nil {
		return true, nil
	}
	q := question{t, c, wholeMonths(edge, now)}
	rule, known := u.answers.find(q, now)
	if !known {
		var err error
		if rule, err = u.governance.Retention(ctx, t, c, q.months); err != nil {
			return false, fmt.Errorf("ask whether %s may be removed: %w", c, err)
		}
		u.answers.keep(q, rule, now)
	}
	switch rule {
	case ports.RetentionUsual, ports.RetentionDiscard:
		return true, nil
	case ports.RetentionKeep:
		return false, nil
	}
	return false, fmt.Errorf("whether %s may be removed: the answer %d is unknown", c, rule)
}

// wholeMonths is how many months of the calendar have passed in full since a time, so that a record is never called older than
// it is. A month that ends on a day which the present one does not have is full on the present one's last day.
func wholeMonths(since, now time.Time) int {
	since, now = since.UTC(), now.UTC()
	n := (now.Year()-since.Year())*12 + int(now.Month()-since.Month())
	// The first of the month is there in every month; from it the day is reached or, at the month's end, the last day.
	first := time.Date(since.Year(), since.Month(), 1, since.Hour(), since.Minute(), since.Second(), since.Nanosecond(), time.UTC)
	month := first.AddDate(0, n, 0)
	last := month.AddDate(0, 1, -1).Day()
	if month.AddDate(0, 0, min(since.Day(), last)-1).After(now) {
		n--
	}
	return max(0, n)
}
