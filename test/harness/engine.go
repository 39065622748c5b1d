package harness

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/stretchr/testify/require"
)

// Decided is what tests read of a decide call's answer.
type Decided struct {
	Decision struct {
		ID         string            `json:"decision_id"`
		Actions    []json.RawMessage `json:"actions"`
		Suppressed []struct {
			Reason string `json:"reason"`
		} `json:"suppressed"`
		Receipt struct {
			ID string `json:"receipt_id"`
		} `json:"receipt"`
	} `json:"decision"`
}

// RedBuild is a playbook that reflects each failed run, within the limits.
func RedBuild(limits map[string]any) map[string]any {
	return map[string]any{
		"name":     "Red build",
		"triggers": []any{map[string]any{"event_type": "ci.run.failed"}},
		"actions": []any{map[string]any{
			"type": "mirror", "surfaces": []any{"ide"}, "payload": map[string]any{"title": "A run failed", "body": "It ran on {{context.branch}}."},
		}},
		"limits": limits,
	}
}

// FailedRun is a decide call of tenant acme about a failed run.
func FailedRun(signalID string) map[string]any {
	return map[string]any{
		"tenant_id": "acme", "context": map[string]any{"repo_id": "shop", "branch": "main"},
		"signal": map[string]any{"signal_id": signalID, "source": "ci", "event_type": "ci.run.failed", "severity": "high"},
	}
}

// VerifyLedger compares what was answered (receipts by decision) with the exported ledger: each answered decision has its
// receipt, no decision has two, every signature is right, and no number is missing.
func (s *Server) VerifyLedger(admin string, answered map[string]string) {
	s.t.Helper()
	s.Env = append(s.Env, "MMM_URL="+s.URL, "MMM_TOKEN="+admin)
	export := filepath.Join(s.t.TempDir(), "receipts.jsonl")
	out, err := s.Run("receipts", "export", "--out", export)
	require.NoError(s.t, err, out)
	out, err = s.Run("receipts", "verify", export)
	require.NoError(s.t, err, out)
	raw, err := os.ReadFile(export)
	require.NoError(s.t, err)
	ledger := map[string]string{}
	for line := range bytes.Lines(raw) {
		var e struct {
			Receipt struct {
				ID     string `json:"receipt_id"`
				Inputs struct {
					Decision string `json:"decision_id"`
				} `json:"inputs"`
			} `json:"receipt"`
		}
		require.NoError(s.t, json.Unmarshal(line, &e))
		if d := e.Receipt.Inputs.Decision; d != "" {
			require.NotContains(s.t, ledger, d, "a decision has two receipts")
			ledger[d] = e.Receipt.ID
		}
	}
	for d, r := range answered {
		require.Equal(s.t, r, ledger[d], "decision %s was answered and has no receipt", d)
	}
}
