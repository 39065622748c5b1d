package memory

import (
	"slices"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/fatigue"
)

const (
	// slack is how far apart the clocks of two asks may be and still be judged by the same memory.
	slack = time.Hour
	// roomy is how many entries an account may gather before those that no longer matter are dropped.
	roomy = 128
)

// account is what one actor was shown. Its lock is taken before a counter's, never after.
type account struct {
	mu      sync.Mutex
	entries []fatigue.Entry
	from    time.Time // asks from this moment on can be judged; earlier ones need what has been dropped or was never read
}

func (a *account) held(real time.Time) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.ContainsFunc(a.entries, func(e fatigue.Entry) bool { return !e.LeaseUntil.IsZero() && !e.Expired(real) })
}

// judge must be called with the lock held.
func (a *account) judge(ask fatigue.Ask, repo fatigue.Repo, real time.Time) []fatigue.Verdict {
	return fatigue.Judge(fatigue.Live(slices.Clone(a.entries), ask.Now, real), ask, repo)
}

// add must be called with the lock held.
func (a *account) add(entries []fatigue.Entry, now, real time.Time) {
	a.entries = append(a.entries, entries...)
	if len(a.entries) > roomy {
		if at := now.Add(-slack); at.After(a.from) {
			a.from = at
		}
		a.entries = fatigue.Live(a.entries, a.from, real)
	}
}

// merge adds what was recorded and is not known; what is known may be newer. It must be called with the lock held.
func (a *account) merge(recorded []fatigue.Entry) {
	known := make(map[string]bool, len(a.entries))
	for _, e := range a.entries {
		known[e.Action] = true
	}
	for _, e := range recorded {
		if !known[e.Action] {
			known[e.Action] = true
			a.entries = append(a.entries, e)
		}
	}
}

func (a *account) commit(entries []fatigue.Entry, now, real time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var missing []fatigue.Entry
	for _, e := range entries {
		if i := slices.IndexFunc(a.entries, func(o fatigue.Entry) bool { return o.Action == e.Action }); i >= 0 {
			a.entries[i].LeaseUntil = time.Time{}
			continue
		}
		missing = append(missing, e)
	}
	a.add(missing, now, real)
}

func (a *account) release(actions []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.entries = slices.DeleteFunc(a.entries, func(e fatigue.Entry) bool { return slices.Contains(actions, e.Action) })
}

func (a *account) close(actions []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.entries {
		if slices.Contains(actions, a.entries[i].Action) {
			a.entries[i].OpenUntil = time.Time{}
		}
	}
}
