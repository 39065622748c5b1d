package signing

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gowebpki/jcs"

	"github.com/zeroui/mmm-engine/domain/receipt"
)

// Verify checks the signature of one receipt, in any JSON spelling of it, with the receipt keys of a JWKS, current and past.
// Nil means that the receipt is as it was signed.
func Verify(doc []byte, keys JWKS) error {
	known, err := keys.receiptKeys()
	if err != nil {
		return fmt.Errorf("verify receipt: %w", err)
	}
	_, err = verify(doc, known)
	return err
}

// VerifyObject checks an object that SignObject signed, such as a ledger checkpoint, given with its signature in it. Unlike a
// receipt it need not hold a kid.
func VerifyObject(doc []byte, keys JWKS) error {
	known, err := keys.receiptKeys()
	if err != nil {
		return fmt.Errorf("verify object: %w", err)
	}
	_, err = verifySignature(doc, known)
	return err
}

// checked is what an export needs to know of a receipt. ID and Tenant are there for receipts that fail, too, as far as they
// could be read.
type checked struct {
	ID     string `json:"receipt_id"`
	Tenant string `json:"tenant_id"`
	KID    string `json:"kid"`
	// canonical is the RFC 8785 form with the signature; set only for a receipt that passed.
	canonical []byte
}

func verify(doc []byte, known map[string]ed25519.PublicKey) (checked, error) {
	var head checked
	if err := json.Unmarshal(doc, &head); err != nil {
		return checked{}, errors.New("not a receipt")
	}
	if head.ID == "" || head.Tenant == "" {
		return head, errors.New("no receipt_id or no tenant_id")
	}
	signed, err := verifySignature(doc, known)
	if err != nil {
		return head, err
	}
	if signed.kid != head.KID {
		return head, errors.New("the kid in the receipt is not the kid in its signature")
	}
	head.canonical = signed.canonical
	return head, nil
}

type signedObject struct {
	kid       string
	canonical []byte
}

// verifySignature does the check proper: take the top-level signature away, canonicalise, verify.
func verifySignature(doc []byte, known map[string]ed25519.PublicKey) (signedObject, error) {
	// First the whole: the canonicaliser refuses an object that names a member twice, of which encoding/json would see one.
	canonical, err := jcs.Transform(doc)
	if err != nil {
		return signedObject{}, errors.New("not canonicalisable JSON")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(canonical, &members); err != nil {
		return signedObject{}, errors.New("not a JSON object")
	}
	var text string
	if err := json.Unmarshal(members[fieldSignature], &text); err != nil {
		return signedObject{}, errors.New("no signature")
	}
	kid, sig, err := receipt.ParseSignature(text)
	if err != nil {
		return signedObject{}, err
	}
	key, ok := known[kid]
	if !ok {
		return signedObject{}, fmt.Errorf("signed by unknown key %s", kid)
	}
	delete(members, fieldSignature)
	rest, err := json.Marshal(members)
	if err != nil {
		return signedObject{}, fmt.Errorf("take the signature away: %w", err)
	}
	body, err := jcs.Transform(rest)
	if err != nil {
		return signedObject{}, errors.New("not canonicalisable JSON")
	}
	if !ed25519.Verify(key, body, sig) {
		return signedObject{}, errors.New("the signature does not match: the content was changed")
	}
	return signedObject{kid: kid, canonical: canonical}, nil
}
