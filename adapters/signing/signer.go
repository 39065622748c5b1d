package signing

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/receipt"
)

// fieldSignature is the one member that is not signed.
const fieldSignature = "signature"

// ReceiptSigner signs receipts and checkpoints with the current receipt key. It is safe for concurrent use.
type ReceiptSigner struct{ key Key }

// NewReceiptSigner makes a signer from a keyring.
func NewReceiptSigner(ring *Keyring) *ReceiptSigner {
	return &ReceiptSigner{key: ring.Current(UseReceipt)}
}

// KID names the key that signs.
func (s *ReceiptSigner) KID() string { return s.key.kid }

// Sign gives the document its kid, signs the RFC 8785 form of it without signature, and seals it with the canonical bytes that
// include the signature. Any error means that nothing may be released on this receipt.
func (s *ReceiptSigner) Sign(_ context.Context, doc receipt.Document) (receipt.Signed, error) {
	if !doc.Valid() {
		return receipt.Signed{}, errors.New("sign receipt: the document is empty")
	}
	wire := doc.Wire()
	wire["kid"] = s.key.kid
	signature, canonical, err := s.seal(wire)
	if err != nil {
		return receipt.Signed{}, fmt.Errorf("sign receipt %s: %w", doc.ID(), err)
	}
	return receipt.Seal(doc, signature, canonical)
}

// SignObject signs an object that is not a receipt, such as a ledger checkpoint, in the same way: over the RFC 8785 form of
// obj, which must not hold "signature". It gives the signature text to be put there.
func (s *ReceiptSigner) SignObject(_ context.Context, obj map[string]any) (signature string, err error) {
	signature, _, err = s.seal(obj)
	if err != nil {
		return "", fmt.Errorf("sign object: %w", err)
	}
	return signature, nil
}

// seal signs obj and gives its canonical bytes with the signature put in its place, so that it is encoded only once.
func (s *ReceiptSigner) seal(obj map[string]any) (signature string, canonical []byte, err error) {
	if !s.key.usable() {
		return "", nil, errors.New("there is no receipt key")
	}
	if _, there := obj[fieldSignature]; there {
		return "", nil, errors.New("it is signed already")
	}
	const usual = 4 << 10 // a decision's receipt with room for the signature
	body, slot, err := appendObject(make([]byte, 0, usual), obj, fieldSignature)
	if err != nil {
		return "", nil, err
	}
	signature = receipt.FormatSignature(s.key.kid, ed25519.Sign(s.key.priv(), body))
	member := `"` + fieldSignature + `":"` + signature + `"` // nothing in it needs escaping
	if slot > len("{") {
		member = "," + member
	} else if len(obj) > 0 {
		member += ","
	}
	canonical = make([]byte, 0, len(body)+len(member))
	canonical = append(append(append(canonical, body[:slot]...), member...), body[slot:]...)
	return signature, canonical, nil
}
