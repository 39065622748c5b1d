package signing

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/receipt"
)

// JWKS is the document of public keys that /keys serves.
type JWKS struct {
	Keys []JWK `json:"keys"`
}

// JWK is one public key.
type JWK struct {
	KTY    string `json:"kty"` // OKP
	CRV    string `json:"crv"` // Ed25519
	KID    string `json:"kid"`
	X      string `json:"x"`      // base64url of the 32 bytes
	Use    Use    `json:"use"`    // receipt, token or grant
	Status string `json:"status"` // current or past
}

// The statuses of a published key.
const (
	StatusCurrent = "current"
	StatusPast    = "past"
)

// JWKS gives all public keys, by use, the current one first.
func (r *Keyring) JWKS() JWKS {
	var doc JWKS
	for _, use := range Uses() {
		for _, kid := range r.kids(use) {
			status := StatusPast
			if kid == r.current[use].kid {
				status = StatusCurrent
			}
			doc.Keys = append(doc.Keys, JWK{
				KTY: "OKP", CRV: "Ed25519", KID: kid, X: base64.RawURLEncoding.EncodeToString(r.public[use][kid]), Use: use, Status: status,
			})
		}
	}
	return doc
}

// ParseJWKS reads such a document, for checking receipts where the key directory is not at hand. Keys of other types are
// passed over; a malformed Ed25519 key, a kid that occurs twice and a document without any receipt key are errors.
func ParseJWKS(text []byte) (JWKS, error) {
	var all JWKS
	if err := json.Unmarshal(text, &all); err != nil {
		return JWKS{}, fmt.Errorf("read JWKS: %w", err)
	}
	var doc JWKS
	for _, k := range all.Keys {
		if k.KTY == "OKP" && k.CRV == "Ed25519" {
			doc.Keys = append(doc.Keys, k)
		}
	}
	if _, err := doc.receiptKeys(); err != nil {
		return JWKS{}, fmt.Errorf("read JWKS: %w", err)
	}
	return doc, nil
}

// receiptKeys gives the keys that may sign receipts, by kid.
func (d JWKS) receiptKeys() (map[string]ed25519.PublicKey, error) {
	keys := map[string]ed25519.PublicKey{}
	seen := map[string]bool{}
	for _, k := range d.Keys {
		pub, err := base64.RawURLEncoding.Strict().DecodeString(k.X)
		if err != nil || len(pub) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("key %q is no Ed25519 public key", k.KID)
		}
		if !receipt.ValidKID(k.KID) || seen[k.KID] {
			return nil, fmt.Errorf("kid %q is malformed or occurs twice", k.KID)
		}
		seen[k.KID] = true
		if k.Use == UseReceipt {
			keys[k.KID] = pub
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no receipt key in it")
	}
	return keys, nil
}
