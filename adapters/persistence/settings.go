package persistence

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

type settingsRow struct {
	TenantID  string
	Settings  string
	Revision  int64
	UpdatedAt int64 `gorm:"autoUpdateTime:false"`
}

func (settingsRow) TableName() string { return "tenant_settings" }

// TenantSettings is ports.TenantSettings.
type TenantSettings struct{ db *DB }

// NewTenantSettings keeps settings in db.
func NewTenantSettings(db *DB) *TenantSettings { return &TenantSettings{db: db} }

// Settings gives the stored settings, or the defaults with revision 0.
func (s *TenantSettings) Settings(ctx context.Context, t tenant.ID) (tenant.Settings, int64, error) {
	var row settingsRow
	err := of(s.db.reader(ctx), t).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return tenant.Defaults(), 0, nil
	}
	if err != nil {
		return tenant.Settings{}, 0, failure(ctx, "find settings", err)
	}
	var out tenant.Settings
	if err := parse(row.Settings, &out); err != nil {
		return tenant.Settings{}, 0, err
	}
	return out, row.Revision, nil
}

// Put stores settings over the given revision.
func (s *TenantSettings) Put(ctx context.Context, t tenant.ID, settings tenant.Settings, revision int64, now time.Time) error {
	doc, err := document(settings)
	if err != nil {
		return err
	}
	row := settingsRow{TenantID: string(t), Settings: doc, Revision: revision + 1, UpdatedAt: micros(now)}
	h := s.db.writer(ctx)
	if revision == 0 {
		return stored(ctx, "settings", h.Clauses(clause.OnConflict{DoNothing: true}).Create(&row))
	}
	return stored(ctx, "settings", of(h.Model(&settingsRow{}), t).Where("revision = ?", revision).
		Updates(map[string]any{"settings": doc, "revision": row.Revision, "updated_at": row.UpdatedAt}))
}

// stored gives Conflict where a conditional write found nothing to write.
func stored(ctx context.Context, thing string, done *gorm.DB) error {
	if done.Error != nil {
		return failure(ctx, "store "+thing, done.Error)
	}
	if done.RowsAffected == 0 {
		return fault.Conflictf("the %s were changed by somebody else", thing)
	}
	return nil
}

type preferencesRow struct {
	TenantID     string
	ActorID      string
	PreferenceID string
	OptOut       string
	Surfaces     string
	SnoozeUntil  *int64
	Timezone     *string
	Revision     int64
	CreatedAt    int64 `gorm:"autoCreateTime:false"`
	UpdatedAt    int64 `gorm:"autoUpdateTime:false"`
}

func (preferencesRow) TableName() string { return "preferences" }

// Preferences is ports.Preferences.
type Preferences struct{ db *DB }

// NewPreferences keeps preferences in db.
func NewPreferences(db *DB) *Preferences { return &Preferences{db: db} }

// Preferences gives what the actor chose.
func (p *Preferences) Preferences(ctx context.Context, t tenant.ID, a actor.ID) (ports.StoredPreferences, error) {
	var row preferencesRow
	err := of(p.db.reader(ctx), t).Where("actor_id = ?", string(a)).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return ports.StoredPreferences{}, nil
	}
	if err != nil {
		return ports.StoredPreferences{}, failure(ctx, "find preferences", err)
	}
	return row.restore()
}

// Put stores preferences over p.Revision. The id and the time of creation are those of the first Put.
func (p *Preferences) Put(
	ctx context.Context, t tenant.ID, a actor.ID, want ports.StoredPreferences, now time.Time,
) (ports.StoredPreferences, error) {
	optOut, err := document(want.Preferences.OptOut)
	if err != nil {
		return ports.StoredPreferences{}, err
	}
	surfaces, err := document(want.Preferences.Surfaces)
	if err != nil {
		return ports.StoredPreferences{}, err
	}
	row := preferencesRow{
		TenantID: string(t), ActorID: string(a), PreferenceID: want.ID, OptOut: optOut, Surfaces: surfaces,
		SnoozeUntil: microsOrNull(want.Preferences.SnoozeUntil), Timezone: want.Preferences.Timezone,
		Revision: want.Revision + 1, CreatedAt: micros(now), UpdatedAt: micros(now),
	}
	var out ports.StoredPreferences
	err = p.db.within(ctx, func(ctx context.Context) error {
		h := p.db.writer(ctx)
		if want.Revision == 0 {
			// Only the actor's own row is a lost race; a preference id that is taken stays an error of its own.
			onActor := clause.OnConflict{Columns: []clause.Column{{Name: tenantColumn}, {Name: "actor_id"}}, DoNothing: true}
			err = stored(ctx, "preferences", h.Clauses(onActor).Create(&row))
		} else {
			err = stored(ctx, "preferences", of(h.Model(&preferencesRow{}), t).
				Where("actor_id = ?", string(a)).Where("revision = ?", want.Revision).
				Updates(map[string]any{
					"opt_out": optOut, "surfaces": surfaces, "snooze_until": row.SnoozeUntil, "timezone": row.Timezone,
					"revision": row.Revision, "updated_at": row.UpdatedAt,
				}))
		}
		if err != nil {
			return err
		}
		out, err = p.Preferences(ctx, t, a)
		return err
	})
	return out, err
}

func (r preferencesRow) restore() (ports.StoredPreferences, error) {
	out := ports.StoredPreferences{
		ID: r.PreferenceID, Revision: r.Revision, CreatedAt: fromMicros(r.CreatedAt), UpdatedAt: fromMicros(r.UpdatedAt),
		Preferences: actor.Preferences{SnoozeUntil: fromNull(r.SnoozeUntil), Timezone: r.Timezone},
	}
	if err := parse(r.OptOut, &out.Preferences.OptOut); err != nil {
		return ports.StoredPreferences{}, err
	}
	var surfaces []intervention.Surface
	if err := parse(r.Surfaces, &surfaces); err != nil {
		return ports.StoredPreferences{}, err
	}
	out.Preferences.Surfaces = surfaces
	return out, nil
}
