package receipt_test

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/receipt"
)

const someID = "01890a5d-ac96-774b-bcce-b302099a8057"

func draft(change ...func(*receipt.Draft)) receipt.Draft {
	d := receipt.Draft{
		ID:               someID,
		Tenant:           "acme",
		Kind:             receipt.KindDecision,
		PolicyVersionIDs: []string{"v7"},
		SnapshotHash:     receipt.SnapshotHash("snap-1"),
		At:               time.Date(2026, 11, 21, 11, 0, 0, 1_999_999, time.FixedZone("", 3600)),
		SinceStart:       1500 * time.Millisecond,
		Point:            receipt.PreCommit,
		Inputs:           map[string]any{"signal_id": "s1", "count": 2, "deep": []any{true, int64(3), map[string]any{"k": "v"}}},
		Status:           receipt.Pass,
		Rationale:        "one nudge shown",
		Badges:           []string{"shown"},
		Result:           map[string]any{"kinds": []string{"mirror"}},
		RepoID:           "shop",
		ActorType:        receipt.ActorHuman,
	}
	for _, c := range change {
		c(&d)
	}
	return d
}

func TestNew_givesTheNestedWireForm(t *testing.T) {
	t.Parallel()
	doc, err := receipt.New(draft(func(d *receipt.Draft) {
		d.Evidence = []receipt.Handle{{URL: "u", Type: "signal", Description: "x", ExpiresAt: time.Unix(0, 0)}, {URL: "u2", Type: "run"}}
	}))
	require.NoError(t, err)
	want := map[string]any{
		"receipt_id": someID, "tenant_id": "acme", "gate_id": "mmm", "schema_version": "1.0.0",
		"policy_version_ids":     []string{"v7"},
		"snapshot_hash":          "sha256:9f2460b56367bc4e5050aec0c5fb6c516f06dc5e924e14a89d52d47ee2911b80",
		"timestamp_utc":          "2026-11-21T10:00:00.001Z",
		"timestamp_monotonic_ms": int64(1500),
		"evaluation_point":       "pre-commit",
		"inputs": map[string]any{
			"kind": "decision", "signal_id": "s1", "count": int64(2),
			"deep": []any{true, int64(3), map[string]any{"k": "v"}},
		},
		"decision": map[string]any{"status": "pass", "rationale": "one nudge shown", "badges": []string{"shown"}},
		"actor":    map[string]any{"repo_id": "shop", "type": "human"},
		"result":   map[string]any{"kinds": []any{"mirror"}},
		"degraded": false,
		"evidence_handles": []any{
			map[string]any{"url": "u", "type": "signal", "description": "x", "expires_at": "1970-01-01T00:00:00.000Z"},
			map[string]any{"url": "u2", "type": "run", "description": ""},
		},
	}
	if diff := cmp.Diff(want, doc.Wire()); diff != "" {
		t.Errorf("wire form (-want +got):\n%s", diff)
	}
}

func TestNew_fillsWhatIsAbsent(t *testing.T) {
	t.Parallel()
	doc, err := receipt.New(draft(func(d *receipt.Draft) {
		d.RepoID, d.Result, d.Inputs, d.SnapshotHash = "", nil, nil, ""
	}))
	require.NoError(t, err)
	wire := doc.Wire()
	if diff := cmp.Diff(map[string]any{"repo_id": "unknown", "type": "human"}, wire["actor"]); diff != "" {
		t.Errorf("actor (-want +got):\n%s", diff)
	}
	if result, there := wire["result"]; !there || result != nil {
		t.Errorf("result = %v, %v; want null on the wire", result, there)
	}
	if diff := cmp.Diff(map[string]any{"kind": "decision"}, wire["inputs"]); diff != "" {
		t.Errorf("inputs (-want +got):\n%s", diff)
	}
	if got, want := wire["snapshot_hash"], "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"; got != want {
		t.Errorf("snapshot_hash = %v, want %v", got, want)
	}
	if _, there := wire["evidence_handles"]; there {
		t.Error("no evidence, but evidence_handles is there")
	}
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	loop := map[string]any{}
	loop["again"] = loop
	input := func(v any) func(*receipt.Draft) {
		return func(d *receipt.Draft) { d.Inputs = map[string]any{"x": v} }
	}
	cases := map[string]struct {
		change func(*receipt.Draft)
		want   string
	}{
		"an id that is no UUID":        {func(d *receipt.Draft) { d.ID = "r1" }, "UUID"},
		"an upper-case UUID":           {func(d *receipt.Draft) { d.ID = strings.ToUpper(someID) }, "UUID"},
		"no tenant":                    {func(d *receipt.Draft) { d.Tenant = "" }, "tenant"},
		"an unknown kind":              {func(d *receipt.Draft) { d.Kind = "gossip" }, "kind"},
		"a short snapshot hash":        {func(d *receipt.Draft) { d.SnapshotHash = "sha256:ab" }, "snapshot hash"},
		"no time":                      {func(d *receipt.Draft) { d.At = time.Time{} }, "time"},
		"the year 10000":               {func(d *receipt.Draft) { d.At = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "time"},
		"an unknown evaluation point":  {func(d *receipt.Draft) { d.Point = "post-mortem" }, "evaluation point"},
		"a blocking status":            {func(d *receipt.Draft) { d.Status = "hard_block" }, "status"},
		"an unknown actor type":        {func(d *receipt.Draft) { d.ActorType = "robot" }, "actor type"},
		"a repo id beyond the column":  {func(d *receipt.Draft) { d.RepoID = strings.Repeat("r", 256) }, "repo id"},
		"a rationale that is no UTF-8": {func(d *receipt.Draft) { d.Rationale = "\xff" }, "UTF-8"},
		"a badge that is no UTF-8":     {func(d *receipt.Draft) { d.Badges = []string{"\xff"} }, "UTF-8"},
		"evidence without a url":       {func(d *receipt.Draft) { d.Evidence = []receipt.Handle{{Type: "t"}} }, "evidence"},
		"a float":                      {input(0.5), "inputs.x"},
		"a float deep inside":          {input([]any{map[string]any{"y": 1.0}}), "inputs.x[0].y"},
		"a null":                       {input(nil), "inputs.x"},
		"an unsigned integer":          {input(uint64(1)), "inputs.x"},
		"an integer that doubles lose": {input(int64(1) << 53), "inputs.x"},
		"its negative":                 {input(-(int64(1) << 53)), "inputs.x"},
		"a value that is no UTF-8":     {input("\xff"), "inputs.x"},
		"a key that is no UTF-8":       {func(d *receipt.Draft) { d.Inputs = map[string]any{"\xff": 1} }, "UTF-8"},
		"a map that holds itself":      {input(loop), "nested deeper"},
		"a float in the result":        {func(d *receipt.Draft) { d.Result = map[string]any{"r": float32(1)} }, "result.r"},
		"a kind of the builder's own":  {func(d *receipt.Draft) { d.Inputs = map[string]any{"kind": "x"} }, "inputs.kind"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			doc, err := receipt.New(draft(c.change))
			require.ErrorContains(t, err, c.want)
			if doc.Valid() {
				t.Error("a refused draft gave a valid document")
			}
		})
	}
}

func TestNew_reportsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	_, err := receipt.New(receipt.Draft{Inputs: map[string]any{"a": 1.5, "b": 2.5}})
	for _, want := range []string{"UUID", "tenant", "kind", "time", "evaluation point", "status", "actor type", "inputs.a", "inputs.b"} {
		require.ErrorContains(t, err, want)
	}
}

func TestDocument_isNotReachedThroughItsDraft(t *testing.T) {
	t.Parallel()
	d := draft()
	inner := map[string]any{"k": "before"}
	d.Inputs["inner"] = inner
	doc, err := receipt.New(d)
	require.NoError(t, err)
	inner["k"], d.PolicyVersionIDs[0], d.Badges[0] = "after", "after", "after"
	wire := doc.Wire()
	if got := wire["inputs"].(map[string]any)["inner"].(map[string]any)["k"]; got != "before" {
		t.Errorf("inputs changed to %v after the receipt was made", got)
	}
	if got := wire["policy_version_ids"].([]string)[0]; got != "v7" {
		t.Errorf("policy versions changed to %v", got)
	}
	if got := wire["decision"].(map[string]any)["badges"].([]string)[0]; got != "shown" {
		t.Errorf("badges changed to %v", got)
	}
}

func TestNew_scansInputsAndResult(t *testing.T) {
	t.Parallel()
	doc, err := receipt.New(draft(func(d *receipt.Draft) {
		d.Inputs = map[string]any{"file": "src/secret_scan.go"}
		d.Result = map[string]any{"tokens_in": 3}
	}))
	require.NoError(t, err)
	if got := doc.Inputs()["file"]; !strings.HasPrefix(got.(string), "h:") {
		t.Errorf("inputs.file = %v; want it hashed", got)
	}
	if _, there := doc.Result()["tokens_in"]; there {
		t.Error("result kept the key tokens_in")
	}
}

func TestPointFor(t *testing.T) {
	t.Parallel()
	cases := []struct {
		given   string
		surface intervention.Surface
		want    receipt.EvaluationPoint
	}{
		{"", intervention.IDE, receipt.PreCommit},
		{"", intervention.CI, receipt.PreMerge},
		{"", intervention.Alert, receipt.PostDeploy},
		{"", "", receipt.PreDeploy},
		{"post-deploy", intervention.IDE, receipt.PostDeploy},
		{"nonsense", intervention.CI, receipt.PreMerge},
	}
	for _, c := range cases {
		if got := receipt.PointFor(c.given, c.surface); got != c.want {
			t.Errorf("PointFor(%q, %q) = %s, want %s", c.given, c.surface, got, c.want)
		}
	}
}

func TestStatusFor(t *testing.T) {
	t.Parallel()
	for i := range 8 {
		degraded, stale, refused := i&1 > 0, i&2 > 0, i&4 > 0
		want := receipt.Warn
		if i == 0 {
			want = receipt.Pass
		}
		if got := receipt.StatusFor(degraded, stale, refused); got != want {
			t.Errorf("StatusFor(%v, %v, %v) = %s, want %s", degraded, stale, refused, got, want)
		}
	}
}

func TestActorTypeOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[actor.Type]receipt.ActorType{
		actor.Human: "human", actor.AIAgent: "ai_agent", actor.Automation: "service", "": "service",
	} {
		if got := receipt.ActorTypeOf(in); got != want {
			t.Errorf("ActorTypeOf(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestActorRef_isAKeyedHash(t *testing.T) {
	t.Parallel()
	// RFC 4231, test case 2.
	const want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
	if got := receipt.ActorRef([]byte("Jefe"), "what do ya want for nothing?"); got != want {
		t.Errorf("ActorRef = %s, want %s", got, want)
	}
	if receipt.ActorRef([]byte("other"), "dev1") == receipt.ActorRef([]byte("salt"), "dev1") {
		t.Error("two salts gave one reference")
	}
}

func TestMonotonicMS_staysWithin32Bits(t *testing.T) {
	t.Parallel()
	for in, want := range map[time.Duration]int64{
		0: 0, -time.Second: 0, 1999 * time.Microsecond: 1,
		(1<<31 - 1) * time.Millisecond: 1<<31 - 1, (1 << 31) * time.Millisecond: 0,
	} {
		if got := receipt.MonotonicMS(in); got != want {
			t.Errorf("MonotonicMS(%v) = %d, want %d", in, got, want)
		}
	}
}

func TestKinds_areAllAccepted(t *testing.T) {
	t.Parallel()
	require.Len(t, receipt.Kinds(), 10)
	for _, k := range receipt.Kinds() {
		doc, err := receipt.New(draft(func(d *receipt.Draft) { d.Kind = k }))
		require.NoError(t, err)
		if got := doc.Inputs()["kind"]; got != string(k) {
			t.Errorf("inputs.kind = %v, want %s unscanned", got, k)
		}
	}
}

func TestSeal(t *testing.T) {
	t.Parallel()
	doc, err := receipt.New(draft())
	require.NoError(t, err)
	sig := receipt.FormatSignature("k1", make([]byte, 64))
	body := func(sig, kid, id string) []byte {
		return []byte(`{"kid":"` + kid + `","receipt_id":"` + id + `","signature":"` + sig + `"}`)
	}
	signed, err := receipt.Seal(doc, sig, body(sig, "k1", someID))
	require.NoError(t, err)
	require.True(t, signed.Valid())
	if signed.KID() != "k1" || signed.ID() != someID || signed.Tenant() != "acme" || signed.Signature() != sig {
		t.Errorf("signed = %s %s %s", signed.KID(), signed.ID(), signed.Tenant())
	}
	signed.Canonical()[0] = 'x'
	if signed.Canonical()[0] != '{' {
		t.Error("the canonical bytes can be changed from outside")
	}
	require.False(t, receipt.Signed{}.Valid(), "the zero value must not pass for a signed receipt")

	cases := map[string]struct {
		doc       receipt.Document
		signature string
		canonical []byte
	}{
		"an empty document":             {receipt.Document{}, sig, body(sig, "k1", someID)},
		"no signature":                  {doc, "", body("", "k1", someID)},
		"another scheme":                {doc, "sig-rsa:k1:AAAA", body("sig-rsa:k1:AAAA", "k1", someID)},
		"a short signature":             {doc, "sig-ed25519:k1:AAAA", body("sig-ed25519:k1:AAAA", "k1", someID)},
		"no canonical bytes":            {doc, sig, nil},
		"bytes without the signature":   {doc, sig, body("x", "k1", someID)},
		"bytes with another kid":        {doc, sig, body(sig, "k2", someID)},
		"the bytes of another document": {doc, sig, body(sig, "k1", strings.Replace(someID, "0", "1", 1))},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := receipt.Seal(c.doc, c.signature, c.canonical)
			require.Error(t, err)
			require.False(t, got.Valid())
		})
	}
}

func TestParseSignature(t *testing.T) {
	t.Parallel()
	raw := make([]byte, 64)
	raw[3] = 9
	kid, sig, err := receipt.ParseSignature(receipt.FormatSignature("receipt-01.a_B", raw))
	require.NoError(t, err)
	if kid != "receipt-01.a_B" || !cmp.Equal(raw, sig) {
		t.Errorf("round trip gave %q, %x", kid, sig)
	}
	b64 := base64.StdEncoding.EncodeToString(raw)
	for _, bad := range []string{"", "sig-ed25519:", "sig-ed25519:" + b64, "sig-ed25519::" + b64, "sig-ed25519:a/b:" + b64, "sig-ed25519:k:" + b64 + "\n", "sig-ed25519:k:x:" + b64} {
		if _, _, err := receipt.ParseSignature(bad); err == nil {
			t.Errorf("ParseSignature(%q) passed", bad)
		}
	}
}
