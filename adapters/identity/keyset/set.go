// Package keyset holds the public keys of a token issuer, as a JSON Web Key Set tells them: in a file that is read again when
// it changes, or at an address that is asked again when a token names a key that is not known.
//
// Only public keys for signatures count: RSA of at least 2048 bits, the NIST curves, Ed25519. A symmetric key in a set is
// left aside like any other that is not understood, so a published key can never become a shared secret.
//
// # Concurrency
//
// Both sources are safe for concurrent use.
package keyset

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"

	"github.com/go-jose/go-jose/v4"
)

// leastRSA is the fewest bits an RSA key may have.
const leastRSA = 2048

// Set is the keys of an issuer at one time. It does not change.
type Set struct{ keys []jose.JSONWebKey }

// Parse reads a JSON Web Key Set. Keys that are of no use here are left aside, as the standard asks; a set without any other
// is an error, because it would silently refuse every token.
func Parse(text []byte) (Set, error) {
	var wire struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &wire); err != nil {
		return Set{}, errors.New("not a JSON Web Key Set")
	}
	var s Set
	for _, raw := range wire.Keys {
		var key jose.JSONWebKey
		if err := key.UnmarshalJSON(raw); err == nil && useful(key) {
			s.keys = append(s.keys, key)
		}
	}
	if len(s.keys) == 0 {
		return Set{}, errors.New("no key in the set can check a signature")
	}
	return s, nil
}

func useful(key jose.JSONWebKey) bool {
	if key.Use != "" && key.Use != "sig" {
		return false
	}
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() >= leastRSA
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	}
	return false
}

// Find gives the key with this id that suits the algorithm. A token that names no key fits if only one key suits.
func (s Set) Find(kid, algorithm string) (crypto.PublicKey, bool) {
	var found []crypto.PublicKey
	for _, key := range s.keys {
		if (kid == "" || key.KeyID == kid) && suits(key, algorithm) {
			found = append(found, key.Key)
		}
	}
	if len(found) == 0 || (kid == "" && len(found) > 1) {
		return nil, false
	}
	return found[0], true
}

// suits keeps a key to its own algorithm, and a curve to its own size.
func suits(key jose.JSONWebKey, algorithm string) bool {
	if own := key.Algorithm; own != "" && own != algorithm && !(own == "Ed25519" && algorithm == "EdDSA") {
		return false
	}
	switch k := key.Key.(type) {
	case *rsa.PublicKey:
		switch algorithm {
		case "RS256", "RS384", "RS512", "PS256", "PS384", "PS512":
			return true
		}
	case *ecdsa.PublicKey:
		return map[string]int{"ES256": 256, "ES384": 384, "ES512": 521}[algorithm] == k.Curve.Params().BitSize
	case ed25519.PublicKey:
		return algorithm == "EdDSA"
	}
	return false
}
