package httpapi_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	httpapi "github.com/zeroui/mmm-engine/adapters/http"
	"github.com/zeroui/mmm-engine/adapters/http/contract"
	"github.com/zeroui/mmm-engine/domain/fault"
)

func TestStatusOf_isTheContracts(t *testing.T) {
	t.Parallel()
	c, err := contract.Load(httpapi.ContractFile())
	require.NoError(t, err)
	codes := c.Document().Components.Schemas["ErrorCode"].Value
	written, ok := codes.Extensions["x-statuses"].(map[string]any)
	require.True(t, ok)
	require.Len(t, written, len(codes.Enum))
	for code, status := range written {
		require.EqualValues(t, status, httpapi.StatusOf(code), code)
	}
	require.Equal(t, http.StatusInternalServerError, httpapi.StatusOf("MADE_UP"))
}

// Every kind of failure that a use case can come back with, seen from outside.
func TestErrors_ofUseCases(t *testing.T) {
	t.Parallel()
	const secret = "relation decisions does not exist at /srv/db.go:12"
	for _, c := range []struct {
		name   string
		err    error
		status int
		code   string
		retry  string
	}{
		{"unclassified", errors.New(secret), 500, "INTERNAL", ""},
		{"internal", fault.New(fault.Internal, fault.CodeInternal, "%s", secret), 500, "INTERNAL", ""},
		{"wrapped", fmt.Errorf("%s: %w", secret, fault.NotFoundf("no such decision")), 404, "NOT_FOUND", ""},
		{"store", fault.StoreUnavailable(errors.New(secret)), 503, "STORE_UNAVAILABLE", "1"},
		{"overloaded", fault.Overloaded("full"), 503, "OVERLOADED", "1"},
		{"exhausted", &fault.Error{Kind: fault.Exhausted, Detail: "slow down", RetryAfter: 2500 * time.Millisecond}, 429, "RATE_LIMITED", "3"},
		{"timeout", fmt.Errorf("%s: %w", secret, context.DeadlineExceeded), 503, "OVERLOADED", "1"},
		{"unavailable without a code", &fault.Error{Kind: fault.Unavailable}, 503, "OVERLOADED", "1"},
		{"cancelled by somebody else", context.Canceled, 500, "INTERNAL", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.store.Decisions.FailNext(c.err)
			got := h.run(t, scenario{
				path: "/decisions/019b0000-0000-7000-8000-000000000001", token: plain, status: c.status, code: c.code,
				lacks: []string{"relation", ".go"},
			})
			require.Equal(t, c.retry, got.header.Get("Retry-After"))
			require.Equal(t, c.retry != "", got.get(t, "error", "retryable"))
			require.Equal(t, []any{}, got.get(t, "error", "details"))
			require.Equal(t, "2026-11-21T12:00:00Z", got.text(t, "error", "timestamp"))
			if c.status == 500 && !errors.Is(c.err, context.Canceled) {
				require.Contains(t, h.log.String(), "relation", "the log knows the cause")
			}
		})
	}
}

func TestErrors_panicIsLoggedOnceAndToldToNobody(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(d *httpapi.Deps, _ *httpapi.Config) {
		d.Keys = func() (json.RawMessage, error) { panic("the ink is out") }
	})
	h.run(t, scenario{path: "/keys", status: 500, code: "INTERNAL", lacks: []string{"ink", "goroutine", ".go"}})
	lines := h.lines(t)
	last := lines[len(lines)-1]
	require.Equal(t, "ERROR", last["level"])
	require.Contains(t, last["error"], "the ink is out")
	require.Contains(t, last["stack"], "errors_test.go")
	panics := 0
	for _, line := range lines {
		if line["stack"] != nil {
			panics++
		}
	}
	require.Equal(t, 1, panics)
}

func TestErrors_nobodyWaits(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	ctx, cancel := context.WithCancel(t.Context())
	// The identity has answered; then the caller goes.
	h.store.Decisions.FailNext(nil)
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, base+"/decisions/019b0000-0000-7000-8000-000000000001", nil)
	r.Header.Set("Authorization", "Bearer "+plain)
	cancel()
	rec := httptest.NewRecorder()
	h.handler.ServeHTTP(rec, r)
	require.Empty(t, rec.Body.String())
	lines := h.lines(t)
	require.EqualValues(t, 499, lines[len(lines)-1]["status"])
}

func TestErrors_ofTheRouter(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	encoded := strings.Replace(h.create(t, quiet).text(t, "playbook_id"), "-", "%2D", 1)
	h.table(t, []scenario{
		{name: "no such path", path: "/nothing", token: plain, status: 404, code: "NOT_FOUND"},
		{name: "outside", path: "/../../etc/passwd", status: 404, code: "NOT_FOUND"},
		{name: "a slash too many", path: "/decide/", token: plain, status: 404, code: "NOT_FOUND"},
		{name: "not built yet", path: "/actions/019b0000-0000-7000-8000-000000000001", token: plain, status: 404, code: "NOT_FOUND"},
		{name: "malformed id", path: "/decisions/1", token: plain, status: 404, code: "NOT_FOUND"},
		{name: "id in capitals", path: "/decisions/019B0000-0000-7000-8000-00000000000A", token: plain, status: 404, code: "NOT_FOUND"},
		{name: "encoded id", path: "/playbooks/" + encoded, token: plain, status: 200},
		{name: "id encoded twice", path: "/playbooks/" + strings.ReplaceAll(encoded, "%", "%25"), token: plain, status: 404, code: "NOT_FOUND"},
		{name: "id with a slash", path: "/playbooks/a%2Fb", token: plain, status: 404, code: "NOT_FOUND"},
		{name: "validate is no id", path: "/playbooks/validate", token: plain, status: 405, code: "METHOD_NOT_ALLOWED"},
	})
	for path, allow := range map[string]string{
		"/decide": "POST", "/playbooks": "GET, POST", "/health": "GET",
		"/playbooks/019b0000-0000-7000-8000-000000000001": "DELETE, GET, PUT",
	} {
		for _, method := range []string{"PATCH", "OPTIONS", "HEAD"} {
			got := h.send(t, scenario{method: method, path: path})
			require.Equal(t, http.StatusMethodNotAllowed, got.status, "%s %s", method, path)
			require.Equal(t, allow, got.header.Get("Allow"))
			if method != "HEAD" {
				require.Equal(t, "METHOD_NOT_ALLOWED", got.text(t, "error", "code"))
			}
		}
	}
}

func TestErrors_identityIsDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.identity.FailNext(&fault.Error{Kind: fault.Unavailable, Code: fault.CodeIAMUnavailable, Detail: "nobody can be asked"})
	h.run(t, scenario{path: "/playbooks", token: plain, status: 503, code: "IAM_UNAVAILABLE"})
}
