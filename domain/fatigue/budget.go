package fatigue

import (
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// The fixed numbers of the budget.
const (
	// Lease is how long a reservation holds without being committed.
	Lease = 10 * time.Second
	// OverrideCap is how many critical nudges may pass quiet hours and cool-down, per actor and day.
	OverrideCap = 5
	// History is how far back a ledger must know what was shown: the longest cool-down.
	History = 7 * 24 * time.Hour

	hour = time.Hour
	day  = 24 * time.Hour
)

// Ask is what one decision wants of the budget. The ledger judges and takes all demands together, in order.
type Ask struct {
	Tenant   tenant.ID
	Actor    actor.ID
	Decision string // tells this decision's own units from earlier ones
	Repo     string // empty: no repo, and no repo cap
	DedupKey string // empty: duplicates are not judged
	Now      time.Time
	Limits   tenant.Quotas
	Demands  []Demand
}

// Demand is one chosen candidate. Action is its unique member in the budget.
type Demand struct {
	Action          string
	Playbook        playbook.ID
	PlaybookPerDay  *int
	RepoPerDay      *int
	Cooldown        time.Duration // 0: none
	Quiet           bool
	MayOverride     bool
	RepetitiveUntil time.Time // zero: not repetitive
}

// Entry is one unit that was taken: an action that is shown, or about to be.
type Entry struct {
	Action    string
	Decision  string
	Playbook  playbook.ID
	Repo      string
	DedupKey  string
	At        time.Time
	OpenUntil time.Time // the action counts as open until then; zero once it has a final outcome
	Override  bool
	// LeaseUntil is set while the unit is reserved and not yet committed.
	LeaseUntil time.Time
}

// Expired reports whether the entry was reserved only, and its lease has run out.
func (e Entry) Expired(wall time.Time) bool {
	return !e.LeaseUntil.IsZero() && !wall.Before(e.LeaseUntil)
}

// Reservation is the ledger's answer: a verdict for each demand, and what was taken until At + Lease.
type Reservation struct {
	Ask      Ask
	Verdicts []Verdict
	At       time.Time // when it was taken, on the ledger's own clock
	OpenFor  time.Duration
}

// Taken lists the actions that hold a unit.
func (r Reservation) Taken() []string {
	var out []string
	for i, v := range r.Verdicts {
		if v.Admitted {
			out = append(out, r.Ask.Demands[i].Action)
		}
	}
	return out
}

// Empty reports whether nothing was taken.
func (r Reservation) Empty() bool { return len(r.Taken()) == 0 }

// Expired reports whether the lease has run out, so that recording would show what the budget no longer holds.
func (r Reservation) Expired(now time.Time) bool {
	return !r.Empty() && !now.Before(r.At.Add(Lease))
}
