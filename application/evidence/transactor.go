package evidence

import (
	"context"

	"github.com/zeroui/mmm-engine/ports"
)

type commitKey struct{}

// onCommit holds what is to be told once the transaction in a context is committed.
type onCommit struct{ tell []func() }

// Transactor is a ports.Transactor that speaks to the audit log only of what is committed. Put it around the store's, so that
// every use case has it.
type Transactor struct{ tx ports.Transactor }

// NewTransactor wraps a store's transactor.
func NewTransactor(tx ports.Transactor) *Transactor { return &Transactor{tx: tx} }

// Within runs fn in one transaction, and after its commit tells what was attested in it. A nested call leaves that to the
// outermost.
func (t *Transactor) Within(ctx context.Context, fn func(ctx context.Context) error) error {
	if _, nested := ctx.Value(commitKey{}).(*onCommit); nested {
		return t.tx.Within(ctx, fn)
	}
	after := &onCommit{}
	err := t.tx.Within(context.WithValue(ctx, commitKey{}, after), func(ctx context.Context) error {
		after.tell = nil // a store that runs fn again has undone what the first run attested
		return fn(ctx)
	})
	if err != nil {
		return err
	}
	for _, tell := range after.tell {
		tell()
	}
	return nil
}

// afterCommit has fn run once the transaction of ctx is committed; at once where there is none.
func afterCommit(ctx context.Context, fn func()) {
	if after, ok := ctx.Value(commitKey{}).(*onCommit); ok {
		after.tell = append(after.tell, fn)
		return
	}
	fn()
}
