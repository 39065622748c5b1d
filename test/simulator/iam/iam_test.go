package iam_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator/iam"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

// bench is a service with a clock that stands.
type bench struct {
	*iam.IAM
	t  *testing.T
	at time.Time
}

func open(t *testing.T) *bench {
	t.Helper()
	key, err := issuer.NewKey("key-1", issuer.EdDSA)
	require.NoError(t, err)
	b := &bench{IAM: iam.New(key), t: t, at: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	b.Clock(func() time.Time { return b.at })
	return b
}

func (b *bench) token(claims map[string]any) string {
	b.t.Helper()
	raw, err := b.Issue(claims, nil)
	require.NoError(b.t, err)
	return raw
}

// ask posts a body and gives the answer.
func (b *bench) ask(path, body string) (int, string, http.Header) {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodPost, path, bytes.NewBufferString(body))
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header()
}

func (b *bench) verify(raw string) (int, string) {
	b.t.Helper()
	code, body, _ := b.ask(iam.VerifyPath, `{"token":"`+raw+`"}`)
	return code, body
}

func TestVerify_answersThreeFieldsAndNoMore(t *testing.T) {
	t.Parallel()
	b := open(t)
	raw := b.token(map[string]any{"sub": "dev1", "scope": []string{"mmm.read"}, "tenant_id": "acme"})
	code, body := b.verify(raw)
	require.Equal(t, http.StatusOK, code)
	require.JSONEq(t, `{"sub":"dev1","scope":["mmm.read"],"valid_until":"2026-11-21T15:00:00"}`, body, "no zone, and shifted")
	b.Zoned(true)
	_, body = b.verify(raw)
	require.JSONEq(t, `{"sub":"dev1","scope":["mmm.read"],"valid_until":"2026-11-21T13:00:00Z"}`, body)
}

func TestVerify_refuses(t *testing.T) {
	t.Parallel()
	b := open(t)
	sub := func(change map[string]any) map[string]any {
		change["sub"] = "dev1"
		return change
	}
	revoked := b.token(sub(map[string]any{}))
	b.Revoke(revoked)
	for name, raw := range map[string]string{
		"unknown":        "a.b.c",
		"expired":        b.token(sub(map[string]any{"exp": b.at.Unix()})),
		"revoked":        revoked,
		"a scope string": b.token(sub(map[string]any{"scope": "mmm.read"})),
		"no kid":         b.token(sub(map[string]any{"kid": issuer.Absent})),
		"no audience":    b.token(sub(map[string]any{"aud": issuer.Absent})),
		"no subject":     b.token(map[string]any{}),
	} {
		code, body := b.verify(raw)
		require.Equal(t, http.StatusUnauthorized, code, name)
		require.Contains(t, body, `{"detail":{"error":{"code":"AUTH_FAILED"`, name)
		require.Contains(t, body, `"details":null`, name)
	}
	for _, body := range []string{"", "{}", "[]", `{"token":""}`, `{"token":5}`, `{"token":"a","more":1}`} {
		code, answer, _ := b.ask(iam.VerifyPath, body)
		require.Equal(t, http.StatusUnprocessableEntity, code, body)
		require.True(t, strings.HasPrefix(answer, `{"detail":[{"loc":["body"`), answer)
	}
}

func TestVerify_looksAtNoSignature(t *testing.T) {
	t.Parallel()
	b := open(t)
	raw := b.token(map[string]any{"sub": "dev1"})
	forged := raw[:strings.LastIndex(raw, ".")+1] + "AAAA"
	require.NoError(t, b.Know(forged))
	code, _ := b.verify(forged)
	require.Equal(t, http.StatusOK, code)
}

func TestRate_hasTwoWindows(t *testing.T) {
	t.Parallel()
	b := open(t)
	raw := b.token(map[string]any{"sub": "dev1"})
	spend := func(n, want int, after string) {
		t.Helper()
		for range n {
			code, body, header := b.ask(iam.VerifyPath, `{"token":"`+raw+`"}`)
			require.Equal(t, want, code)
			require.Equal(t, after, header.Get("Retry-After"))
			if code == http.StatusTooManyRequests {
				require.JSONEq(t, `{"error":{"code":"RATE_LIMITED","message":"Rate limit exceeded","details":null}}`, body)
			}
		}
	}
	for range 4 {
		spend(50, http.StatusOK, "")
		spend(1, http.StatusTooManyRequests, "1")
		b.at = b.at.Add(time.Second)
	}
	spend(1, http.StatusTooManyRequests, "10")
	b.Limited(false)
	spend(1, http.StatusOK, "")
	b.Limited(true)
	b.at = b.at.Add(10 * time.Second)
	spend(50, http.StatusOK, "")
}

func TestDecision(t *testing.T) {
	t.Parallel()
	b := open(t)
	b.DenyExplicitly("secrets", "read")
	for body, want := range map[string]string{
		`{"subject":{"sub":"a","roles":["admin"]},"action":"admin","resource":"x"}`:                                                           iam.Allow,
		`{"subject":{"sub":"a","roles":["tenant_admin"]},"action":"read","resource":"x"}`:                                                     iam.Deny,
		`{"subject":{"sub":"a","roles":["ai_agent"]},"action":"execute","resource":"x"}`:                                                      iam.Allow,
		`{"subject":{"sub":"a","roles":["ai_agent"]},"action":"write","resource":"x"}`:                                                        iam.Deny,
		`{"subject":{"sub":"a","roles":["admin"]},"action":"read","resource":"secrets"}`:                                                      iam.Deny,
		`{"subject":{"sub":"a","roles":["admin"]},"action":"read","resource":"x","context":{"risk_score":0.9}}`:                               iam.Deny,
		`{"subject":{"sub":"a","roles":["admin"]},"action":"read","resource":"x","context":{"device_posture":"insecure"}}`:                    iam.Deny,
		`{"subject":{"sub":"a","roles":["admin"]},"action":"read","resource":"x","context":{"time":"2026-11-21T23:30:00Z"}}`:                  iam.Deny,
		`{"subject":{"sub":"a","roles":["admin"]},"action":"read","resource":"x","context":{"crisis_mode":true}}`:                             iam.Deny,
		`{"subject":{"sub":"a","roles":["viewer"]},"action":"admin","resource":"x","elevation":{"request":true,"scope":["admin"]}}`:           iam.ElevationRequired,
		`{"subject":{"sub":"a","roles":["viewer"]},"action":"write","resource":"x","elevation":{"request":true,"scope":["write"]}}`:           iam.ElevationGranted,
		`{"subject":{"sub":"a","roles":["viewer"],"attributes":{"team":"x"}},"action":"read","resource":"x","context":{"location":"office"}}`: iam.Allow,
	} {
		code, answer, _ := b.ask(iam.DecisionPath, body)
		require.Equal(t, http.StatusOK, code, body)
		var said map[string]any
		require.NoError(t, json.Unmarshal([]byte(answer), &said))
		require.Equal(t, want, said["decision"], body)
		require.Contains(t, said, "expires_at")
		require.NotEmpty(t, said["receipt_id"])
	}
	for _, body := range []string{
		`{}`, `{"subject":{"sub":"a","roles":[]},"action":"read","resource":"x"}`,
		`{"subject":{"sub":"a","roles":["admin"]},"action":"read","resource":{"type":"x"}}`,
		`{"subject":{"sub":"a","roles":["admin"]},"resource":"x"}`,
	} {
		code, _, _ := b.ask(iam.DecisionPath, body)
		require.Equal(t, http.StatusUnprocessableEntity, code, body)
	}
	b.AllowBreakGlass(true)
	_, answer, _ := b.ask(iam.DecisionPath, `{"subject":{"sub":"a","roles":["viewer"]},"action":"admin","resource":"x","context":{"crisis_mode":true}}`)
	require.Contains(t, answer, iam.BreakGlass)
}

func TestServeHTTP_isStrict(t *testing.T) {
	t.Parallel()
	b := open(t)
	for _, c := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, iam.HealthPath, http.StatusOK},
		{http.MethodGet, iam.VerifyPath, http.StatusMethodNotAllowed},
		{http.MethodPost, iam.VerifyPath + "/", http.StatusNotFound},
		{http.MethodPost, "/verify", http.StatusNotFound},
		{http.MethodGet, iam.KeysPath, http.StatusNotFound},
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), c.method, c.path, http.NoBody)
		r.Header.Set("X-Trace-Id", "t")
		b.ServeHTTP(w, r)
		require.Equal(t, c.want, w.Code, c.path)
		require.Equal(t, "t", w.Header().Get("X-Trace-Id"))
	}
}

func TestKeys_followRotation(t *testing.T) {
	t.Parallel()
	b := open(t)
	kids := func() []string {
		w := httptest.NewRecorder()
		b.Keys().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, iam.KeysPath, http.NoBody))
		var set struct {
			Keys []struct {
				KID string `json:"kid"`
			} `json:"keys"`
		}
		require.NoError(t, json.Unmarshal(w.Body.Bytes(), &set))
		var out []string
		for _, k := range set.Keys {
			out = append(out, k.KID)
		}
		return out
	}
	require.Equal(t, []string{"key-1"}, kids())
	two, err := issuer.NewKey("key-2", issuer.ES256)
	require.NoError(t, err)
	b.Rotate(two)
	require.Equal(t, []string{"key-1", "key-2"}, kids())
	b.Withdraw()
	require.Equal(t, []string{"key-2"}, kids())
}
