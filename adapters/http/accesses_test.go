package httpapi_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
)

func TestAccessLog_tellsTheActorWhoLooked(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, who := range []string{plain, other} {
		h.run(t, scenario{method: "POST", path: "/decide", token: who, body: `{"tenant_id":"acme"}`, status: 200})
	}
	h.run(t, scenario{path: "/actors/dev1/access-log", token: plain, status: 200, contains: []string{`"items":[]`}})

	h.run(t, scenario{path: "/decisions", token: manager, status: 200})
	h.clock.Advance(time.Minute)
	h.run(t, scenario{path: "/actors/dev1/preferences", token: operator, status: 200})

	got := h.run(t, scenario{path: "/actors/dev1/access-log?limit=1", token: plain, status: 200, lacks: []string{"lead1", "ops1"}})
	require.Equal(t, "preferences", got.text(t, "items", 0, "what"))
	require.Equal(t, "2026-11-21T12:01:00Z", got.text(t, "items", 0, "at"))
	byOperator := got.text(t, "items", 0, "by_ref")
	got = h.run(t, scenario{path: "/actors/dev1/access-log?cursor=" + got.text(t, "next_cursor"), token: plain, status: 200})
	require.Len(t, got.get(t, "items"), 1)
	require.Nil(t, got.get(t, "next_cursor"))
	require.Equal(t, "decisions", got.text(t, "items", 0, "what"))
	require.NotEqual(t, byOperator, got.text(t, "items", 0, "by_ref"))

	receipt := h.run(t, scenario{path: "/receipts/" + got.text(t, "items", 0, "receipt_id"), token: manager, status: 200, lacks: []string{"dev1", "dev2", "lead1"}})
	inputs := receipt.get(t, "receipt", "inputs").(map[string]any)
	require.Equal(t, "access", inputs["kind"])
	require.Equal(t, "decisions", inputs["what"])
	require.Equal(t, got.text(t, "items", 0, "by_ref"), inputs["actor_ref"])
	require.Len(t, inputs["of_refs"], 2, "one receipt for the request, whoever was in it")

	theirs := h.run(t, scenario{path: "/actors/dev2/access-log", token: other, status: 200})
	require.Equal(t, got.text(t, "items", 0, "receipt_id"), theirs.text(t, "items", 0, "receipt_id"))
	h.table(t, []scenario{
		{name: "an admin sees nobody's but their own", path: "/actors/dev1/access-log", token: manager, status: 403, code: "FORBIDDEN"},
		{name: "nor an agent's human", path: "/actors/bot7/access-log", token: human, status: 403, code: "FORBIDDEN"},
		{name: "another tenant's dev1", path: "/actors/dev1/access-log", token: foreign, status: 200, contains: []string{`"items":[]`}},
		{name: "a malformed cursor", path: "/actors/dev1/access-log?cursor=x", token: plain, status: 422, code: "VALIDATION_FAILED"},
		{name: "a malformed id", path: "/actors/a%7Cb/access-log", token: plain, status: 422, code: "VALIDATION_FAILED"},
	})
}

func TestAccess_whatCannotBeNotedIsNotShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run(t, scenario{method: "POST", path: "/decide", token: plain, body: `{"tenant_id":"acme"}`, status: 200})
	for _, path := range []string{"/decisions", "/actors/dev1/preferences"} {
		h.store.AccessLog.FailNext(fault.StoreUnavailable(nil))
		h.run(t, scenario{path: path, token: manager, status: 503, code: "STORE_UNAVAILABLE", lacks: []string{"dev1"}})
	}
	got := h.run(t, scenario{path: "/receipts", token: manager, status: 200, lacks: []string{`"kind":"access"`}})
	require.Len(t, got.get(t, "items"), 1, "the receipt goes with the entry")
}
