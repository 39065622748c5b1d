package persistence

import (
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

type playbookRow struct {
	TenantID      string
	PlaybookID    string
	Status        string
	Draft         *string
	LiveVersion   *int
	ShadowVersion *int
	Versions      int
	Probation     bool
	Revision      int64
	CreatedAt     int64 `gorm:"autoCreateTime:false"`
	UpdatedAt     int64 `gorm:"autoUpdateTime:false"`
}

func (playbookRow) TableName() string { return "playbooks" }

type versionRow struct {
	TenantID       string
	PlaybookID     string
	Number         int
	Definition     string
	PublishedAt    int64
	PublishedByRef string
}

func (versionRow) TableName() string { return "playbook_versions" }

type stampRow struct {
	TenantID string
	Stamp    int64
}

func (stampRow) TableName() string { return "playbook_stamps" }

// liveRow is what Live reads of a playbook and one of its versions.
type liveRow struct {
	PlaybookID  string
	LiveVersion *int
	Number      int
	Definition  string
}

func rowOfPlaybook(s playbook.State) (playbookRow, error) {
	r := playbookRow{
		TenantID: string(s.Tenant), PlaybookID: string(s.ID), Status: string(s.Status), Versions: s.Versions,
		Probation: s.Probation, Revision: s.Revision, CreatedAt: micros(s.CreatedAt), UpdatedAt: micros(s.UpdatedAt),
	}
	if s.Draft != nil {
		doc, err := document(s.Draft)
		if err != nil {
			return playbookRow{}, err
		}
		r.Draft = &doc
	}
	if s.Live != nil {
		n := s.Live.Number
		r.LiveVersion = &n
	}
	if s.Shadow > 0 {
		n := s.Shadow
		r.ShadowVersion = &n
	}
	return r, nil
}

// columns lists what a change may write.
func (r playbookRow) columns() map[string]any {
	return map[string]any{
		"status": r.Status, "draft": r.Draft, "live_version": r.LiveVersion, "shadow_version": r.ShadowVersion,
		"versions": r.Versions, "probation": r.Probation, "revision": r.Revision, "updated_at": r.UpdatedAt,
	}
}

func (r playbookRow) restore(live *playbook.Version) (playbook.Playbook, error) {
	s := playbook.State{
		ID: playbook.ID(r.PlaybookID), Tenant: tenant.ID(r.TenantID), Status: playbook.Status(r.Status), Live: live,
		Versions: r.Versions, Probation: r.Probation, Revision: r.Revision,
		CreatedAt: fromMicros(r.CreatedAt), UpdatedAt: fromMicros(r.UpdatedAt),
	}
	if r.ShadowVersion != nil {
		s.Shadow = *r.ShadowVersion
	}
	if r.Draft != nil {
		s.Draft = &playbook.Definition{}
		if err := parse(*r.Draft, s.Draft); err != nil {
			return playbook.Playbook{}, err
		}
	}
	return playbook.Restore(s), nil
}

func rowOfVersion(t tenant.ID, id playbook.ID, v playbook.Version) (versionRow, error) {
	doc, err := document(v.Definition)
	if err != nil {
		return versionRow{}, err
	}
	return versionRow{
		TenantID: string(t), PlaybookID: string(id), Number: v.Number, Definition: doc,
		PublishedAt: micros(v.PublishedAt), PublishedByRef: v.PublishedByRef,
	}, nil
}

func (r versionRow) restore() (playbook.Version, error) {
	v := playbook.Version{Number: r.Number, PublishedAt: fromMicros(r.PublishedAt), PublishedByRef: r.PublishedByRef}
	return v, parse(r.Definition, &v.Definition)
}
