package fatigue

import (
	"time"

	"github.com/zeroui/mmm-engine/domain/playbook"
)

// Fate is how one action was taken by an agent. Ended is when it was ignored or expired; Heeded is set when it was not.
type Fate struct {
	Playbook playbook.ID
	Heeded   bool
	Ended    time.Time
}

// How often an agent may let the same nudge pass, and how long it is then left alone.
const (
	repetitions    = 3
	repetitionRest = 7 * 24 * time.Hour
)

// FateHistory is how far back fates matter: three nudges that each waited a day to expire, and the rest after them.
const FateHistory = 2 * repetitionRest

// Repetitive gives, by playbook, until when an agent is left alone: the same playbook and repo ignored or expired three times
// in a row. fates are those of one repo, newest first; what has not ended yet says nothing.
func Repetitive(fates []Fate, now time.Time) map[string]time.Time {
	type run struct {
		n      int
		broken bool
		last   time.Time
	}
	runs := map[playbook.ID]*run{}
	for _, f := range fates {
		if f.Ended.After(now) && !f.Heeded {
			continue
		}
		r := runs[f.Playbook]
		if r == nil {
			r = &run{}
			runs[f.Playbook] = r
		}
		if r.broken {
			continue
		}
		if f.Heeded {
			r.broken = true
			continue
		}
		if r.n == 0 {
			r.last = f.Ended
		}
		r.n++
	}
	out := map[string]time.Time{}
	for id, r := range runs {
		if until := r.last.Add(repetitionRest); r.n >= repetitions && until.After(now) {
			out[string(id)] = until
		}
	}
	return out
}
