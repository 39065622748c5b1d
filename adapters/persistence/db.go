package persistence

import (
	"context"
	"fmt"

	"gorm.io/gorm"

	"github.com/zeroui/mmm-engine/domain/tenant"
)

// DB is a guarded pair of handles to one database: write, where every change and every transaction goes, and read, which may
// be a pool that cannot write. Both may be the same. It is safe for concurrent use.
type DB struct {
	write, read *gorm.DB
	sends       bool // see SendReceipts
}

// SendReceipts makes every receipt that is stored from now on leave a row of kind ports.OutboxReceipt in the outbox, in the same
// transaction and in the order of the ledger, and makes decisions tell whether theirs has left. Receipts that are stored already
// stay in the ledger only. Call it before any store uses the DB.
func (d *DB) SendReceipts() { d.sends = true }

// New puts the guard on both handles. They must translate errors (gorm.Config.TranslateError) and must not be used by anybody
// else from then on.
func New(write, read *gorm.DB) (*DB, error) {
	for _, h := range []*gorm.DB{write, read} {
		if _, guarded := h.Plugins[guardName]; guarded {
			continue
		}
		if err := h.Use(Guard{}); err != nil {
			return nil, fmt.Errorf("guard the database handle: %w", err)
		}
	}
	return &DB{write: write, read: read}, nil
}

type txKey struct{ db *DB }

// Transactor is ports.Transactor.
type Transactor struct{ db *DB }

// NewTransactor runs the stores of one DB together.
func NewTransactor(db *DB) *Transactor { return &Transactor{db: db} }

// Within runs fn in one transaction. A nested call joins the transaction it is called in.
func (t *Transactor) Within(ctx context.Context, fn func(ctx context.Context) error) error {
	return t.db.within(ctx, fn)
}

func (d *DB) within(ctx context.Context, fn func(ctx context.Context) error) error {
	if d.inTx(ctx) {
		return fn(ctx)
	}
	var (
		own  error // fn's own error is given back as it is; only the database's are translated
		last endings
	)
	err := d.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		own = fn(context.WithValue(context.WithValue(ctx, txKey{d}, tx), endKey{d}, &last))
		return own
	})
	for _, f := range last {
		f()
	}
	if own != nil {
		return own
	}
	return failure(ctx, "commit", err)
}

// endings are what is to be done when a transaction is over.
type endings []func()

type endKey struct{ db *DB }

// atEnd runs f when the transaction in ctx is over, at once where there is none. It runs also where nothing was committed: a
// commit whose answer was lost may stand.
func (d *DB) atEnd(ctx context.Context, f func()) {
	if last, ok := ctx.Value(endKey{d}).(*endings); ok {
		*last = append(*last, f)
		return
	}
	f()
}

// locksRows reports whether the database locks single rows. SQLite runs its writing transactions one by one instead.
func (d *DB) locksRows() bool { return d.write.Name() == "postgres" }

// inTx reports whether ctx carries a transaction of this database.
func (d *DB) inTx(ctx context.Context) bool { return ctx.Value(txKey{d}) != nil }

// writer gives the transaction in ctx, else the write handle.
func (d *DB) writer(ctx context.Context) *gorm.DB {
	if tx, ok := ctx.Value(txKey{d}).(*gorm.DB); ok {
		return tx.WithContext(ctx)
	}
	return d.write.WithContext(ctx)
}

// reader gives the transaction in ctx, else the read handle.
func (d *DB) reader(ctx context.Context) *gorm.DB {
	if tx, ok := ctx.Value(txKey{d}).(*gorm.DB); ok {
		return tx.WithContext(ctx)
	}
	return d.read.WithContext(ctx)
}

// of narrows a statement to a tenant. The condition names the table, so that it also stands in a join.
func of(h *gorm.DB, t tenant.ID) *gorm.DB { return h.Where(tenantCondition(t)) }
