package signing_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/signing"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/ports"
)

var _ ports.PayloadDigest = signing.PayloadDigester{}

func TestPayloadDigester_hashesTheCanonicalForm(t *testing.T) {
	t.Parallel()
	p := action.Payload{Title: "Ré\"d", Body: "<b>&\n", EvidenceLinks: []string{"s1"}, WhyRelevant: "w", Rationale: "r", BaselineComparison: "c"}
	for want, payload := range map[string]action.Payload{
		`{"baseline_comparison":"c","body":"<b>&\n","evidence_links":["s1"],"rationale":"r","title":"Ré\"d","why_relevant":"w"}`: p,
		`{"baseline_comparison":"","body":"","dual_channel_required":true,"evidence_links":[],"rationale":"","title":"","why_relevant":""}`: {
			DualChannelRequired: true,
		},
	} {
		got, err := signing.PayloadDigester{}.Digest(payload)
		require.NoError(t, err)
		sum := sha256.Sum256([]byte(want))
		require.Equal(t, hex.EncodeToString(sum[:]), got, want)
	}
	_, err := signing.PayloadDigester{}.Digest(action.Payload{Title: "\xff"})
	require.Error(t, err)
}
