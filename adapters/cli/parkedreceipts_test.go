package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/ports"
)

// withReceipts adds three parked receipts of acme to what is parked.
func withReceipts(t *testing.T) *parked {
	t.Helper()
	p := newParked(t)
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for _, id := range []string{"r1", "r2", "r3"} {
		o := ports.Outgoing{
			Kind: ports.OutboxReceipt, Topic: "7", Ref: id, Body: `{"inputs":{"actor_ref":"0f"},"receipt_id":"` + id + `","signature":"s"}`,
		}
		require.NoError(t, p.outbox.Add(t.Context(), "acme", o, now))
	}
	batches, _, err := p.outbox.Due(t.Context(), ports.OutboxAsk{Kind: ports.OutboxReceipt, Holder: "x", Tenants: 9, Rows: 9, Now: now})
	require.NoError(t, err)
	var fates []ports.OutboxFate
	for _, r := range batches[0].Rows {
		fates = append(fates, ports.OutboxFate{Row: r, Verdict: ports.OutboxParked, Reason: "EVIDENCE_REFUSED: status 422, code missing"})
	}
	require.NoError(t, p.outbox.Settle(t.Context(), batches[0], fates, time.Time{}, now))
	return p
}

func TestParked_receipts(t *testing.T) {
	t.Parallel()
	p := withReceipts(t)
	code, out, errs := p.run(t, "list", "--kind", "receipt", "--json")
	require.Zero(t, code, errs)
	require.Equal(t, "3 parked\n", errs)
	var numbers []string
	for line := range strings.Lines(out) {
		var letter struct {
			Number json.Number `json:"number"`
			Ref    string      `json:"ref"`
			Reason string      `json:"reason"`
		}
		require.NoError(t, json.Unmarshal([]byte(line), &letter))
		require.Equal(t, "EVIDENCE_REFUSED: status 422, code missing", letter.Reason)
		numbers = append(numbers, letter.Number.String())
	}
	require.Len(t, numbers, 3)

	file := filepath.Join(t.TempDir(), "receipts.jsonl")
	code, _, errs = p.run(t, "export", "--kind", "receipt", "--out", file)
	require.Zero(t, code, errs)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(string(text), "\n"))
	require.Contains(t, string(text), `"body":{"inputs":{"actor_ref":"0f"},"receipt_id":"r3","signature":"s"}`)
	require.NotContains(t, string(text), "actor_id")

	code, out, _ = p.run(t, "replay", "--tenant", "acme", numbers[1])
	require.Zero(t, code)
	require.Contains(t, out, "1 queued again")
	code, out, _ = p.run(t, "replay", "--tenant", "acme", "--all", "--kind", "receipt")
	require.Zero(t, code)
	require.Contains(t, out, "2 queued again")
	pending, err := p.outbox.Pending(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int{ports.OutboxReceipt: 3}, pending, "and no events")
}
