package contract_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/receipt"
)

// What the domain makes of the fullest and of the barest receipt must fit the documented wire form.
func TestReceiptsFitTheirSchema(t *testing.T) {
	bare := receipt.Draft{
		ID: "019aa5d2-3c01-7c00-8a00-1b2c3d4e5f61", Tenant: "acme", Kind: receipt.KindDecision, At: time.Unix(1795255200, 5e6),
		Point: receipt.PreCommit, Status: receipt.Pass, ActorType: receipt.ActorHuman,
		PolicyVersionIDs: []string{}, Badges: []string{}, // the signed form writes a nil list so too, encoding/json does not
	}
	full := bare
	full.PolicyVersionIDs, full.Badges, full.RepoID = []string{"p@1"}, []string{"degraded"}, "shop"
	full.Inputs, full.Result = map[string]any{"signal_ids": []string{"s1"}}, map[string]any{"shown": 1}
	full.Evidence = []receipt.Handle{{URL: "https://example.com/a", Type: "log", Description: "run", ExpiresAt: bare.At}}
	full.Status, full.Degraded, full.SinceStart = receipt.Warn, true, 900*time.Hour
	for name, draft := range map[string]receipt.Draft{"bare": bare, "full": full} {
		t.Run(name, func(t *testing.T) {
			doc, err := receipt.New(draft)
			require.NoError(t, err)
			wire := doc.Wire()
			wire["kid"], wire["signature"] = "k-1", receipt.FormatSignature("k-1", []byte(strings.Repeat("s", 64)))
			answer, err := json.Marshal(map[string]any{"sequence": 1, "receipt": wire})
			require.NoError(t, err)
			require.NoError(t, load(t).CheckResponse("GET", "/receipts/{id}", 200, good(), answer))
		})
	}
}
