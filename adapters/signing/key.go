package signing

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
)

// Use says what a key is for. A key has one use.
type Use string

// The uses.
const (
	UseReceipt Use = "receipt" // receipts and ledger checkpoints
	UseToken   Use = "token"   // local identity's tokens
	UseGrant   Use = "grant"   // execution grants
)

// Uses lists all uses.
func Uses() []Use { return []Use{UseReceipt, UseToken, UseGrant} }

// ParseUse reads a use.
func ParseUse(s string) (Use, error) {
	switch u := Use(s); u {
	case UseReceipt, UseToken, UseGrant:
		return u, nil
	}
	return "", fmt.Errorf("must be one of receipt, token, grant")
}

// Key is a private key with its name. It is a crypto.Signer, and prints as its name.
type Key struct {
	kid string
	// priv is nil for the zero Key. It is a function because fmt shows of a function only the address, whatever the verb and
	// whatever holds the Key; of an inner value or pointer some verbs show the content.
	priv func() ed25519.PrivateKey
}

// KID names the key.
func (k Key) KID() string { return k.kid }

// Public gives the ed25519.PublicKey; nil for the zero Key.
func (k Key) Public() crypto.PublicKey {
	if !k.usable() {
		return nil
	}
	return k.public()
}

func (k Key) public() ed25519.PublicKey {
	return ed25519.PublicKey(k.priv()[ed25519.PrivateKeySize-ed25519.PublicKeySize:])
}

func (k Key) usable() bool { return k.priv != nil }

// Sign signs a message as crypto.Signer has it: Ed25519 proper, so opts must be crypto.Hash(0). rand is not used.
func (k Key) Sign(rand io.Reader, message []byte, opts crypto.SignerOpts) ([]byte, error) {
	if !k.usable() {
		return nil, errors.New("sign: no key")
	}
	return k.priv().Sign(rand, message, opts)
}

// String gives the kid.
func (k Key) String() string { return k.kid }

// newKey makes a key from 32 bytes of random. Its kid is the use and the first 16 hex digits of the public key's SHA-256.
func newKey(use Use, random io.Reader) (Key, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(random, seed); err != nil {
		return Key{}, fmt.Errorf("make %s key: %w", use, err)
	}
	key := keyOf("", ed25519.NewKeyFromSeed(seed))
	sum := sha256.Sum256(key.public())
	key.kid = string(use) + "-" + hex.EncodeToString(sum[:8])
	return key, nil
}

func keyOf(kid string, priv ed25519.PrivateKey) Key {
	return Key{kid: kid, priv: func() ed25519.PrivateKey { return priv }}
}

func encodePrivate(priv ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return nil, fmt.Errorf("encode private key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func encodePublic(pub ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

func decodePrivate(text []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("no PKCS#8 PEM private key")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("no PKCS#8 private key") // the parser's words could quote the key
	}
	priv, ok := parsed.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("not an Ed25519 key")
	}
	return priv, nil
}

func decodePublic(text []byte) (ed25519.PublicKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "PUBLIC KEY" {
		return nil, errors.New("no SPKI PEM public key")
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("no SPKI public key: %w", err)
	}
	pub, ok := parsed.(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("not an Ed25519 key")
	}
	return pub, nil
}
