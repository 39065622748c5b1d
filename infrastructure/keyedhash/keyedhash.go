// Package keyedhash turns an identifier into one that only the holder of a key can link back to it. Logs, metrics and spans
// carry such hashes where they may not carry the identifier.
package keyedhash

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
)

// MinKey is the shortest key accepted, in bytes. With less, the few identifiers there are could be found by trying.
const MinKey = 16

// shortLen is 64 bits in hex: short enough to read in a log, long enough that people of one tenant do not collide.
const shortLen = 16

// ErrShortKey says that a key has fewer than MinKey bytes.
var ErrShortKey = errors.New("key of a keyed hash is shorter than 16 bytes")

// Hasher hashes under one key. It is immutable and safe for concurrent use. The zero value hashes everything to "", so that
// somebody who forgot the key leaks nothing.
type Hasher struct{ key []byte }

// New makes a Hasher, or returns ErrShortKey. The key is copied.
func New(key []byte) (Hasher, error) {
	if len(key) < MinKey {
		return Hasher{}, ErrShortKey
	}
	return Hasher{key: slices.Clone(key)}, nil
}

// Hash is the HMAC-SHA-256 of value, 64 lower-case hex characters. A caller who hashes several parts joins them with a
// character that none of them can hold.
func (h Hasher) Hash(value string) string {
	if h.key == nil {
		return ""
	}
	mac := hmac.New(sha256.New, h.key)
	mac.Write([]byte(value))
	return hex.EncodeToString(mac.Sum(nil))
}

// Short is the first 16 characters of Hash: the form for logs and spans.
func (h Hasher) Short(value string) string {
	full := h.Hash(value)
	return full[:min(shortLen, len(full))]
}
