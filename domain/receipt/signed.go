package receipt

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/zeroui/mmm-engine/domain/tenant"
)

// SignaturePrefix starts every signature: SignaturePrefix + kid + ":" + standard base64 of the 64 signature bytes.
const SignaturePrefix = "sig-ed25519:"

const signatureBytes = 64

var kidForm = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// ValidKID reports whether a key id may stand in a signature and be the name of a key file.
func ValidKID(kid string) bool { return kidForm.MatchString(kid) }

// FormatSignature writes a signature as receipts and checkpoints carry it.
func FormatSignature(kid string, sig []byte) string {
	return SignaturePrefix + kid + ":" + base64.StdEncoding.EncodeToString(sig)
}

// ParseSignature takes a signature text apart. It checks the form, not the signature.
func ParseSignature(s string) (kid string, sig []byte, err error) {
	rest, ok := strings.CutPrefix(s, SignaturePrefix)
	if !ok {
		return "", nil, errors.New("signature has no prefix " + strconv.Quote(SignaturePrefix))
	}
	kid, text, ok := strings.Cut(rest, ":")
	if !ok || !ValidKID(kid) {
		return "", nil, errors.New("signature has no valid key id")
	}
	sig, err = base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(sig) != signatureBytes || strings.ContainsAny(text, "\r\n") { // the decoder skips line breaks
		return "", nil, fmt.Errorf("signature is not base64 of %d bytes", signatureBytes)
	}
	return kid, sig, nil
}

// Signed is a receipt with its signature: the only form in which a receipt is stored, sent or exported. It is made by Seal,
// which a signer calls; the zero value is not valid and is refused by stores and transports.
type Signed struct {
	doc       Document
	kid       string
	signature string
	canonical []byte
}

// Seal joins a document with the signature that a signer made over it. canonical is the RFC 8785 form of the whole receipt,
// kid and signature included, and belongs to the Signed from here on. Seal checks that the parts fit together, not the
// signature itself, so only signers may call it.
func Seal(doc Document, signature string, canonical []byte) (Signed, error) {
	if !doc.Valid() {
		return Signed{}, errors.New("seal receipt: the document is empty")
	}
	kid, _, err := ParseSignature(signature)
	if err != nil {
		return Signed{}, fmt.Errorf("seal receipt %s: %w", doc.ID(), err)
	}
	for _, part := range []string{
		`"signature":"` + signature + `"`, `"kid":"` + kid + `"`, `"receipt_id":"` + doc.ID() + `"`,
	} {
		if !bytes.Contains(canonical, []byte(part)) {
			return Signed{}, fmt.Errorf("seal receipt %s: the canonical bytes are not those of this receipt", doc.ID())
		}
	}
	return Signed{doc: doc, kid: kid, signature: signature, canonical: canonical}, nil
}

// Valid reports whether the receipt was signed; false for the zero value.
func (s Signed) Valid() bool { return s.doc.Valid() && len(s.canonical) > 0 }

// Document is what was signed.
func (s Signed) Document() Document { return s.doc }

// ID is the receipt id.
func (s Signed) ID() string { return s.doc.ID() }

// Tenant is the tenant whose ledger the receipt belongs to.
func (s Signed) Tenant() tenant.ID { return s.doc.Tenant() }

// Kind says what the receipt attests.
func (s Signed) Kind() Kind { return s.doc.Kind() }

// KID names the key that signed.
func (s Signed) KID() string { return s.kid }

// Signature is the text that stands in the receipt.
func (s Signed) Signature() string { return s.signature }

// Canonical gives a copy of the receipt's RFC 8785 bytes with the signature: what is stored, exported, and hashed into the
// ledger's tree.
func (s Signed) Canonical() []byte { return bytes.Clone(s.canonical) }
