// Package policy holds what the policy service has said and for how long that may be relied on, and the gate: the only
// place where a playbook.Candidate becomes Permitted. The zero Snapshot permits nothing, so a forgotten fetch is a denial.
package policy

import (
	"time"

	"github.com/zeroui/mmm-engine/domain/intervention"
)

// Freshness is how far a snapshot may be trusted.
type Freshness int

// The degrees. The zero value is Expired: unknown age is no age.
const (
	Expired Freshness = iota
	Stale
	Fresh
)

// Ages are the bounds between the degrees.
type Ages struct {
	Fresh time.Duration // up to this old a snapshot is fresh
	Stale time.Duration // up to this old it may be used, without Multipliers
}

// Snapshot is a dated answer of the policy service for one tenant.
type Snapshot struct {
	Allowed      bool
	ID           string
	VersionIDs   []string
	Restrictions []intervention.Kind
	FetchedAt    time.Time
	// Outdated is set once somebody has said that the policy was changed since: it is no longer fresh, whatever its age.
	Outdated bool
	// Local is set for a snapshot made from our own settings: it is never stale, there is nobody to ask.
	Local bool
}

// FromSettings is the snapshot of a deployment without a policy service: it allows everything; what settings switch off is
// judged as type_disabled.
func FromSettings(now time.Time) Snapshot {
	return Snapshot{Allowed: true, ID: "settings", VersionIDs: []string{}, FetchedAt: now, Local: true}
}

// Freshness judges the snapshot's age.
func (s Snapshot) Freshness(now time.Time, ages Ages) Freshness {
	age := now.Sub(s.FetchedAt)
	switch {
	case s.ID == "":
		return Expired
	case s.Local || age <= ages.Fresh && !s.Outdated:
		return Fresh
	case age <= ages.Stale:
		return Stale
	default:
		return Expired
	}
}
