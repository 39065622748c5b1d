package webhook

import (
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/zeroui/mmm-engine/adapters/surfaces/alert"
)

// keyOf reads a secret in the form that Standard Webhooks gives it.
func keyOf(secret string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(secret), "whsec_"))
	if err != nil || len(key) == 0 {
		return nil, fmt.Errorf("%s: the webhook secret must be base64, best of 24 random bytes; whsec_ may stand before it", alert.Neighbour)
	}
	return key, nil
}
