// Package issuer makes the keys and tokens that the identity simulators hand out. It signs whatever it is told to, wrong
// headers and wrong claims included, with nothing but the standard library: what it makes must not depend on how the engine
// reads it.
package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
)

// The algorithms of keys.
const (
	RS256 = "RS256"
	ES256 = "ES256"
	EdDSA = "EdDSA"
)

const rsaBits = 2048

// Absent as a value of a header or a claim takes it away.
const Absent = "(absent)"

// Key is a signing key with its name.
type Key struct {
	KID       string
	Algorithm string
	signer    crypto.Signer
}

// NewKey makes a key for RS256, ES256 or EdDSA.
func NewKey(kid, algorithm string) (Key, error) {
	var (
		signer crypto.Signer
		err    error
	)
	switch algorithm {
	case RS256:
		signer, err = rsa.GenerateKey(rand.Reader, rsaBits)
	case ES256:
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	default:
		err = fmt.Errorf("no keys for %q", algorithm)
	}
	if err != nil {
		return Key{}, fmt.Errorf("making key %s: %w", kid, err)
	}
	return Key{KID: kid, Algorithm: algorithm, signer: signer}, nil
}

// Public is the public half.
func (k Key) Public() crypto.PublicKey { return k.signer.Public() }

// Named is the same key under another name.
func (k Key) Named(kid string) Key {
	k.KID = kid
	return k
}

// Token signs claims (anything with a JSON form) under the usual header, changed as told.
func (k Key) Token(claims any, header map[string]any) (string, error) {
	body, err := Unsigned(claims, k.header(header))
	if err != nil {
		return "", err
	}
	signature, err := k.Sign([]byte(body))
	if err != nil {
		return "", err
	}
	return body + "." + encode(signature), nil
}

func (k Key) header(change map[string]any) map[string]any {
	h := map[string]any{"alg": k.Algorithm, "typ": "JWT", "kid": k.KID}
	maps.Copy(h, change)
	maps.DeleteFunc(h, func(_ string, v any) bool { return v == Absent })
	return h
}

// Unsigned is the first two parts of a token, ready to be signed by other means.
func Unsigned(claims, header any) (string, error) {
	head, err := json.Marshal(header)
	if err != nil {
		return "", fmt.Errorf("header of a token: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("claims of a token: %w", err)
	}
	return encode(head) + "." + encode(payload), nil
}

// Sign signs bytes in the form a token carries: two numbers side by side for ES256.
func (k Key) Sign(message []byte) ([]byte, error) {
	sum := sha256.Sum256(message)
	switch key := k.signer.(type) {
	case ed25519.PrivateKey:
		return ed25519.Sign(key, message), nil
	case *rsa.PrivateKey:
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			return nil, fmt.Errorf("signing with %s: %w", k.KID, err)
		}
		return signature, nil
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			return nil, fmt.Errorf("signing with %s: %w", k.KID, err)
		}
		return append(fixed(r), fixed(s)...), nil
	}
	return nil, fmt.Errorf("signing with %s: no such key", k.KID)
}

// JWKS is the JSON Web Key Set of the keys' public halves.
func JWKS(keys ...Key) ([]byte, error) {
	list := make([]map[string]string, 0, len(keys))
	for _, k := range keys {
		jwk := map[string]string{"kid": k.KID, "use": "sig", "alg": k.Algorithm}
		switch public := k.Public().(type) {
		case ed25519.PublicKey:
			jwk["kty"], jwk["crv"], jwk["x"] = "OKP", "Ed25519", encode(public)
		case *rsa.PublicKey:
			jwk["kty"], jwk["n"], jwk["e"] = "RSA", encode(public.N.Bytes()), encode(big.NewInt(int64(public.E)).Bytes())
		case *ecdsa.PublicKey:
			point, err := public.Bytes() // 4, x, y
			if err != nil {
				return nil, fmt.Errorf("key %s: %w", k.KID, err)
			}
			half := (len(point) - 1) / 2
			jwk["kty"], jwk["crv"], jwk["x"], jwk["y"] = "EC", "P-256", encode(point[1:1+half]), encode(point[1+half:])
		}
		list = append(list, jwk)
	}
	text, err := json.Marshal(map[string]any{"keys": list})
	if err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	return text, nil
}

// half the length of an ES256 signature, in bytes.
const halfP256 = 32

func fixed(n *big.Int) []byte { return n.FillBytes(make([]byte, halfP256)) }

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
