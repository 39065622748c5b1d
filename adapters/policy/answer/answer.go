// Package answer is what the policy services' adapters share: what it means that there is no snapshot, and how a snapshot gets a
// name of its own where the service gives it none.
package answer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/fault"
)

// Unavailable is the engine's word for a policy service that gave no snapshot, whatever the cause.
func Unavailable(cause error) error {
	return fault.New(fault.Unavailable, fault.CodePolicyUnavailable, "the policy service gave no usable answer").Because(cause)
}

// Name makes the id of a snapshot from what was said: the same words give the same id.
func Name(said any) (string, error) {
	b, err := json.Marshal(said)
	if err != nil {
		return "", fmt.Errorf("name a policy snapshot: %w", err)
	}
	sum := sha256.Sum256(b)
	return "ps-" + hex.EncodeToString(sum[:]), nil
}
