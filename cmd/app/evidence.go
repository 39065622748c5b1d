package app

import (
	"log/slog"
	"time"

	"github.com/zeroui/mmm-engine/adapters/eris"
	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/application/relayoutbox"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

// guarded gives the store's handle. With an evidence service every receipt is also queued for it.
func guarded(cfg config.Config, s store) *persistence.DB {
	db := s.DB()
	if toERIS(cfg) {
		db.SendReceipts()
	}
	return db
}

func toERIS(cfg config.Config) bool { return cfg.Evidence.Sink == "eris" }

// receiptPost is how receipts reach the evidence service; sender is nil with the ledger alone.
type receiptPost struct {
	sender   *eris.Sender
	receipts *relayoutbox.Receipts
	first    time.Duration
}

func newReceiptPost(
	cfg config.Config, breakers *resilience.Manager, clock ports.Clock, m *observability.Metrics, log *slog.Logger,
) (receiptPost, error) {
	if !toERIS(cfg) {
		return receiptPost{}, nil
	}
	s, err := erisSender(cfg, circuit(breakers, "eris"), log)
	if err != nil {
		return receiptPost{}, err
	}
	return receiptPost{
		sender: s, receipts: relayoutbox.NewReceipts(m, clock, !cfg.Storage.Production(), s.Ready), first: cfg.Evidence.Redelivery,
	}, nil
}

func erisSender(cfg config.Config, b *resilience.Breaker, log *slog.Logger) (*eris.Sender, error) {
	n := cfg.Neighbours.ERIS
	return eris.New(eris.Config{
		BaseURL: n.BaseURL, Token: n.Bearer(clock.System{}.Now), Timeout: n.Timeout, Transport: eris.Transport(n.Options.Transport),
		BatchMax: n.Options.BatchMax, Rate: n.Options.RatePerSecond, Paths: n.Paths, Header: n.Plain(), Breaker: b, Now: clock.System{}.Now, Log: log,
	})
}

// delivery is nil with the ledger alone: a receipt is where it belongs once it is committed.
func (p receiptPost) delivery() ports.ReceiptDelivery {
	if p.sender == nil {
		return nil
	}
	return p.receipts
}

func (p receiptPost) routes() []relayoutbox.Route {
	if p.sender == nil {
		return nil
	}
	return []relayoutbox.Route{p.receipts.Route(p.sender, p.first)}
}
