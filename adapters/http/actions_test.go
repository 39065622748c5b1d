package httpapi_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/test/fake"
)

// ids gives the action ids of a list.
func actionIDs(tb testing.TB, a answer) []string {
	tb.Helper()
	out := []string{}
	for i := range a.get(tb, "items").([]any) {
		out = append(out, a.text(tb, "items", i, "action_id"))
	}
	return out
}

func TestAction_isWhatWasDecidedWithItsDigest(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.shown(t, "dev1", "mirror")
	d, a := h.shown(t, "dev1", "multiplier.dual")
	decided := h.run(t, scenario{path: "/decisions/" + d, token: plain, status: 200})
	got := h.run(t, scenario{path: "/actions/" + a, token: plain, status: 200})

	want := decided.get(t, "decision", "actions", 0).(map[string]any)
	want["decision_id"] = d
	require.Equal(t, want, got.get(t, "action"))
	payload := got.get(t, "payload")
	require.Equal(t, want["payload"], payload)
	require.Equal(t, true, got.get(t, "payload", "dual_channel_required"))
	require.Contains(t, got.body, `"approval":null`)

	// Keys of one kind of letter and texts without special characters: for them sorted JSON is the canonical form.
	canonical, err := json.Marshal(payload)
	require.NoError(t, err)
	sum := sha256.Sum256(canonical)
	require.Equal(t, hex.EncodeToString(sum[:]), got.text(t, "payload_digest"))
}

func TestAction_whoMaySee(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, mine := h.shown(t, "dev1", "mirror")
	_, bots := h.shown(t, "bot7", "mirror")
	look := func(id, token string, status int) scenario {
		return told(token, scenario{path: "/actions/" + id}, token, status)
	}
	h.inOrder(t, []scenario{
		look(mine, plain, 200),
		look(mine, other, 403),
		look(mine, delegate, 403),
		look(mine, human, 403),
		look(mine, foreign, 404),
		look(bots, human, 200),
		look(bots, "bot", 200),
		look(fake.ID(9999), plain, 404),
		look("x", plain, 404),
	})
	require.Empty(t, h.access.looks)
	h.inOrder(t, []scenario{look(mine, manager, 200), look(bots, operator, 200)})
	require.Equal(t, []string{"dev1 action/" + mine, "bot7 action/" + bots}, h.access.looks)

	h.store.Transactor.FailNext(fault.StoreUnavailable(nil))
	h.run(t, scenario{path: "/actions/" + mine, token: manager, status: 503, code: "STORE_UNAVAILABLE", lacks: []string{"payload"}})
}

func TestActions_listsWhatIsOpen(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	list := func(query string) []string {
		return actionIDs(t, h.run(t, scenario{path: "/actors/dev1/actions" + query, token: plain, status: 200}))
	}
	require.Empty(t, list(""))
	dOne, one := h.shown(t, "dev1", "mirror")
	h.clock.Advance(time.Hour)
	dTwo, two := h.shown(t, "dev1", "mentor")
	h.shown(t, "dev2", "mirror")
	require.Equal(t, []string{one, two}, list(""))
	require.Equal(t, []string{one, two}, list("?surface=ci"))
	require.Empty(t, list("?surface=alert"))
	require.Equal(t, []string{two}, list("?since="+url.QueryEscape("2026-11-21T14:00:00+01:00")))
	require.Empty(t, list("?since=2026-11-21T13:00:00.000001Z"))
	require.Equal(t, []string{one}, list("?limit=1"))

	first := h.run(t, scenario{path: "/actors/dev1/actions?limit=1", token: plain, status: 200})
	require.Equal(t, dOne, first.text(t, "items", 0, "decision_id"))
	second := h.run(t, scenario{path: "/actors/dev1/actions?limit=1&cursor=" + first.text(t, "next_cursor"), token: plain, status: 200})
	require.Equal(t, []string{two}, actionIDs(t, second))
	require.Nil(t, second.get(t, "next_cursor"))

	h.run(t, report(dTwo, two, "shown", ""))
	require.Equal(t, []string{one, two}, list(""), "still open")
	h.run(t, report(dTwo, two, "accepted", ""))
	require.Equal(t, []string{one}, list(""), "answered")
	h.clock.Advance(23 * time.Hour)
	require.Empty(t, list(""), "expired")
}

func TestActions_whoMayList(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.shown(t, "dev1", "mirror")
	h.shown(t, "bot7", "mirror")
	look := func(who, token string, status int, contains ...string) scenario {
		s := told(token+" of "+who, scenario{path: "/actors/" + who + "/actions"}, token, status)
		s.contains = contains
		return s
	}
	h.inOrder(t, []scenario{
		look("dev1", plain, 200, "action_id"),
		look("dev1", other, 403),
		look("dev1", delegate, 200, "action_id"),
		look("bot7", human, 200, "action_id"),
		look("dev1", human, 403),
		look("dev1", foreign, 200, `"items":[]`), // its own namesake in its own tenant
		look("dev1", noScope, 403),
	})
	require.Empty(t, h.access.looks)
	h.run(t, look("dev1", manager, 200, "action_id"))
	require.Equal(t, []string{"dev1 actions"}, h.access.looks)
}

func TestActions_refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	bad := func(path, field string) scenario {
		return scenario{name: path, path: path, token: delegate, status: 422, code: "VALIDATION_FAILED", contains: []string{`"field":"` + field + `"`}}
	}
	h.inOrder(t, []scenario{
		bad("/actors/a%20b/actions", "actor_id"),
		bad("/actors/..%2Fetc/actions", "actor_id"),
		bad("/actors/%2541/actions", "actor_id"), // decoded once it is %41, and that is no id
		bad("/actors/"+strings.Repeat("x", 201)+"/actions", "actor_id"),
		bad("/actors/dev1/actions?surface=tv", "surface"),
		bad("/actors/dev1/actions?since=yesterday", "since"),
		bad("/actors/dev1/actions?since=0001-01-01T00:00:00Z", "since"),
		bad("/actors/dev1/actions?limit=0", "limit"),
		bad("/actors/dev1/actions?cursor=x", "cursor"),
	})
	for _, id := range []string{"a/b", "dev@x+1.2_-:[bot]"} {
		body := fmt.Sprintf(`{"tenant_id":"acme","actor_id":%q}`, id)
		h.run(t, scenario{method: "POST", path: "/decide", token: delegate, body: body, status: 200})
		h.run(t, scenario{path: "/actors/" + url.PathEscape(id) + "/actions", token: delegate, status: 200})
	}
}
