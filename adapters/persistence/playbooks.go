package persistence

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

const playbookList = "playbooks"

// Playbooks is ports.Playbooks.
type Playbooks struct{ db *DB }

// NewPlaybooks keeps playbooks in db.
func NewPlaybooks(db *DB) *Playbooks { return &Playbooks{db: db} }

// Create stores a new playbook, with its live version if it has one.
func (s *Playbooks) Create(ctx context.Context, t tenant.ID, p playbook.Playbook) error {
	st := p.State()
	if st.Tenant != t {
		return errors.New("create playbook: it belongs to another tenant")
	}
	row, err := rowOfPlaybook(st)
	if err != nil {
		return err
	}
	return s.db.within(ctx, func(ctx context.Context) error {
		if err := s.db.writer(ctx).Create(&row).Error; err != nil {
			return failure(ctx, "store playbook", err)
		}
		return s.published(ctx, t, playbook.State{}, st)
	})
}

// ByID finds one playbook.
func (s *Playbooks) ByID(ctx context.Context, t tenant.ID, id playbook.ID) (playbook.Playbook, error) {
	var row playbookRow
	h := s.db.reader(ctx)
	if err := of(h, t).Where("playbook_id = ?", string(id)).Take(&row).Error; err != nil {
		return playbook.Playbook{}, missing(ctx, "playbook", err)
	}
	all, err := s.restore(ctx, h, t, []playbookRow{row})
	if err != nil {
		return playbook.Playbook{}, err
	}
	return all[0], nil
}

// List gives a page of playbooks by id.
func (s *Playbooks) List(ctx context.Context, t tenant.ID, status playbook.Status, page ports.Page) ([]playbook.Playbook, string, error) {
	from, err := after(playbookList, page.Cursor)
	if err != nil {
		return nil, "", err
	}
	limit := limitOf(page)
	h := s.db.reader(ctx)
	q := of(h, t).Where("playbook_id > ?", from)
	if status != "" {
		q = q.Where("status = ?", string(status))
	}
	var rows []playbookRow
	if err := q.Order("playbook_id").Limit(limit + 1).Find(&rows).Error; err != nil {
		return nil, "", failure(ctx, "list playbooks", err)
	}
	next := ""
	if len(rows) > limit {
		rows = rows[:limit]
		next = cursorAt(playbookList, rows[limit-1].PlaybookID)
	}
	all, err := s.restore(ctx, h, t, rows)
	return all, next, err
}

// restore brings rows back, each with its live version.
func (s *Playbooks) restore(ctx context.Context, h *gorm.DB, t tenant.ID, rows []playbookRow) ([]playbook.Playbook, error) {
	var wanted [][]any
	for _, r := range rows {
		if r.LiveVersion != nil {
			wanted = append(wanted, []any{r.PlaybookID, *r.LiveVersion})
		}
	}
	live := map[string]*playbook.Version{}
	if len(wanted) > 0 {
		var versions []versionRow
		if err := of(h, t).Where("(playbook_id, number) IN ?", wanted).Find(&versions).Error; err != nil {
			return nil, failure(ctx, "find live versions", err)
		}
		for _, v := range versions {
			version, err := v.restore()
			if err != nil {
				return nil, err
			}
			live[v.PlaybookID] = &version
		}
	}
	out := make([]playbook.Playbook, len(rows))
	for i, r := range rows {
		p, err := r.restore(live[r.PlaybookID])
		if err != nil {
			return nil, err
		}
		out[i] = p
	}
	return out, nil
}

// Update changes a playbook. It reads and lets change work outside any transaction of its own, so that the write connection
// is not held meanwhile, and then writes over the revision it read; where that was passed by another call it begins anew.
func (s *Playbooks) Update(
	ctx context.Context, t tenant.ID, id playbook.ID, change func(playbook.Playbook) (playbook.Playbook, error),
) (playbook.Playbook, error) {
	for {
		old, err := s.ByID(ctx, t, id)
		if err != nil {
			return playbook.Playbook{}, err
		}
		changed, err := change(old)
		if err != nil {
			return playbook.Playbook{}, err
		}
		written, err := s.replace(ctx, t, old.State(), changed.State())
		if err != nil {
			return playbook.Playbook{}, err
		}
		if written {
			return changed, nil
		}
	}
}

// replace writes a changed playbook; false where the stored one is no longer the old one.
func (s *Playbooks) replace(ctx context.Context, t tenant.ID, old, changed playbook.State) (bool, error) {
	switch {
	case changed.ID != old.ID || changed.Tenant != t:
		return false, errors.New("update playbook: its identity was changed")
	case changed.Versions > old.Versions+1:
		return false, errors.New("update playbook: only one version can be published at a time")
	case changed.Revision == old.Revision:
		return true, nil // nothing was changed
	}
	row, err := rowOfPlaybook(changed)
	if err != nil {
		return false, err
	}
	written := false
	err = s.db.within(ctx, func(ctx context.Context) error {
		done := of(s.db.writer(ctx).Model(&playbookRow{}), t).
			Where("playbook_id = ?", row.PlaybookID).Where("revision = ?", old.Revision).
			Updates(row.columns())
		if done.Error != nil {
			return failure(ctx, "store playbook", done.Error)
		}
		if written = done.RowsAffected == 1; !written {
			return nil
		}
		return s.published(ctx, t, old, changed)
	})
	return written, err
}

// published stores the version that a change has published, and moves the stamp.
func (s *Playbooks) published(ctx context.Context, t tenant.ID, old, changed playbook.State) error {
	h := s.db.writer(ctx)
	if changed.Versions > old.Versions {
		if changed.Live == nil || changed.Live.Number != changed.Versions {
			return fmt.Errorf("store playbook: version %d is not there", changed.Versions)
		}
		row, err := rowOfVersion(t, changed.ID, *changed.Live)
		if err != nil {
			return err
		}
		if err := h.Create(&row).Error; err != nil {
			return failure(ctx, "store version", err)
		}
	}
	grow := clause.OnConflict{
		Columns:   []clause.Column{{Name: tenantColumn}},
		DoUpdates: clause.Assignments(map[string]any{"stamp": gorm.Expr("playbook_stamps.stamp + 1")}),
	}
	return failure(ctx, "move stamp", h.Clauses(grow).Create(&stampRow{TenantID: string(t), Stamp: 1}).Error)
}

// Versions lists what was published, newest first; NotFound where there is no such playbook.
func (s *Playbooks) Versions(ctx context.Context, t tenant.ID, id playbook.ID) ([]playbook.Version, error) {
	h := s.db.reader(ctx)
	var known int64
	if err := of(h.Model(&playbookRow{}), t).Where("playbook_id = ?", string(id)).Count(&known).Error; err != nil {
		return nil, failure(ctx, "find playbook", err)
	}
	if known == 0 {
		return nil, fault.NotFoundf("there is no such playbook")
	}
	var rows []versionRow
	if err := of(h, t).Where("playbook_id = ?", string(id)).Order("number DESC").Find(&rows).Error; err != nil {
		return nil, failure(ctx, "list versions", err)
	}
	out := make([]playbook.Version, len(rows))
	for i, r := range rows {
		v, err := r.restore()
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// Version finds one published version.
func (s *Playbooks) Version(ctx context.Context, t tenant.ID, id playbook.ID, number int) (playbook.Version, error) {
	var row versionRow
	err := of(s.db.reader(ctx), t).Where("playbook_id = ?", string(id)).Where("number = ?", number).Take(&row).Error
	if err != nil {
		return playbook.Version{}, missing(ctx, "version", err)
	}
	return row.restore()
}

// Live gives what decides and what shadows. The stamp is read first: a change that comes between makes it older than what
// is given with it, and so is noticed at the next look.
func (s *Playbooks) Live(ctx context.Context, t tenant.ID) ([]ports.LiveVersion, string, error) {
	stamp, err := s.LiveStamp(ctx, t)
	if err != nil {
		return nil, "", err
	}
	h := s.db.reader(ctx)
	var rows []liveRow
	err = of(h.Model(&playbookRow{}), t).
		Select("playbooks.playbook_id", "playbooks.live_version", "playbook_versions.number", "playbook_versions.definition").
		Joins("JOIN playbook_versions ON playbook_versions.tenant_id = playbooks.tenant_id" +
			" AND playbook_versions.playbook_id = playbooks.playbook_id" +
			" AND playbook_versions.number IN (playbooks.live_version, playbooks.shadow_version)").
		Order("playbooks.playbook_id, playbook_versions.number").Scan(&rows).Error
	if err != nil {
		return nil, "", failure(ctx, "find live versions", err)
	}
	// A shadow may be the draft: then its number is the one the draft would get.
	var drafts []liveRow
	err = of(h.Model(&playbookRow{}), t).
		Select("playbook_id", "live_version", "shadow_version AS number", "draft AS definition").
		Where("shadow_version > versions").Where("draft IS NOT NULL").Order("playbook_id").Scan(&drafts).Error
	if err != nil {
		return nil, "", failure(ctx, "find shadows", err)
	}
	out := make([]ports.LiveVersion, 0, len(rows)+len(drafts))
	for _, r := range append(rows, drafts...) {
		v := ports.LiveVersion{Playbook: playbook.ID(r.PlaybookID), Number: r.Number, Shadow: r.LiveVersion == nil || *r.LiveVersion != r.Number}
		if err := parse(r.Definition, &v.Definition); err != nil {
			return nil, "", err
		}
		out = append(out, v)
	}
	return out, stamp, nil
}

// LiveStamp gives the stamp alone.
func (s *Playbooks) LiveStamp(ctx context.Context, t tenant.ID) (string, error) {
	var row stampRow
	err := of(s.db.reader(ctx), t).Take(&row).Error
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return "", failure(ctx, "find stamp", err)
	}
	return strconv.FormatInt(row.Stamp, 10), nil
}
