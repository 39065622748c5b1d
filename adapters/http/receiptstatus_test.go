package httpapi_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	httpapi "github.com/zeroui/mmm-engine/adapters/http"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// waiting is a store in which every receipt waits to be sent.
type waiting struct{ ports.Decisions }

func (w waiting) ByID(ctx context.Context, t tenant.ID, id decision.ID) (ports.Stored, error) {
	stored, err := w.Decisions.ByID(ctx, t, id)
	stored.ReceiptPending = err == nil
	return stored, err
}

func TestReceiptStatus_isThatOfTheMoment(t *testing.T) {
	t.Parallel()
	var store ports.Decisions
	h := newHouse(t, func(d *httpapi.Deps, _ *httpapi.Config) {
		store = d.Decisions
		d.Decisions = waiting{store}
	})
	h.publish(t, redMain)
	got := h.run(t, scenario{method: "POST", path: "/decide", token: plain, body: redRun, status: 200})
	require.Equal(t, "emitted", got.text(t, "decision", "receipt", "status"), "what the decision was told")
	path := "/decisions/" + got.text(t, "decision", "decision_id")
	found := h.run(t, scenario{method: "GET", path: path, token: plain, status: 200})
	require.Equal(t, "pending", found.text(t, "decision", "receipt", "status"), "what the store says now")
}
