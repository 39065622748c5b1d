package intake

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/signal"
)

// The bounds of what a Deriver remembers.
const (
	maxRepos      = 64
	maxCommits    = 5000  // per repository, to find what a revert reverts
	maxSizes      = 500   // per repository, for the median
	minSizes      = 20    // fewer say nothing about what is usual
	maxTouched    = 20000 // pairs of actor and file
	maxActors     = 5000  // whose nights are counted
	maxSeen       = 50000 // changes, to know one again after a rebase
	maxMoments    = 100   // per file or night
	maxReverts    = 10    // per message
	maxFiles      = 1000  // per change
	fileWindow    = 24 * time.Hour
	nightWindow   = 12 * time.Hour
	nightBegins   = 22 // local hours, half-open [22,6)
	nightEnds     = 6
	minCutSubject = 20 // letters of a subject cut short that are enough to know it by
)

// Deriver computes the facts about a change that need the changes before it. It keeps its memory in bounds, reads no clock, and
// gives the same facts for the same changes in the same order. It is not safe for concurrent use: an order is what it needs.
type Deriver struct {
	seen    *bounded[string, struct{}]
	touched *bounded[string, []time.Time]
	nights  *bounded[actor.ID, []time.Time]
	repos   *bounded[string, *repoMemory]
}

// NewDeriver gives a Deriver that has seen nothing.
func NewDeriver() *Deriver {
	return &Deriver{
		seen:    newBounded[string, struct{}](maxSeen),
		touched: newBounded[string, []time.Time](maxTouched),
		nights:  newBounded[actor.ID, []time.Time](maxActors),
		repos:   newBounded[string, *repoMemory](maxRepos),
	}
}

// Facts derives what may be kept of a change and remembers the change:
//
//	additions, deletions, changed_files
//	is_revert              its message takes another change back
//	reverted_age_hours     whole hours from that change to this; absent when that change is not known
//	agent_authored         the author is an AI agent, whoever the co-authors are
//	human_coauthors        people among the co-authors
//	same_file_count_24h    of this actor's changes, authored in the 24 h up to this one, how many touched the same file, for the
//	                       file with most, this one included
//	size_vs_repo_median    changed lines by the median of the repository's last 500 changes, rounded; absent before 20 of them
//	off_hours_count_12h    for a human: changes authored between 22:00 and 06:00 of the author's own time, in the 12 h before
//
// A change that was told before (rebased, or landing) is no new work: same_file_count_24h and size_vs_repo_median are absent
// then. So is same_file_count_24h for work authored more than a day before it arrived, because it would speak of another day.
func (d *Deriver) Facts(c Change) signal.Payload {
	repo := d.repo(c.Repo)
	if len(c.Files) > maxFiles {
		c.Files = c.Files[:maxFiles]
	}
	out := signal.Payload{
		"additions": c.Additions, "deletions": c.Deletions, "changed_files": c.FileCount,
		"is_revert": c.isRevert(), "agent_authored": c.ActorType == actor.AIAgent, "human_coauthors": c.humanCoAuthors(),
	}
	if at, ok := repo.reverted(c); ok {
		out["reverted_age_hours"] = int64(c.Occurred.Sub(at) / time.Hour)
	}
	if c.ActorType == actor.Human && c.Actor != "" && !c.Authored.IsZero() {
		out["off_hours_count_12h"] = d.offHours(c)
	}
	if !d.again(c) {
		d.work(c, repo, out)
	}
	repo.remember(c)
	return out
}

// work adds the facts that only new work has, and counts it.
func (d *Deriver) work(c Change, repo *repoMemory, out signal.Payload) {
	if n := d.sameFile(c); n > 0 && c.Occurred.Sub(c.Authored) <= fileWindow {
		out["same_file_count_24h"] = n
	}
	if size := c.Additions + c.Deletions; size > 0 && c.ParentCount < 2 {
		if times, ok := repo.sizes.ratio(size); ok {
			out["size_vs_repo_median"] = times
		}
		repo.sizes.add(size)
	}
	if c.ActorType == actor.Human && c.Actor != "" && offHour(c.Authored) {
		past, _ := d.nights.get(c.Actor)
		d.nights.put(c.Actor, keepLast(past, c.Authored))
	}
}

func (d *Deriver) repo(id string) *repoMemory {
	r, ok := d.repos.get(id)
	if !ok {
		r = &repoMemory{}
		d.repos.put(id, r)
	}
	return r
}

// again reports whether the change brings nothing new. A rebase gives a commit another id and leaves author, time of writing and
// subject as they were.
func (d *Deriver) again(c Change) bool {
	if c.Landing || c.Authored.IsZero() {
		return true
	}
	k := strings.Join([]string{c.Repo, string(c.Actor), strconv.FormatInt(c.Authored.Unix(), 10), plainSubject(c.Subject)}, "|")
	_, seen := d.seen.get(k)
	d.seen.put(k, struct{}{})
	return seen
}

// sameFile counts this actor's recent changes of the file that has most of them, and remembers this change.
func (d *Deriver) sameFile(c Change) int64 {
	if c.Actor == "" {
		return 0
	}
	most, done := int64(0), map[string]bool{}
	for _, f := range c.Files {
		if done[f.Path] {
			continue
		}
		done[f.Path] = true
		k := c.Repo + "|" + string(c.Actor) + "|" + f.Path
		past, _ := d.touched.get(k)
		moments := keepLast(past, c.Authored)
		d.touched.put(k, moments)
		most = max(most, within(moments, c.Authored.Add(-fileWindow), c.Authored))
	}
	return most
}

// offHours counts the night work in the hours before the change; the change itself is not yet counted.
func (d *Deriver) offHours(c Change) int64 {
	past, _ := d.nights.get(c.Actor)
	return within(past, c.Occurred.Add(-nightWindow), c.Occurred)
}

// offHour judges a time by the clock of whoever wrote it.
func offHour(t time.Time) bool { return t.Hour() >= nightBegins || t.Hour() < nightEnds }

// within counts the moments in (from, to].
func within(moments []time.Time, from, to time.Time) int64 {
	n := int64(0)
	for _, m := range moments {
		if m.After(from) && !m.After(to) {
			n++
		}
	}
	return n
}

// keepLast appends a moment and forgets the ones that came first when there are too many.
func keepLast(moments []time.Time, m time.Time) []time.Time {
	moments = append(moments, m)
	if over := len(moments) - maxMoments; over > 0 {
		moments = slices.Delete(moments, 0, over)
	}
	return moments
}
