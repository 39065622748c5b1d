package fake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// TenantSettings is ports.TenantSettings.
type TenantSettings struct {
	Failing
	s *Store
}

// Settings implements ports.TenantSettings.
func (x *TenantSettings) Settings(ctx context.Context, t tenant.ID) (out tenant.Settings, revision int64, err error) {
	err = x.s.read(ctx, &x.Failing, func(db *tables) error {
		if row, ok := db.settings[t]; ok {
			out, revision = row.settings, row.revision
			return nil
		}
		out = tenant.Defaults()
		return nil
	})
	return out, revision, err
}

// Put implements ports.TenantSettings.
func (x *TenantSettings) Put(ctx context.Context, t tenant.ID, s tenant.Settings, revision int64, _ time.Time) error {
	return x.s.use(ctx, &x.Failing, func(db *tables) error {
		if db.settings[t].revision != revision {
			return fault.Conflictf("the settings were changed by somebody else")
		}
		db.settings[t] = settingsRow{s, revision + 1}
		return nil
	})
}

// Preferences is ports.Preferences.
type Preferences struct {
	Failing
	s *Store
}

// Preferences implements ports.Preferences.
func (x *Preferences) Preferences(ctx context.Context, t tenant.ID, a actor.ID) (out ports.StoredPreferences, err error) {
	err = x.s.read(ctx, &x.Failing, func(db *tables) error {
		out = db.preferences[actorKey{t, a}]
		return nil
	})
	return out, err
}

// Put implements ports.Preferences.
func (x *Preferences) Put(
	ctx context.Context, t tenant.ID, a actor.ID, p ports.StoredPreferences, now time.Time,
) (out ports.StoredPreferences, err error) {
	err = x.s.use(ctx, &x.Failing, func(db *tables) error {
		old := db.preferences[actorKey{t, a}]
		if old.Revision != p.Revision {
			return fault.Conflictf("the preferences were changed by somebody else")
		}
		out = p
		out.Revision++
		out.UpdatedAt, out.CreatedAt = now.UTC(), now.UTC()
		if old.Revision > 0 {
			out.ID, out.CreatedAt = old.ID, old.CreatedAt
		}
		db.preferences[actorKey{t, a}] = out
		return nil
	})
	return out, err
}

// Actors is ports.Actors.
type Actors struct {
	Failing
	s    *Store
	made int // salts, also those of transactions that were undone
}

// Ref implements ports.Actors. Salts are counted, not random.
func (x *Actors) Ref(ctx context.Context, t tenant.ID, a actor.ID) (ref string, err error) {
	err = x.s.use(ctx, &x.Failing, func(db *tables) error {
		salt, ok := db.salts[actorKey{t, a}]
		if !ok {
			x.made++
			salt = fmt.Sprintf("salt %d", x.made)
			db.salts[actorKey{t, a}] = salt
		}
		ref = receipt.ActorRef([]byte(salt), string(a))
		return nil
	})
	return ref, err
}

// Receipts is ports.Receipts.
type Receipts struct {
	Failing
	s *Store
}

// Append implements ports.Receipts.
func (x *Receipts) Append(ctx context.Context, t tenant.ID, r receipt.Signed, _ time.Time) error {
	return x.s.use(ctx, &x.Failing, func(db *tables) error {
		_, err := db.append(t, r)
		return err
	})
}

func (db *tables) append(t tenant.ID, r receipt.Signed) (int64, error) {
	switch {
	case !r.Valid():
		return 0, errors.New("append receipt: it is not signed")
	case r.Tenant() != t:
		return 0, errors.New("append receipt: it belongs to another tenant")
	}
	for _, rows := range db.receipts {
		if slices.ContainsFunc(rows, func(o receiptRow) bool { return o.id == r.ID() }) {
			return 0, fault.Conflictf("it is stored already")
		}
	}
	seq := int64(len(db.receipts[t]) + 1)
	rows := slices.Clip(db.receipts[t]) // a transaction that is undone must not have written behind it
	db.receipts[t] = append(rows, receiptRow{r.ID(), ports.LedgerEntry{Sequence: seq, Document: r.Canonical()}})
	return seq, nil
}

// List implements ports.Receipts.
func (x *Receipts) List(ctx context.Context, t tenant.ID, page ports.Page) (out []ports.LedgerEntry, next string, err error) {
	err = x.s.read(ctx, &x.Failing, func(db *tables) error {
		rows, n, err := pageOf("receipts", db.receipts[t], page, func(r receiptRow) string { return fmt.Sprintf("%019d", r.Sequence) })
		next, out = n, make([]ports.LedgerEntry, len(rows))
		for i, r := range rows {
			out[i] = ports.LedgerEntry{Sequence: r.Sequence, Document: slices.Clone(r.Document)}
		}
		return err
	})
	return out, next, err
}

// ByID implements ports.Receipts.
func (x *Receipts) ByID(ctx context.Context, t tenant.ID, id string) (out ports.LedgerEntry, err error) {
	err = x.s.read(ctx, &x.Failing, func(db *tables) error {
		for _, r := range db.receipts[t] {
			if r.id == id {
				out = ports.LedgerEntry{Sequence: r.Sequence, Document: slices.Clone(r.Document)}
				return nil
			}
		}
		return fault.NotFoundf("there is no such receipt")
	})
	return out, err
}
