package signing_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/gowebpki/jcs"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/adapters/signing"
	"github.com/zeroui/mmm-engine/domain/receipt"
)

const someID = "01890a5d-ac96-774b-bcce-b302099a8057"

func TestSign_isWhatAStrangerVerifies(t *testing.T) {
	t.Parallel()
	ring := load(t, keyDir(t))
	signed := sign(t, ring, document(t, someID))

	// An independent reading of the contract: take signature away, canonicalise, verify.
	var doc map[string]any
	require.NoError(t, json.Unmarshal(signed.Canonical(), &doc))
	kid := ring.Current(signing.UseReceipt).KID()
	prefix := "sig-ed25519:" + kid + ":"
	text := doc["signature"].(string)
	require.True(t, strings.HasPrefix(text, prefix), text)
	require.Equal(t, kid, doc["kid"])
	require.Equal(t, kid, signed.KID())
	sig, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(text, prefix))
	require.NoError(t, err)
	delete(doc, "signature")
	loose, err := json.Marshal(doc)
	require.NoError(t, err)
	body, err := jcs.Transform(loose)
	require.NoError(t, err)
	require.True(t, ed25519.Verify(ring.Current(signing.UseReceipt).Public().(ed25519.PublicKey), body, sig))

	// The stored bytes are canonical as a whole, signature included.
	whole, err := jcs.Transform(signed.Canonical())
	require.NoError(t, err)
	require.Equal(t, string(whole), string(signed.Canonical()))
}

func TestSign_refusesTheEmptyDocumentAndAMissingKey(t *testing.T) {
	t.Parallel()
	got, err := signing.NewReceiptSigner(load(t, keyDir(t))).Sign(t.Context(), receipt.Document{})
	require.Error(t, err)
	require.False(t, got.Valid())
	got, err = new(signing.ReceiptSigner).Sign(t.Context(), document(t, someID))
	require.Error(t, err)
	require.False(t, got.Valid())
}

func TestSignObject_property_verifiesWhateverTheMembers(t *testing.T) {
	t.Parallel()
	ring := load(t, keyDir(t))
	signer := signing.NewReceiptSigner(ring)
	rapid.Check(t, func(t *rapid.T) {
		obj := rapid.MapOfN(rapid.OneOf(anyText(), rapid.SampledFrom([]string{"a", "sigmatic", "signaturf", "z"})), anyValue(1), 0, 4).Draw(t, "obj")
		delete(obj, "signature")
		sig, err := signer.SignObject(context.Background(), obj)
		if err != nil {
			t.Fatalf("sign: %v", err)
		}
		obj["signature"] = sig
		text, err := json.Marshal(obj)
		if err != nil {
			t.Fatalf("marshal: %v", err)
		}
		if err := signing.VerifyObject(text, ring.JWKS()); err != nil {
			t.Fatalf("verify %s: %v", text, err)
		}
	})
	_, err := signer.SignObject(t.Context(), map[string]any{"signature": "x"})
	require.Error(t, err)
}

func TestSign_property_storedBytesAreCanonical(t *testing.T) {
	t.Parallel()
	ring := load(t, keyDir(t))
	signer := signing.NewReceiptSigner(ring)
	rapid.Check(t, func(rt *rapid.T) {
		inputs := rapid.MapOfN(anyText(), rapid.Map(anyText(), func(s string) any { return s }), 0, 4).Draw(rt, "inputs")
		delete(inputs, "kind")
		doc := document(t, someID, func(d *receipt.Draft) {
			d.Inputs, d.Rationale, d.RepoID = inputs, anyText().Draw(rt, "rationale"), rapid.SampledFrom([]string{"", "r"}).Draw(rt, "repo")
		})
		signed, err := signer.Sign(context.Background(), doc)
		if err != nil {
			rt.Fatalf("sign: %v", err)
		}
		want, err := jcs.Transform(signed.Canonical())
		if err != nil || string(want) != string(signed.Canonical()) {
			rt.Fatalf("stored bytes are not canonical: %v\n%s", err, signed.Canonical())
		}
		if err := signing.Verify(signed.Canonical(), ring.JWKS()); err != nil {
			rt.Fatalf("verify: %v", err)
		}
	})
}

func TestVerify(t *testing.T) {
	t.Parallel()
	dir := keyDir(t)
	ring := load(t, dir)
	good := string(sign(t, ring, document(t, someID)).Canonical())
	kid := ring.Current(signing.UseReceipt).KID()

	var pretty map[string]any
	require.NoError(t, json.Unmarshal([]byte(good), &pretty))
	indented, err := json.MarshalIndent(pretty, "", "  ")
	require.NoError(t, err)
	require.NoError(t, signing.Verify([]byte(good), ring.JWKS()))
	require.NoError(t, signing.Verify(indented, ring.JWKS()), "another spelling of the same receipt")

	_, err = signing.Rotate(dir, signing.UseReceipt, rand.Reader)
	require.NoError(t, err)
	require.NoError(t, signing.Verify([]byte(good), load(t, dir).JWKS()), "a past key must go on verifying")

	tokenSigned := func() string { // the same receipt, honestly signed with a key of the wrong use
		other := map[string]any{}
		require.NoError(t, json.Unmarshal([]byte(good), &other))
		delete(other, "signature")
		key := ring.Current(signing.UseToken)
		other["kid"] = key.KID()
		loose, err := json.Marshal(other)
		require.NoError(t, err)
		body, err := jcs.Transform(loose)
		require.NoError(t, err)
		sig, err := key.Sign(nil, body, noHash{})
		require.NoError(t, err)
		other["signature"] = receipt.FormatSignature(key.KID(), sig)
		out, err := json.Marshal(other)
		require.NoError(t, err)
		return string(out)
	}
	at := strings.Index(good, kid+":") + len(kid) + 5
	flipped := good[:at] + string("AB"[b2i(good[at] == 'A')]) + good[at+1:]
	cases := map[string]struct{ doc, want string }{
		"a changed value":          {strings.Replace(good, `"signal_id":"s1"`, `"signal_id":"s2"`, 1), "does not match"},
		"an added member":          {strings.Replace(good, `{`, `{"aa":1,`, 1), "does not match"},
		"a member taken away":      {strings.Replace(good, `"degraded":false,`, ``, 1), "does not match"},
		"a changed signature":      {flipped, "does not match"},
		"a member named twice":     {strings.Replace(good, `"degraded":false,`, `"degraded":true,"degraded":false,`, 1), "canonicalisable"},
		"no signature":             {strings.Replace(good, `"signature":`, `"other":`, 1), "no signature"},
		"a signature of null":      {`{"receipt_id":"r","tenant_id":"t","signature":null}`, "signature"},
		"an unknown key":           {strings.ReplaceAll(good, kid, "receipt-0000000000000000"), "unknown key"},
		"a token key":              {tokenSigned(), "unknown key"},
		"another kid in the field": {strings.Replace(good, `"kid":"`+kid, `"kid":"x`+kid, 1), "does not match"},
		"no tenant":                {strings.Replace(good, `"tenant_id"`, `"tenant"`, 1), "tenant_id"},
		"garbage":                  {"{", "not a receipt"},
		"null":                     {"null", "receipt_id"},
		"a list":                   {"[]", "not a receipt"},
		"nothing":                  {"", "not a receipt"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NotEqual(t, good, c.doc)
			require.ErrorContains(t, signing.Verify([]byte(c.doc), ring.JWKS()), c.want)
		})
	}
}

func TestParseJWKS(t *testing.T) {
	t.Parallel()
	ring := load(t, keyDir(t))
	text, err := json.Marshal(ring.JWKS())
	require.NoError(t, err)
	back, err := signing.ParseJWKS(text)
	require.NoError(t, err)
	require.Equal(t, ring.JWKS(), back)

	key := `{"kty":"OKP","crv":"Ed25519","kid":"k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"receipt","status":"past"}`
	_, err = signing.ParseJWKS([]byte(`{"keys":[{"kty":"RSA","kid":"r"},` + key + `]}`))
	require.NoError(t, err, "keys of other types are passed over")
	for name, bad := range map[string]string{
		"garbage": "{", "no keys": `{"keys":[]}`, "a kid twice": `{"keys":[` + key + `,` + key + `]}`,
		"a short key":         `{"keys":[` + strings.Replace(key, "11qYAYKx", "", 1) + `]}`,
		"no receipt key":      `{"keys":[` + strings.Replace(key, `"receipt"`, `"token"`, 1) + `]}`,
		"a kid with a colon":  `{"keys":[` + strings.Replace(key, `"k"`, `"k:k"`, 1) + `]}`,
		"a key without a kid": `{"keys":[` + strings.Replace(key, `"k"`, `""`, 1) + `]}`,
	} {
		if _, err := signing.ParseJWKS([]byte(bad)); err == nil {
			t.Errorf("%s passed", name)
		}
	}
}

func FuzzVerify(f *testing.F) {
	ring := load(f, keyDir(f))
	good := sign(f, ring, document(f, someID)).Canonical()
	f.Add(good)
	f.Add([]byte(`{"receipt_id":"a","tenant_id":"b","signature":"sig-ed25519:k:"}`))
	canonical := string(good)
	f.Fuzz(func(t *testing.T, doc []byte) {
		if err := signing.Verify(doc, ring.JWKS()); err != nil {
			return
		}
		if got, err := jcs.Transform(doc); err != nil || string(got) != canonical {
			t.Errorf("a receipt that nobody signed passes: %s", doc)
		}
	})
}

// The targets are 60 µs and 200 allocations for canonicalise, sign and encode.
func BenchmarkSign(b *testing.B) {
	signer, doc := signing.NewReceiptSigner(load(b, keyDir(b))), document(b, someID)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := signer.Sign(ctx, doc); err != nil {
			b.Fatal(err)
		}
	}
}

// What the general canonicaliser alone would cost.
func BenchmarkLibraryCanonicalise(b *testing.B) {
	doc := document(b, someID)
	b.ReportAllocs()
	for b.Loop() {
		loose, err := json.Marshal(doc.Wire())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := jcs.Transform(loose); err != nil {
			b.Fatal(err)
		}
	}
}

func TestSign_allocatesLittle(t *testing.T) {
	signer, doc := signing.NewReceiptSigner(load(t, keyDir(t))), document(t, someID)
	ctx := t.Context()
	if got := testing.AllocsPerRun(50, func() { _, _ = signer.Sign(ctx, doc) }); got > 200 {
		t.Errorf("signing a receipt makes %.0f allocations; the target is 200", got)
	}
}
