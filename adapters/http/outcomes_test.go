package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

// shows gives a playbook that shows one action of a kind for the event type of that name.
func shows(kind, more string) string {
	return fmt.Sprintf(`{"name":"One %[1]s","triggers":[{"event_type":"show.%[1]s%[2]s"}],"limits":{"cooldown_minutes":0},
		"actions":[{"type":%[1]q,"surfaces":["ide","ci"],%[3]s"payload":{"title":"The run is red","body":"The run before was green."}}]}`,
		kind, strings.NewReplacer(`"requires_dual_channel":true,`, ".dual").Replace(more), more)
}

const dual = `"requires_dual_channel":true,`

// signals makes the ids of signals differ.
var signals atomic.Int64

// roomy gives the tenant more attention than any test spends.
func (h *house) roomy(tb testing.TB) {
	tb.Helper()
	settings, revision, err := h.store.TenantSettings.Settings(tb.Context(), "acme")
	require.NoError(tb, err)
	if revision == 0 {
		settings.Quotas = tenant.Quotas{MaxActionsPerDecision: 10, MaxActionsPerHour: 1000, MaxActionsPerDay: 1000}
		_ = h.store.TenantSettings.Put(tb.Context(), "acme", settings, 0, noon) // somebody else may have been first
	}
}

// shown has an action of a kind shown to an actor and gives the ids of decision and action. The kind may be "multiplier.dual".
func (h *house) shown(tb testing.TB, who, kind string) (decision, action string) {
	tb.Helper()
	h.roomy(tb)
	bare, isDual := strings.CutSuffix(kind, ".dual")
	more := ""
	if isDual {
		more = dual
	}
	h.once(tb, shows(bare, more))
	got := h.decide(tb, who, kind, "")
	return got.text(tb, "decision", "decision_id"), got.text(tb, "decision", "actions", 0, "action_id")
}

// decide asks for a decision about a fresh signal for an actor.
func (h *house) decide(tb testing.TB, who, kind, dedupKey string) answer {
	tb.Helper()
	key := "null"
	if dedupKey != "" {
		key = strconv.Quote(dedupKey)
	}
	return h.run(tb, scenario{
		method: http.MethodPost, path: "/decide", token: delegate, status: http.StatusOK,
		body: fmt.Sprintf(`{"tenant_id":"acme","actor_id":%q,"context":{"repo_id":"shop"},"signal":{"signal_id":"n%d","event_type":"show.%s","dedup_key":%s}}`,
			who, signals.Add(1), kind, key),
	})
}

// once publishes a playbook unless it is there.
func (h *house) once(tb testing.TB, document string) {
	tb.Helper()
	h.playbooks.Lock()
	defer h.playbooks.Unlock()
	if !h.known[document] {
		h.publish(tb, document)
		h.known[document] = true
	}
}

func report(decision, action, result, more string) scenario {
	return scenario{
		method: http.MethodPost, path: "/decisions/" + decision + "/outcomes", token: plain, status: 202,
		body: fmt.Sprintf(`{"action_id":%q,"result":%q%s}`, action, result, more),
	}
}

// told is the scenario of one report, named, with what must come back.
func told(name string, s scenario, token string, status int) scenario {
	s.name, s.token, s.status = name, token, status
	s.code = map[int]string{403: "FORBIDDEN", 404: "NOT_FOUND", 409: "CONFLICT", 422: "VALIDATION_FAILED"}[status]
	return s
}

// inOrder runs scenarios one after the other, because each is what the next stands on.
func (h *house) inOrder(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		h.run(t, s)
	}
}

func TestOutcome_followsTheLattice(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	why := `,"reason":"known flake of the runner"`
	for _, c := range []struct {
		reports string // each with what it must come back as
	}{
		{"shown=202 shown=202 ignored=202 shown=202 dismissed=202 dismissed=202 shown=202 accepted=409 not_useful=202 not_useful=202 dismissed=202 executed=409"},
		{"accepted=202 dismissed=409 ignored=409 executed=202 accepted=202 failed=202 executed=202 not_useful=202 failed=202"},
		{"not_useful=202 shown=409 accepted=409 failed=409"},
		{"failed=202 executed=409 accepted=409 not_useful=202"},
	} {
		t.Run(c.reports, func(t *testing.T) {
			t.Parallel()
			d, a := h.shown(t, "dev1", "mirror")
			first := map[string]string{}
			for step := range strings.FieldsSeq(c.reports) {
				result, status, _ := strings.Cut(step, "=")
				s := report(d, a, result, why)
				s.name = step
				if status == "409" {
					s.status, s.code = 409, "CONFLICT"
				}
				got := h.run(t, s)
				if status == "409" {
					continue
				}
				id := got.text(t, "outcome_id")
				if first[result] == "" {
					first[result] = id
				}
				require.Equal(t, first[result], id, "a repeat of %s answers with the first", result)
			}
			require.Len(t, h.store.Outcomes.Of("acme", action.ID(a)), len(first), "each is counted once")
		})
	}
}

func TestOutcome_isCountedProvenAndKeptOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d, a := h.shown(t, "dev1", "mentor")
	before := len(h.receipts(t))
	for range 3 {
		h.run(t, report(d, a, "accepted", `,"reason":"dev1"`))
	}
	require.Equal(t, 1, h.meter.Count("outcome", "acme", "accepted"))
	require.Equal(t, 1, h.meter.Count("accepted", "acme", "mentor"))
	kept := h.store.Outcomes.Of("acme", action.ID(a))
	require.Len(t, kept, 1)
	require.Equal(t, outcome.Reason{Given: true}, kept[0].Reason, "an actor's id is not kept as a reason")

	proofs := h.receipts(t)[before:]
	require.Len(t, proofs, 1)
	var proof struct {
		Inputs, Result map[string]any
	}
	require.NoError(t, json.Unmarshal(proofs[0], &proof))
	require.Equal(t, "outcome", proof.Inputs["kind"])
	require.Equal(t, a, proof.Inputs["action_id"])
	require.Equal(t, string(kept[0].ID), proof.Inputs["outcome_id"])
	require.Equal(t, proof.Inputs["actor_ref"], proof.Inputs["by_ref"])
	require.Equal(t, map[string]any{"result": "accepted", "final": true, "consent": false}, proof.Result)
	require.NotContains(t, string(proofs[0]), "dev1")
}

// receipts gives the ledger of acme.
func (h *house) receipts(tb testing.TB) []json.RawMessage {
	tb.Helper()
	entries, _, err := h.store.Receipts.List(tb.Context(), "acme", ports.Page{Limit: 200})
	require.NoError(tb, err)
	out := make([]json.RawMessage, len(entries))
	for i, e := range entries {
		out[i] = e.Document
	}
	return out
}

func TestOutcome_whoMaySaySo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	mine, mineAction := h.shown(t, "dev1", "mirror")
	bots, botsAction := h.shown(t, "bot7", "mirror")
	say := func(more string) scenario { return report(mine, mineAction, "shown", more) }
	bot := func(more string) scenario { return report(bots, botsAction, "accepted", more) }
	h.inOrder(t, []scenario{
		told("its actor", say(""), plain, 202),
		told("its actor by name", say(`,"actor_id":"dev1"`), plain, 202),
		told("another", say(""), other, 403),
		told("another in the actor's name", say(`,"actor_id":"dev1"`), other, 403),
		told("its actor in another's name", say(`,"actor_id":"dev2"`), plain, 403),
		told("a delegate", say(""), delegate, 202),
		told("a delegate in the actor's name", say(`,"actor_id":"dev1"`), delegate, 202),
		told("a delegate in a third one's name", say(`,"actor_id":"dev2"`), delegate, 403),
		told("an admin in the actor's name", say(`,"actor_id":"dev1"`), manager, 202),
		told("an mmm_admin of the tenant", say(""), operator, 202),
		told("another tenant's admin of the same name", say(""), foreign, 404),
		told("the human of an agent", bot(""), human, 202),
		told("the human of an agent in its name", bot(`,"actor_id":"bot7"`), human, 202),
		told("a human of no such agent", say(""), human, 403),
		told("another human of an agent", bot(""), plain, 403),
		told("unknown decision", report(fake.ID(9999), mineAction, "shown", ""), plain, 404),
		told("an action of another decision", report(bots, mineAction, "shown", ""), delegate, 404),
		told("unknown action", report(mine, fake.ID(9999), "shown", ""), plain, 404),
		told("an id that is none of ours", report(mine, "x", "shown", ""), plain, 404),
		told("a malformed decision", report("x", mineAction, "shown", ""), plain, 404),
	})
}

func TestOutcome_consentIsThePersonsOwn(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	accept := func(who, kind string) scenario {
		d, a := h.shown(t, who, kind)
		return report(d, a, "accepted", "")
	}
	mine, bots, open := accept("dev1", "multiplier"), accept("bot7", "multiplier"), accept("dev1", "mentor")
	mine.body = strings.Replace(mine.body, "}", `,"actor_id":"dev1"}`, 1)
	h.inOrder(t, []scenario{
		told("another", mine, other, 403),
		told("a delegate", mine, delegate, 403),
		told("a tenant_admin", mine, manager, 403),
		told("an mmm_admin", mine, operator, 403),
		told("the person", mine, plain, 202),
		told("again by another", mine, manager, 403),
		told("an agent by its delegate", bots, delegate, 403),
		told("an agent for itself", bots, "bot", 403),
		told("the human who answers for it", bots, human, 202),
		told("a mentor by a delegate", open, delegate, 202),
	})
	consent := 0
	for _, raw := range h.receipts(t) {
		if strings.Contains(string(raw), `"consent":true`) {
			consent++
		}
	}
	require.Equal(t, 2, consent, "one for the person, one for the agent's human")
}

func TestOutcome_aMultiplierWaitsForApprovalAndGrant(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d, a := h.shown(t, "dev1", "multiplier.dual")
	accept, execute := report(d, a, "accepted", ""), report(d, a, "executed", "")
	h.inOrder(t, []scenario{
		told("accepted before anybody approved", accept, plain, 409),
		told("executed before anybody accepted", execute, plain, 409),
		told("failed needs nothing", report(d, a, "shown", ""), plain, 202),
	})
	h.store.Outcomes.Clear("acme", action.ID(a), outcome.Clearance{FullyApproved: true})
	h.inOrder(t, []scenario{
		told("accepted after both approved", accept, plain, 202),
		told("executed without a grant", execute, plain, 409),
	})
	h.store.Outcomes.Clear("acme", action.ID(a), outcome.Clearance{FullyApproved: true, Redeemed: true})
	h.run(t, told("executed on a redeemed grant", execute, delegate, 202))

	d, a = h.shown(t, "dev1", "multiplier")
	h.inOrder(t, []scenario{
		told("accepted where one person is enough", report(d, a, "accepted", ""), plain, 202),
		told("executed without a grant there", report(d, a, "executed", ""), plain, 409),
		told("failed", report(d, a, "failed", `,"reason":"conflict"`), plain, 202),
	})
}

func TestOutcome_refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d, a := h.shown(t, "dev1", "mirror")
	bad := func(name, body string, fields ...string) scenario {
		s := told(name, report(d, a, "shown", ""), plain, 422)
		s.body = body
		for _, f := range fields {
			s.contains = append(s.contains, `"field":"`+f+`"`)
		}
		return s
	}
	secret := told("a secret as reason", report(d, a, "dismissed", `,"reason":"password=Xk29fQpw81mZ"`), plain, 422)
	secret.code, secret.contains, secret.lacks = "SECRET_DETECTED", []string{`"field":"reason"`}, []string{"Xk29fQpw81mZ"}
	broken := told("no JSON", report(d, a, "shown", ""), plain, 400)
	broken.body, broken.code = "{", "BAD_JSON"
	h.inOrder(t, []scenario{
		bad("nothing", `{}`, "action_id", "result"),
		bad("everything", `{"action_id":5,"result":"seen","actor_id":"a b","colour":"red"}`, "action_id", "result", "actor_id", "colour"),
		bad("dismissed without reason", `{"action_id":"`+a+`","result":"dismissed"}`, "reason"),
		bad("failed with a blank reason", `{"action_id":"`+a+`","result":"failed","reason":" \n"}`, "reason"),
		bad("a null reason", `{"action_id":"`+a+`","result":"failed","reason":null}`, "reason"),
		bad("an endless reason", `{"action_id":"`+a+`","result":"dismissed","reason":"`+strings.Repeat("ü", 1001)+`"}`, "reason"),
		secret, broken,
		told("the longest reason", report(d, a, "dismissed", `,"reason":"`+strings.Repeat("ü", 1000)+`"`), plain, 202),
	})
}

func TestOutcome_atOnceOneStands(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d, a := h.shown(t, "dev1", "mirror")
	before := len(h.receipts(t))
	const n = 64
	results := []string{"accepted", "dismissed"}
	statuses := make([]int, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { statuses[i] = h.send(t, report(d, a, results[i%2], `,"reason":"flake"`)).status })
	}
	all.Wait()
	kept := h.store.Outcomes.Of("acme", action.ID(a))
	require.Len(t, kept, 1)
	for i, status := range statuses {
		want := http.StatusConflict
		if results[i%2] == string(kept[0].Result) {
			want = http.StatusAccepted
		}
		require.Equal(t, want, status, results[i%2])
	}
	require.Len(t, h.receipts(t), before+1)
	require.Equal(t, 1, h.meter.Count("outcome", "acme", string(kept[0].Result)))
}

func TestOutcome_whatCannotBeProvenDoesNotStand(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	d, a := h.shown(t, "dev1", "mirror")
	h.store.Receipts.FailNext(fault.StoreUnavailable(nil))
	s := report(d, a, "not_useful", "")
	s.status, s.code = 503, "STORE_UNAVAILABLE"
	h.run(t, s)
	require.Empty(t, h.store.Outcomes.Of("acme", action.ID(a)))
	require.Zero(t, h.meter.Count("outcome", "acme", "not_useful"))
	h.run(t, report(d, a, "not_useful", ""))
}

func TestOutcome_aFinalOneMakesRoomForTheNext(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.shown(t, "dev1", "mirror")
	key := "pr:12/lint"
	first := h.decide(t, "dev1", "mirror", key)
	d, a := first.text(t, "decision", "decision_id"), first.text(t, "decision", "actions", 0, "action_id")
	duplicates := func(report scenario) bool {
		h.run(t, report)
		h.clock.Advance(time.Minute)
		return len(h.decide(t, "dev1", "mirror", key).get(t, "decision", "actions").([]any)) == 0
	}
	require.True(t, duplicates(report(d, a, "shown", "")), "it is still open")
	require.True(t, duplicates(report(d, a, "ignored", "")), "it is still open")
	require.False(t, duplicates(report(d, a, "dismissed", `,"reason":"flake"`)), "it is closed")
}

func TestOutcome_anAgentThatIgnoresIsLeftAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	show := func() bool {
		got := h.decide(t, "bot7", "mirror", "")
		if len(got.get(t, "decision", "actions").([]any)) == 0 {
			return false
		}
		h.run(t, told("", report(got.text(t, "decision", "decision_id"), got.text(t, "decision", "actions", 0, "action_id"), "ignored", ""), human, 202))
		h.clock.Advance(time.Minute)
		return true
	}
	d, a := h.shown(t, "bot7", "mirror")
	h.run(t, told("", report(d, a, "accepted", ""), human, 202))
	h.clock.Advance(time.Minute)
	for range 3 {
		require.True(t, show())
	}
	require.False(t, show(), "ignored three times in a row")
}
