package playbook

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Status is where a playbook stands. It is published while a live version exists.
type Status string

// The statuses.
const (
	Draft      Status = "draft"
	Published  Status = "published"
	Deprecated Status = "deprecated"
)

// ParseStatus reads a status.
func ParseStatus(s string) (Status, bool) {
	switch v := Status(s); v {
	case Draft, Published, Deprecated:
		return v, true
	}
	return "", false
}

// Version is one published definition. It never changes.
type Version struct {
	Number         int
	PublishedAt    time.Time
	PublishedByRef string
	Definition     Definition
}

// State is everything a Playbook holds, for storage and display. Zero numbers mean "none".
type State struct {
	ID        ID
	Tenant    tenant.ID
	Status    Status
	Draft     *Definition
	Live      *Version
	Shadow    int
	Versions  int // how many have been published
	Probation bool
	CreatedAt time.Time
	UpdatedAt time.Time
	Revision  int64 // grows with every change
}

// Playbook is the aggregate: a draft behind a live version, and the verbs that move them.
type Playbook struct{ s State }

// New makes a draft.
func New(id ID, t tenant.ID, def Definition, now time.Time) Playbook {
	return Playbook{State{ID: id, Tenant: t, Status: Draft, Draft: &def, CreatedAt: now, UpdatedAt: now, Revision: 1}}
}

// Restore brings a stored playbook back. Only storage calls it.
func Restore(s State) Playbook { return Playbook{s} }

// State gives a copy of what the playbook holds.
func (p Playbook) State() State { return p.s }

// Shown is the definition that authors see: the draft if there is one, else the live version's.
func (p Playbook) Shown() Definition {
	switch {
	case p.s.Draft != nil:
		return *p.s.Draft
	case p.s.Live != nil:
		return p.s.Live.Definition
	}
	return Definition{}
}

// DraftNumber is the number the draft would get when published; 0 without a draft, and for a deprecated playbook, which
// cannot be published any more.
func (p Playbook) DraftNumber() int {
	if p.s.Draft == nil || p.s.Status == Deprecated {
		return 0
	}
	return p.s.Versions + 1
}

func (p Playbook) touched(now time.Time) Playbook {
	p.s.UpdatedAt = now
	p.s.Revision++
	return p
}

// Revise makes or changes the draft; the live version keeps firing.
func (p Playbook) Revise(def Definition, now time.Time) (Playbook, error) {
	if p.s.Status == Deprecated {
		return p, fault.Conflictf("a deprecated playbook cannot be changed")
	}
	p.s.Draft = &def
	return p.touched(now), nil
}

// Publish makes the draft the live version in one step.
func (p Playbook) Publish(byRef string, now time.Time) (Playbook, error) {
	switch {
	case p.s.Status == Deprecated:
		return p, fault.Conflictf("a deprecated playbook cannot be published")
	case p.s.Draft == nil:
		return p, fault.Conflictf("there is no draft to publish; %d versions have been published", p.s.Versions)
	}
	if f := p.s.Draft.Publishable(); len(f) > 0 {
		return p, fault.Validation(f...)
	}
	return p.golive(*p.s.Draft, byRef, now), nil
}

// Rollback publishes an older version as a new one. A draft stays as it is.
func (p Playbook) Rollback(older Version, byRef string, now time.Time) (Playbook, error) {
	switch {
	case p.s.Status == Deprecated:
		return p, fault.Conflictf("a deprecated playbook cannot be rolled back")
	case p.s.Live == nil:
		return p, fault.Conflictf("the playbook was never published")
	}
	draft := p.s.Draft
	p = p.golive(older.Definition, byRef, now)
	p.s.Draft = draft
	return p, nil
}

func (p Playbook) golive(def Definition, byRef string, now time.Time) Playbook {
	p.s.Versions++
	if p.s.Shadow >= p.s.Versions {
		p.s.Shadow = 0 // the number was the draft's; it has gone live, or been taken by an older version
	}
	p.s.Live = &Version{Number: p.s.Versions, PublishedAt: now, PublishedByRef: byRef, Definition: def}
	p.s.Draft = nil
	p.s.Status = Published
	return p.touched(now)
}

// Deprecate ends the playbook. What it said last stays readable as a draft that nobody can publish. Doing it twice changes
// nothing.
func (p Playbook) Deprecate(now time.Time) Playbook {
	if p.s.Status == Deprecated {
		return p
	}
	p.s.Status = Deprecated
	if p.s.Draft == nil && p.s.Live != nil {
		last := p.s.Live.Definition
		p.s.Draft = &last
	}
	p.s.Live, p.s.Shadow = nil, 0
	return p.touched(now)
}

// Overlay replaces the top-level keys of a definition that a document names, and gives the whole document again, to be
// read by ParseDefinition.
func Overlay(def Definition, document []byte) ([]byte, error) {
	base, err := json.Marshal(def)
	if err != nil {
		return nil, err
	}
	var whole, part map[string]json.RawMessage
	if err := json.Unmarshal(base, &whole); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(document, &part); err != nil {
		return nil, err
	}
	if part == nil {
		return nil, errors.New("null is no document")
	}
	for k, v := range part {
		if bytes.Equal(bytes.TrimSpace(v), []byte("null")) {
			delete(whole, k)
			continue
		}
		whole[k] = v
	}
	return json.Marshal(whole)
}
