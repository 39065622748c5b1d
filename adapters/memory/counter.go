package memory

import (
	"slices"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/fatigue"
)

// unit is one action shown in a repo; lease is set while it is reserved only.
type unit struct {
	at    time.Time
	lease time.Time
}

// counter is what a repo was shown, over all actors and playbooks. A busy repo has thousands of units a day, so that counting
// them must not mean looking at each.
type counter struct {
	mu     sync.Mutex
	units  map[string]unit     // by action
	times  []time.Time         // of all units, in order
	leased map[string]struct{} // those with a lease, few at any time
	from   time.Time           // as of an account
	grown  int                 // size after which the oldest are dropped
}

func newCounter(now time.Time) *counter {
	return &counter{units: map[string]unit{}, leased: map[string]struct{}{}, from: now.Add(-slack), grown: roomy}
}

func (c *counter) held(real time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(real)
	return len(c.leased) > 0
}

// All of the following must be called with the lock held.

// expire removes what was reserved and never committed.
func (c *counter) expire(real time.Time) {
	for action := range c.leased {
		if !real.Before(c.units[action].lease) {
			c.remove(action)
		}
	}
}

func (c *counter) place(at time.Time) int {
	i, _ := slices.BinarySearchFunc(c.times, at, time.Time.Compare)
	return i
}

func (c *counter) remove(action string) {
	u, ok := c.units[action]
	if !ok {
		return
	}
	delete(c.units, action)
	delete(c.leased, action)
	i := c.place(u.at) // any unit of that time will do
	c.times = slices.Delete(c.times, i, i+1)
}

// put adds a unit, or changes the lease of one that is there.
func (c *counter) put(action string, u unit) {
	if known, ok := c.units[action]; ok {
		u.at = known.at
	} else {
		c.times = slices.Insert(c.times, c.place(u.at), u.at)
	}
	c.units[action] = u
	delete(c.leased, action)
	if !u.lease.IsZero() {
		c.leased[action] = struct{}{}
	}
}

// tidy drops what is past the window for every ask to come, once there is much of it.
func (c *counter) tidy(now time.Time) {
	if len(c.units) <= c.grown {
		return
	}
	if at := now.Add(-slack); at.After(c.from) {
		c.from = at
	}
	oldest := c.from.Add(-window)
	for action, u := range c.units {
		if !u.at.After(oldest) {
			delete(c.units, action)
			delete(c.leased, action)
		}
	}
	c.times = slices.DeleteFunc(c.times, func(t time.Time) bool { return !t.After(oldest) })
	c.grown = max(roomy, 2*len(c.units))
}

// inUse gives the times of the units that count, as fatigue.InUse does, in order. They stay the counter's own.
func (c *counter) inUse(now time.Time) []time.Time {
	from := now.Add(-window)
	first := c.place(from)
	for first < len(c.times) && c.times[first].Equal(from) {
		first++
	}
	return c.times[first:max(first, c.place(now.Add(window)))]
}

// merge adds what was recorded and is not known.
func (c *counter) merge(recorded map[string]time.Time) {
	for action, at := range recorded {
		if _, known := c.units[action]; !known {
			c.units[action] = unit{at: at}
			c.times = append(c.times, at)
		}
	}
	slices.SortFunc(c.times, time.Time.Compare)
	c.grown = max(roomy, 2*len(c.units))
}

func (c *counter) commit(actions []string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range actions {
		c.put(a, unit{at: at})
	}
	c.tidy(at)
}

func (c *counter) release(actions []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range actions {
		c.remove(a)
	}
}

// taking is a counter as one Reserve sees it.
type taking struct {
	*counter
	now, real time.Time
}

// Used implements fatigue.Repo.
func (t taking) Used(limit int) (int, time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(t.real)
	return used(t.inUse(t.now), limit)
}

// Take implements fatigue.Repo. The unit is held for a lease, like the actor's.
func (t taking) Take(limit int, action string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(t.real)
	if len(t.inUse(t.now)) >= limit {
		return false
	}
	t.put(action, unit{at: t.now, lease: t.real.Add(fatigue.Lease)})
	t.tidy(t.now)
	return true
}

// looking is a counter as one Preview sees it: a copy, from which units can be taken in play.
type looking struct {
	now   time.Time
	times []time.Time
}

func (c *counter) look(now, real time.Time) *looking {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expire(real)
	return &looking{now: now, times: slices.Clone(c.inUse(now))}
}

// Used implements fatigue.Repo.
func (l *looking) Used(limit int) (int, time.Time) { return used(l.times, limit) }

// Take implements fatigue.Repo.
func (l *looking) Take(limit int, _ string) bool {
	if len(l.times) >= limit {
		return false
	}
	i, _ := slices.BinarySearchFunc(l.times, l.now, time.Time.Compare)
	l.times = slices.Insert(l.times, i, l.now)
	return true
}

// used tells of units in order what fatigue.Repo wants to know; of those the last limit ones decide.
func used(times []time.Time, limit int) (int, time.Time) {
	if limit <= 0 || len(times) < limit {
		return len(times), time.Time{}
	}
	return len(times), fatigue.Room(times[len(times)-limit:], limit)
}
