package intake

import (
	"slices"
	"strings"
	"time"
)

// repoMemory is what is remembered of one repository.
type repoMemory struct {
	commits []commitMemory // a ring: next is the oldest once it is full
	next    int
	sizes   sizes
}

type commitMemory struct {
	sha     string
	subject string
	at      time.Time
}

// remember keeps a change findable for the revert that may follow.
func (r *repoMemory) remember(c Change) {
	m := commitMemory{sha: strings.ToLower(c.SHA), subject: plainSubject(c.Subject), at: c.Occurred}
	if len(r.commits) < maxCommits {
		r.commits = append(r.commits, m)
		return
	}
	r.commits[r.next] = m
	r.next = (r.next + 1) % maxCommits
}

// reverted finds when the change that c takes back was made: by id, else the latest with the quoted subject.
func (r *repoMemory) reverted(c Change) (time.Time, bool) {
	if !c.isRevert() {
		return time.Time{}, false
	}
	for _, id := range c.Reverts {
		id = strings.ToLower(id)
		if len(id) < 7 { // fewer digits may mean several commits
			continue
		}
		if at, ok := r.latest(c.Occurred, func(m commitMemory) bool { return strings.HasPrefix(m.sha, id) }); ok {
			return at, true
		}
	}
	subject, cut := c.revertedSubject()
	switch {
	case subject == "":
		return time.Time{}, false
	case cut && len([]rune(subject)) >= minCutSubject:
		return r.latest(c.Occurred, func(m commitMemory) bool { return strings.HasPrefix(m.subject, subject) })
	default:
		return r.latest(c.Occurred, func(m commitMemory) bool { return m.subject == subject })
	}
}

// latest gives the time of the latest matching change that is not after limit.
func (r *repoMemory) latest(limit time.Time, match func(commitMemory) bool) (time.Time, bool) {
	var best time.Time
	found := false
	for _, m := range r.commits {
		if !m.at.After(limit) && (!found || m.at.After(best)) && match(m) {
			best, found = m.at, true
		}
	}
	return best, found
}

// sizes is the running median of the last changes.
type sizes struct {
	arrived []int64 // in order of arrival
	sorted  []int64
}

// ratio gives size divided by the median, rounded half up; false while too little is known.
func (s *sizes) ratio(size int64) (int64, bool) {
	n := len(s.sorted)
	if n < minSizes {
		return 0, false
	}
	double := s.sorted[(n-1)/2] + s.sorted[n/2] // twice the median, so that no half is lost
	return (4*size + double) / (2 * double), true
}

// add counts one more change and forgets the oldest when there are enough.
func (s *sizes) add(size int64) {
	if len(s.arrived) == maxSizes {
		i, _ := slices.BinarySearch(s.sorted, s.arrived[0])
		s.sorted = slices.Delete(s.sorted, i, i+1)
		s.arrived = s.arrived[1:]
	}
	s.arrived = append(s.arrived, size)
	i, _ := slices.BinarySearch(s.sorted, size)
	s.sorted = slices.Insert(s.sorted, i, size)
}
