package eris

import (
	"context"
	"time"
)

// Spelled is the spelling of a JSON value.
func Spelled(doc []byte) (string, error) {
	var v any
	if err := decode(doc, &v); err != nil {
		return "", err
	}
	text, err := appendSpelled(nil, v)
	return string(text), err
}

// Digest is the hex digest of a text.
func Digest(text string) string { return digest([]byte(text)) }

// Root is the Merkle root over leaves.
func Root(leaves ...string) string { return merkleRoot(leaves) }

// Pace is the sender's limit on its own requests.
type Pace struct{ p *pace }

// NewPace makes one.
func NewPace(rate int, now func() time.Time) Pace { return Pace{newPace(rate, now)} }

// Wait returns when a request may be made.
func (p Pace) Wait(ctx context.Context) error { return p.p.wait(ctx) }
