package policy

import (
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

// Standards is what gold standards say. Unavailable means: Mirror only. The zero value is a deployment without them.
type Standards struct {
	Unavailable bool
	Restricted  []intervention.Kind
	VersionIDs  []string // of the standards that were read, as id@version
}

// Safety is what the health service says of acting now. Denied refuses Multipliers; the zero value is a deployment without it.
type Safety struct {
	Denied bool
}

// Gatekeepers is what the gate judges by.
type Gatekeepers struct {
	Snapshot  Snapshot
	Freshness Freshness
	Standards Standards
	Safety    Safety
}

// Permitted is a candidate that policy, standards, settings and preferences let through, with the surfaces left to it.
// Only Gate makes one that is not empty.
type Permitted struct {
	candidate playbook.Candidate
	surfaces  []intervention.Surface
}

// Valid reports whether the value came from Gate.
func (p Permitted) Valid() bool { return p.candidate.Valid() }

// Candidate is what was permitted.
func (p Permitted) Candidate() playbook.Candidate { return p.candidate }

// Surfaces are the places where it may be shown, never empty.
func (p Permitted) Surfaces() []intervention.Surface { return p.surfaces }

// Gate judges each candidate: policy, gold standards, tenant settings, preferences, snooze, surfaces, in that order.
func Gate(s *situation.Situation, k Gatekeepers, candidates []playbook.Candidate) ([]Permitted, []suppression.Suppression) {
	var refused []suppression.Suppression
	permitted := make([]Permitted, 0, len(candidates))
	for _, c := range candidates {
		surfaces, no := judge(s, k, c)
		if no != nil {
			refused = append(refused, suppression.Of(c, suppression.Gate, no.reason, no.detail, no.eligible))
			continue
		}
		permitted = append(permitted, Permitted{candidate: c, surfaces: surfaces})
	}
	return permitted, refused
}

type refusal struct {
	reason   suppression.Reason
	detail   suppression.Detail
	eligible *time.Time
}

func refuse(r suppression.Reason, observed, limit any) *refusal {
	return &refusal{reason: r, detail: suppression.Detail{Observed: observed, Limit: limit}}
}

func judge(s *situation.Situation, k Gatekeepers, c playbook.Candidate) ([]intervention.Surface, *refusal) {
	if no := byPolicy(s, k, c.Kind()); no != nil {
		return nil, no
	}
	settings := s.Settings
	if !slices.Contains(settings.EnabledActionTypes, c.Kind()) {
		return nil, refuse(suppression.TypeDisabled, string(c.Kind()), names(settings.EnabledActionTypes))
	}
	offered := c.Action().Surfaces
	open := make([]intervention.Surface, 0, len(offered))
	for _, v := range offered {
		if slices.Contains(settings.EnabledSurfaces, v) && (v != intervention.Alert || s.Signal.Severity >= intervention.High) {
			open = append(open, v)
		}
	}
	if len(open) == 0 {
		return nil, refuse(suppression.SurfaceDisabled, names(offered), names(settings.EnabledSurfaces))
	}
	prefs := s.Preferences
	cat, out := prefs.OptedOut(string(c.Kind()))
	if !out {
		cat, out = prefs.OptedOut(c.Definition().Tags...)
	}
	if out {
		return nil, refuse(suppression.OptedOut, cat, nil)
	}
	if prefs.Snoozed(s.Now) {
		no := refuse(suppression.Snoozed, nil, prefs.SnoozeUntil.UTC().Format(time.RFC3339))
		until := prefs.SnoozeUntil
		no.eligible = &until
		return nil, no
	}
	if len(prefs.Surfaces) > 0 {
		var liked []intervention.Surface
		for _, v := range open {
			if slices.Contains(prefs.Surfaces, v) {
				liked = append(liked, v)
			}
		}
		if len(liked) == 0 {
			return nil, refuse(suppression.NoPreferredSurface, names(open), names(prefs.Surfaces))
		}
		open = liked
	}
	return open, nil
}

func byPolicy(s *situation.Situation, k Gatekeepers, kind intervention.Kind) *refusal {
	multiplier := kind == intervention.Multiplier
	switch {
	case k.Freshness == Expired, k.Freshness == Stale && s.Settings.SafetyCritical:
		return refuse(suppression.PolicyUnavailable, nil, nil)
	case !k.Snapshot.Allowed:
		return refuse(suppression.PolicyDenied, k.Snapshot.ID, nil)
	case slices.Contains(k.Snapshot.Restrictions, kind):
		return refuse(suppression.PolicyRestricted, string(kind), names(k.Snapshot.Restrictions))
	case multiplier && s.Actor.Type == actor.AIAgent && s.Actor.ResponsibleHuman == "":
		// Nobody could consent: an agent's consent comes from its responsible human.
		return refuse(suppression.PolicyRestricted, "no responsible human is configured for this agent", nil)
	case multiplier && k.Freshness == Stale:
		return refuse(suppression.PolicyStale, nil, nil)
	case kind != intervention.Mirror && k.Standards.Unavailable:
		return refuse(suppression.GoldStandardsUnavailable, nil, nil)
	case slices.Contains(k.Standards.Restricted, kind):
		return refuse(suppression.GoldStandard, string(kind), names(k.Standards.Restricted))
	case multiplier && k.Safety.Denied:
		return refuse(suppression.NotSafeToAct, nil, nil)
	}
	return nil
}

func names[T ~string](in []T) []string {
	out := make([]string, len(in))
	for i, v := range in {
		out[i] = string(v)
	}
	return out
}
