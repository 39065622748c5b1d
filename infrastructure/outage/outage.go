// Package outage logs when the calls of a dependency begin to fail and when they work again, and nothing between: an hour of
// outage is two lines. Calls that nobody waits for any more fail unseen; this is where their reason is told.
package outage

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"

	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
)

// Log watches one dependency. It is safe for concurrent use; make one with New.
type Log struct {
	name string
	log  *slog.Logger
	bad  atomic.Bool
}

// New makes a log for a dependency by its name. A nil log tells nobody.
func New(name string, log *slog.Logger) *Log {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Log{name: name, log: log}
}

// Note takes how a call ended. A caller who went away says nothing about the dependency. The error's own text is logged, which
// must be fit for that, and the field that was wrong where one is known.
func (l *Log) Note(ctx context.Context, err error) {
	switch {
	case errors.Is(err, context.Canceled):
	case err != nil && !l.bad.Swap(true):
		l.log.WarnContext(ctx, "dependency fails", "dependency", l.name, "error", err, "problem", jsonfields.Explain(err))
	case err == nil && l.bad.Swap(false):
		l.log.InfoContext(ctx, "dependency works again", "dependency", l.name)
	}
}
