package persistence

import (
	"context"

	"gorm.io/gorm/clause"

	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

type policySnapshotRow struct {
	TenantID     string
	FetchedAt    *int64 // null: nothing was fetched yet, only an epoch announced
	SnapshotID   string
	Allowed      bool
	VersionIDs   string `gorm:"column:version_ids"`
	Restrictions string
	Outdated     bool
	Epoch        string
}

func (policySnapshotRow) TableName() string { return "policy_snapshots" }

// PolicySnapshots is ports.PolicySnapshots.
type PolicySnapshots struct{ db *DB }

// NewPolicySnapshots keeps snapshots in db.
func NewPolicySnapshots(db *DB) *PolicySnapshots { return &PolicySnapshots{db: db} }

// Load gives the snapshot and the newest epoch. A tenant with an epoch and no snapshot yet has the zero snapshot.
func (p *PolicySnapshots) Load(ctx context.Context, t tenant.ID) (ports.StoredSnapshot, error) {
	var row policySnapshotRow
	if err := of(p.db.reader(ctx), t).Take(&row).Error; err != nil {
		return ports.StoredSnapshot{}, missing(ctx, "policy snapshot", err)
	}
	return row.restore()
}

// Save keeps a snapshot unless a newer one is kept. One statement decides it, so that of two replicas the newer wins.
func (p *PolicySnapshots) Save(ctx context.Context, t tenant.ID, s ports.StoredSnapshot) error {
	versions, err := document(s.Snapshot.VersionIDs)
	if err != nil {
		return err
	}
	restrictions, err := document(s.Snapshot.Restrictions)
	if err != nil {
		return err
	}
	row := policySnapshotRow{
		TenantID: string(t), FetchedAt: microsOrNull(s.Snapshot.FetchedAt), SnapshotID: s.Snapshot.ID, Allowed: s.Snapshot.Allowed,
		VersionIDs: versions, Restrictions: restrictions,
		// Where nothing is kept, no epoch is either: only a snapshot that was fetched under none is not outdated.
		Outdated: s.Snapshot.Outdated || s.Epoch != "",
	}
	newer := clause.OnConflict{
		Columns: []clause.Column{{Name: tenantColumn}},
		DoUpdates: append(
			clause.AssignmentColumns([]string{"fetched_at", "snapshot_id", "allowed", "version_ids", "restrictions"}),
			clause.Assignment{
				Column: clause.Column{Name: "outdated"},
				Value:  clause.Expr{SQL: "NOT (policy_snapshots.epoch = ? AND ?)", Vars: []any{s.Epoch, !s.Snapshot.Outdated}},
			}),
		Where: clause.Where{Exprs: []clause.Expression{
			clause.Expr{SQL: "policy_snapshots.fetched_at IS NULL OR policy_snapshots.fetched_at <= excluded.fetched_at"},
		}},
	}
	return failure(ctx, "store policy snapshot", p.db.writer(ctx).Clauses(newer).Create(&row).Error)
}

// Outdate sets the epoch, whatever is kept.
func (p *PolicySnapshots) Outdate(ctx context.Context, t tenant.ID, epoch string) error {
	row := policySnapshotRow{TenantID: string(t), VersionIDs: "null", Restrictions: "null", Outdated: true, Epoch: epoch}
	mark := clause.OnConflict{
		Columns:   []clause.Column{{Name: tenantColumn}},
		DoUpdates: clause.AssignmentColumns([]string{"outdated", "epoch"}),
	}
	return failure(ctx, "outdate policy snapshot", p.db.writer(ctx).Clauses(mark).Create(&row).Error)
}

func (r policySnapshotRow) restore() (ports.StoredSnapshot, error) {
	out := ports.StoredSnapshot{Epoch: r.Epoch}
	if r.FetchedAt == nil {
		return out, nil
	}
	var restrictions []intervention.Kind
	if err := parse(r.Restrictions, &restrictions); err != nil {
		return ports.StoredSnapshot{}, err
	}
	out.Snapshot = policy.Snapshot{
		Allowed: r.Allowed, ID: r.SnapshotID, Restrictions: restrictions, FetchedAt: fromMicros(*r.FetchedAt), Outdated: r.Outdated,
	}
	if err := parse(r.VersionIDs, &out.Snapshot.VersionIDs); err != nil {
		return ports.StoredSnapshot{}, err
	}
	return out, nil
}
