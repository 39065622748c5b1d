package signing

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/action"
)

// PayloadDigester is ports.PayloadDigest: it names what an action says by the hash of its canonical form.
type PayloadDigester struct{}

// Digest gives the hex SHA-256 of the RFC 8785 form of the payload with the fields and names that the API gives it, so that
// whoever was shown the payload can check it.
func (PayloadDigester) Digest(p action.Payload) (string, error) {
	links := p.EvidenceLinks
	if links == nil {
		links = []string{}
	}
	object := map[string]any{
		"title": p.Title, "body": p.Body, "rationale": p.Rationale, "evidence_links": links,
		"baseline_comparison": p.BaselineComparison, "why_relevant": p.WhyRelevant,
	}
	if p.DualChannelRequired {
		object["dual_channel_required"] = true
	}
	canonical, err := AppendCanonical(nil, object)
	if err != nil {
		return "", fmt.Errorf("digest payload: %w", err)
	}
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:]), nil
}
