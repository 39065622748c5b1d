package eris_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator/eris"
)

func start(t *testing.T, q eris.Quirks) *eris.Simulator {
	t.Helper()
	s, err := eris.Start(func() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) })
	require.NoError(t, err)
	t.Cleanup(s.Close)
	s.Behave(q)
	return s
}

// id is a receipt's.
func id(n int) string { return fmt.Sprintf("01930000-0000-7000-8000-%012x", n) }

func receipt(n int, change ...func(map[string]any)) map[string]any {
	r := map[string]any{
		"receipt_id": id(n), "gate_id": "mmm", "schema_version": "1.0.0", "policy_version_ids": []string{},
		"snapshot_hash": "sha256:" + fmt.Sprintf("%064x", 1), "timestamp_utc": "2026-11-21T10:00:00.000Z", "timestamp_monotonic_ms": 7,
		"evaluation_point": "pre-commit", "inputs": map[string]any{"kind": "decision"}, "result": nil,
		"decision": map[string]any{"status": "pass", "rationale": "none"}, "actor": map[string]any{"repo_id": "shop"}, "signature": "s",
		"tenant_id": "acme", "kid": "k1",
	}
	for _, c := range change {
		c(r)
	}
	return r
}

// post gives the status and the answer.
func post(t *testing.T, s *eris.Simulator, path, token string, body any) (int, map[string]any) {
	t.Helper()
	text, err := json.Marshal(body)
	require.NoError(t, err)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+path, bytes.NewReader(text))
	require.NoError(t, err)
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", token)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	res, err := transport.RoundTrip(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, res.Body.Close()) }()
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	var out map[string]any
	require.NoError(t, json.Unmarshal(raw, &out), "%s", raw)
	return res.StatusCode, out
}

// code is the code of an error answer of a route.
func code(answer map[string]any) any {
	detail, _ := answer["detail"].(map[string]any)
	e, _ := detail["error"].(map[string]any)
	return e["code"]
}

func TestService_asksForATokenThatMayWrite(t *testing.T) {
	t.Parallel()
	s := start(t, eris.Mended())
	for token, want := range map[string]int{
		"": 401, "Bearer nobody": 401, "Bearer " + eris.ReaderToken: 403, "Bearer " + eris.Token: 201, eris.Token: 201,
	} {
		status, _ := post(t, s, eris.ReceiptPath, token, receipt(1))
		require.Equal(t, want, status, token)
	}
}

func TestService_isStrictAboutTheModel(t *testing.T) {
	t.Parallel()
	s := start(t, eris.Mended())
	for _, name := range []string{
		"receipt_id", "gate_id", "schema_version", "policy_version_ids", "snapshot_hash", "timestamp_utc", "timestamp_monotonic_ms",
		"evaluation_point", "inputs", "decision", "actor", "signature",
	} {
		status, answer := post(t, s, eris.ReceiptPath, eris.Token, receipt(1, func(r map[string]any) { delete(r, name) }))
		require.Equal(t, 422, status, name)
		problem := answer["detail"].([]any)[0].(map[string]any)
		require.Equal(t, []any{"body", name}, problem["loc"])
		require.Equal(t, "missing", problem["type"])
	}
	flat := receipt(1, func(r map[string]any) { delete(r, "decision"); r["decision_status"] = "pass" })
	status, _ := post(t, s, eris.ReceiptPath, eris.Token, flat)
	require.Equal(t, 422, status)
	status, answer := post(t, s, eris.BulkPath, eris.Token, []any{receipt(1), flat})
	require.Equal(t, 422, status, "one misshapen element is enough")
	require.Equal(t, []any{"body", 1.0, "decision"}, answer["detail"].([]any)[0].(map[string]any)["loc"])
	status, _ = post(t, s, eris.ReceiptPath, eris.Token, receipt(1, func(r map[string]any) { r["receipt_id"] = "r1" }))
	require.Equal(t, 500, status)
	require.Empty(t, s.Kept("acme"))
}

func TestService_oddities(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		quirks eris.Quirks
		want   any
	}{
		"as it is":      {eris.Usual(), "VALIDATION_ERROR"},
		"no tenant":     {eris.Quirks{NoTenant: true}, "TENANT_ID_MISSING"},
		"a broken scan": {eris.Quirks{Governed: true}, "VALIDATION_ERROR"},
	} {
		s := start(t, tc.quirks)
		status, answer := post(t, s, eris.ReceiptPath, eris.Token, receipt(1))
		require.Equal(t, 400, status, name)
		require.Equal(t, tc.want, code(answer), name)
		status, answer = post(t, s, eris.BulkPath, eris.Token, []any{receipt(1)})
		require.Equal(t, 201, status, "bulk always says 201")
		require.Equal(t, "error", answer["results"].([]any)[0].(map[string]any)["status"])
		require.Empty(t, s.Kept("acme"))
	}
	s := start(t, eris.Mended())
	status, _ := post(t, s, eris.ReceiptPath, eris.Token, receipt(2, func(r map[string]any) { r["result"] = map[string]any{"className": "x"} }))
	require.Equal(t, 400, status, "ssn")
	status, answer := post(t, s, eris.ReceiptPath, eris.Token, receipt(1))
	require.Equal(t, 201, status)
	require.Equal(t, "verified", answer["signature_verification_status"])
	require.NotContains(t, s.Stored("acme")[0], "kid", "what it does not know is dropped")
	status, _ = post(t, s, eris.ReceiptPath, eris.Token, receipt(1))
	require.Equal(t, 201, status)
	require.Len(t, s.Kept("acme"), 1)
	status, _ = post(t, s, eris.ReceiptPath, eris.Token, receipt(1, func(r map[string]any) { r["tenant_id"] = "other" }))
	require.Equal(t, 500, status, "another tenant's id")
}

// A batch and its root, as somebody else has computed it.
const (
	root  = "dffca9945dbad4daad127d030e96801d2a544878162e4adf36d1d861e4a4dfb8"
	batch = "0193f000-0000-8000-8000-000000000001"
)

func courier(change ...func(map[string]any)) map[string]any {
	b := map[string]any{
		"batch_id": batch, "tenant_id": "acme", "emitter_service": "mmm", "sequence_numbers": []string{"1", "2", "3"}, "merkle_root": root,
		"receipts":  []any{map[string]any{"b": "é<", "a": 1, "c": []any{true, nil}}, map[string]any{"a": 2}, map[string]any{"a": 3}},
		"timestamp": "2026-11-21T10:00:00.000Z",
	}
	for _, c := range change {
		c(b)
	}
	return b
}

func TestService_courier(t *testing.T) {
	t.Parallel()
	s := start(t, eris.Usual())
	status, answer := post(t, s, eris.CourierPath, eris.Token, courier(func(b map[string]any) { b["merkle_root"] = "0" }))
	require.Equal(t, 400, status)
	require.Equal(t, "VALIDATION_ERROR", code(answer))
	s.FailStorage(1)
	status, _ = post(t, s, eris.CourierPath, eris.Token, courier())
	require.Equal(t, 400, status)

	status, answer = post(t, s, eris.CourierPath, eris.Token, courier())
	require.Equal(t, 201, status, "the root is that of the batch")
	require.Equal(t, "completed", answer["status"])
	require.EqualValues(t, 3, answer["receipt_count"])
	require.Equal(t, 3, s.Lost(), "none of them was a receipt, and nobody was told")
	status, _ = post(t, s, eris.CourierPath, eris.Token, courier(func(b map[string]any) { b["merkle_root"] = "0"; b["tenant_id"] = "other" }))
	require.Equal(t, 201, status, "a known batch is not looked at")

	for name, bad := range map[string]any{"batch_id": 7, "sequence_numbers": []any{1}, "receipts": []any{"x"}, "timestamp": "now"} {
		status, _ = post(t, s, eris.CourierPath, eris.Token, courier(func(b map[string]any) { b[name] = bad }))
		require.Equal(t, 422, status, name)
		status, _ = post(t, s, eris.CourierPath, eris.Token, courier(func(b map[string]any) { delete(b, name) }))
		require.Equal(t, 422, status, name)
	}
	status, _ = post(t, s, eris.CourierPath, eris.Token, courier(func(b map[string]any) { b["batch_id"] = "b1" }))
	require.Equal(t, 500, status)
}

func TestService_limit(t *testing.T) {
	t.Parallel()
	s := start(t, eris.Mended())
	for i := range 101 {
		status, _ := post(t, s, eris.SearchPath, eris.ReaderToken, map[string]any{"tenant_id": "acme"})
		if want := map[bool]int{true: 429, false: 200}[i == 100]; want != status {
			t.Fatalf("call %d: %d, want %d", i, status, want)
		}
	}
	status, _ := post(t, s, eris.ReceiptPath, eris.Token, receipt(1))
	require.Equal(t, 201, status, "each path has its own")
}

func TestService_search(t *testing.T) {
	t.Parallel()
	s := start(t, eris.Mended())
	for i := range 5 {
		_, _ = post(t, s, eris.ReceiptPath, eris.Token, receipt(i))
	}
	status, answer := post(t, s, eris.SearchPath, eris.Token, map[string]any{"tenant_id": "acme", "limit": 2})
	require.Equal(t, 200, status)
	require.Len(t, answer["receipts"], 2)
	_, answer = post(t, s, eris.SearchPath, eris.Token, map[string]any{"tenant_id": "acme", "limit": 2, "cursor": answer["next_cursor"]})
	require.Equal(t, id(3), answer["receipts"].([]any)[0].(map[string]any)["receipt_id"], "one is skipped at the border")
	require.Nil(t, answer["next_cursor"])
	status, _ = post(t, s, eris.SearchPath, eris.Token, map[string]any{"limit": 2})
	require.Equal(t, 422, status)
}
