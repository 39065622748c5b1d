package manageplaybook_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/application/livebooks"
	"github.com/zeroui/mmm-engine/application/manageplaybook"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/given"
)

type desk struct {
	*manageplaybook.UseCase
	clock  *fake.Clock
	store  *fake.Store
	signer *fake.Signer
	books  *livebooks.Books
	audit  *fake.AuditLog
}

func newDesk() *desk {
	clock := fake.NewClock(given.Now())
	store := fake.NewStore(clock)
	d := &desk{clock: clock, store: store, signer: fake.NewSigner(), books: livebooks.New(store.Playbooks, given.Exprs{}, clock), audit: &fake.AuditLog{}}
	ids := &fake.IDs{}
	clerk := evidence.NewClerk(store.Receipts, d.signer, store.Actors, clock, ids, fake.KeyedHash{}, d.audit)
	d.UseCase = manageplaybook.New(
		store.Playbooks, evidence.NewTransactor(store.Transactor), d.books, given.Exprs{}, clerk, store.Actors, clock, ids,
	)
	return d
}

func as(t *testing.T, in tenant.ID, roles ...string) caller.Caller {
	t.Helper()
	c, err := caller.Verified(caller.Claims{Subject: "lead1", Tenant: in, Roles: roles, Scopes: []string{"mmm.read"}, ExpiresAt: given.Now()})
	require.NoError(t, err)
	return c
}

func lead(t *testing.T) caller.Caller { t.Helper(); return as(t, "acme", "tenant_admin") }

// receipts gives what acme's ledger says of each change.
func (d *desk) receipts(t *testing.T) []map[string]any {
	t.Helper()
	entries, _, err := d.store.Receipts.List(t.Context(), "acme", ports.Page{Limit: 200})
	require.NoError(t, err)
	out := []map[string]any{}
	for _, e := range entries {
		require.NotContains(t, string(e.Document), "lead1", "no receipt holds an actor id")
		var doc map[string]any
		require.NoError(t, json.Unmarshal(e.Document, &doc))
		inputs, ok := doc["inputs"].(map[string]any)
		require.True(t, ok, "%s", e.Document)
		out = append(out, inputs)
	}
	return out
}

func (d *desk) live(t *testing.T) int {
	t.Helper()
	x, err := d.books.Index(t.Context(), "acme")
	require.NoError(t, err)
	return x.Len()
}

func TestLife_leavesOneReceiptForEachChange(t *testing.T) {
	t.Parallel()
	d, c := newDesk(), lead(t)
	p, err := d.Create(t.Context(), c, given.Document())
	require.NoError(t, err)
	id := p.State().ID
	require.Equal(t, playbook.Draft, p.State().Status)
	require.Equal(t, given.Now(), p.State().CreatedAt)
	require.Zero(t, d.live(t), "a draft does not fire")

	p, err = d.Publish(t.Context(), c, id, 0)
	require.NoError(t, err)
	require.Equal(t, 1, p.State().Live.Number)
	require.Equal(t, 1, d.live(t), "a change takes effect on this process at once")
	require.NotContains(t, p.State().Live.PublishedByRef, "lead1")
	require.NotEmpty(t, p.State().Live.PublishedByRef)

	p, err = d.Revise(t.Context(), c, id, []byte(`{"owner":"team-x"}`), 0)
	require.NoError(t, err)
	require.Equal(t, "team-x", p.Shown().Owner)
	require.Equal(t, "Red main", p.Shown().Name, "keys that are not named stay")
	require.Empty(t, p.State().Live.Definition.Owner, "the live version does not change")

	require.NoError(t, d.Deprecate(t.Context(), c, id, 0))
	require.NoError(t, d.Deprecate(t.Context(), c, id, 0), "twice is fine")
	require.Zero(t, d.live(t))

	got := d.receipts(t)
	require.Len(t, got, 4, "and none for what changed nothing")
	for i, verb := range []string{"create", "publish", "revise", "deprecate"} {
		require.Equal(t, verb, got[i]["verb"])
		require.Equal(t, "playbook/"+string(id), got[i]["object"])
		require.NotEmpty(t, got[i]["actor_ref"])
	}
	require.Empty(t, got[0]["before"])
	require.NotEmpty(t, got[0]["after"])
	require.Equal(t, got[1]["before"], got[1]["after"], "publishing does not change the document")
	require.NotEqual(t, got[2]["before"], got[2]["after"])
	require.Equal(t, got[1]["after"], got[2]["before"], "the digests make a chain")
	require.Len(t, d.audit.Entries(), 4)
}

func TestRights(t *testing.T) {
	t.Parallel()
	d := newDesk()
	p, err := d.Create(t.Context(), lead(t), given.Document())
	require.NoError(t, err)
	id := p.State().ID
	do := map[string]func(caller.Caller) error{
		"create":    func(c caller.Caller) error { _, err := d.Create(t.Context(), c, given.Document()); return err },
		"revise":    func(c caller.Caller) error { _, err := d.Revise(t.Context(), c, id, []byte(`{}`), 0); return err },
		"publish":   func(c caller.Caller) error { _, err := d.Publish(t.Context(), c, id, 0); return err },
		"deprecate": func(c caller.Caller) error { return d.Deprecate(t.Context(), c, id, 0) },
	}
	for verb, call := range do {
		for _, roles := range [][]string{nil, {"approver"}, {"privacy_officer"}, {"lead"}} {
			require.True(t, fault.Is(call(as(t, "acme", roles...)), fault.Forbidden), "%s as %v", verb, roles)
		}
		require.True(t, fault.Is(call(caller.Caller{}), fault.Forbidden), "%s by nobody", verb)
		if verb == "create" {
			continue
		}
		err := call(as(t, "globex", "tenant_admin"))
		require.True(t, fault.Is(err, fault.NotFound), "%s from another tenant: %v", verb, err)
	}
	require.Len(t, d.receipts(t), 1)
	_, err = d.ByID(t.Context(), as(t, "globex"), id)
	require.True(t, fault.Is(err, fault.NotFound), "another tenant's playbook does not exist")
	got, err := d.ByID(t.Context(), as(t, "acme"), id)
	require.NoError(t, err)
	require.Equal(t, id, got.State().ID)
	list, _, err := d.List(t.Context(), as(t, "globex"), "", ports.Page{Limit: 50})
	require.NoError(t, err)
	require.Empty(t, list)
	list, _, err = d.List(t.Context(), as(t, "acme"), playbook.Draft, ports.Page{Limit: 50})
	require.NoError(t, err)
	require.Len(t, list, 1)
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	d, c := newDesk(), lead(t)
	p, err := d.Create(t.Context(), c, given.Document())
	require.NoError(t, err)
	id, first := p.State().ID, p.State().Revision
	p, err = d.Revise(t.Context(), c, id, []byte(`{"owner":"a"}`), first)
	require.NoError(t, err)
	stale := []error{d.Deprecate(t.Context(), c, id, first)}
	_, err = d.Revise(t.Context(), c, id, []byte(`{"owner":"b"}`), first)
	stale = append(stale, err)
	_, err = d.Publish(t.Context(), c, id, first)
	for _, err := range append(stale, err) {
		var e *fault.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, fault.CodePreconditionFailed, e.Code)
	}
	now, err := d.ByID(t.Context(), c, id)
	require.NoError(t, err)
	require.Equal(t, p.State(), now.State(), "nothing was changed")
	require.Len(t, d.receipts(t), 2)
	_, err = d.Publish(t.Context(), c, id, p.State().Revision)
	require.NoError(t, err)
}

func TestRefusals_changeNothingAndLeaveNoReceipt(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	condition := func(expr string) []byte {
		return []byte(`{"conditions":[{"type":"expr","expr":"` + expr + `"}]}`)
	}
	for name, c := range map[string]struct {
		fail func(*desk)
		do   func(*desk, caller.Caller, playbook.ID) error
		want fault.Kind
	}{
		"a revision that breaks a rule": {nil, func(d *desk, c caller.Caller, id playbook.ID) error {
			_, err := d.Revise(t.Context(), c, id, []byte(`{"name":"","limits":{"priority":0}}`), 0)
			return err
		}, fault.Invalid},
		"a revision that is no document": {nil, func(d *desk, c caller.Caller, id playbook.ID) error {
			_, err := d.Revise(t.Context(), c, id, []byte(`null`), 0)
			return err
		}, fault.Invalid},
		"an expression that nobody can read": {nil, func(d *desk, c caller.Caller, id playbook.ID) error {
			_, err := d.Revise(t.Context(), c, id, condition("nonsense"), 0)
			return err
		}, fault.Invalid},
		"a playbook that is not there": {nil, func(d *desk, c caller.Caller, _ playbook.ID) error {
			_, err := d.Publish(t.Context(), c, "gone", 0)
			return err
		}, fault.NotFound},
		"nobody can sign": {func(d *desk) { d.signer.FailNext(boom) }, func(d *desk, c caller.Caller, id playbook.ID) error {
			_, err := d.Publish(t.Context(), c, id, 0)
			return err
		}, fault.Internal},
		"the ledger is away": {func(d *desk) { d.store.Receipts.FailNext(fault.StoreUnavailable(boom)) }, func(d *desk, c caller.Caller, id playbook.ID) error {
			return d.Deprecate(t.Context(), c, id, 0)
		}, fault.Unavailable},
		"the actor has no salt": {func(d *desk) { d.store.Actors.FailNext(boom) }, func(d *desk, c caller.Caller, id playbook.ID) error {
			_, err := d.Publish(t.Context(), c, id, 0)
			return err
		}, fault.Internal},
		"nobody can sign a new one": {func(d *desk) { d.signer.FailNext(boom) }, func(d *desk, c caller.Caller, _ playbook.ID) error {
			_, err := d.Create(t.Context(), c, given.Document())
			return err
		}, fault.Internal},
		"a new one that breaks rules": {nil, func(d *desk, c caller.Caller, _ playbook.ID) error {
			_, err := d.Create(t.Context(), c, []byte(`{}`))
			return err
		}, fault.Invalid},
	} {
		d, who := newDesk(), lead(t)
		p, err := d.Create(t.Context(), who, given.Document())
		require.NoError(t, err)
		if c.fail != nil {
			c.fail(d)
		}
		err = c.do(d, who, p.State().ID)
		require.True(t, fault.Is(err, c.want), "%s: %v", name, err)
		list, _, err := d.List(t.Context(), who, "", ports.Page{Limit: 50})
		require.NoError(t, err)
		require.Len(t, list, 1, name)
		require.Equal(t, p.State(), list[0].State(), name)
		require.Len(t, d.receipts(t), 1, name)
		require.Zero(t, d.live(t), name)
		require.Len(t, d.audit.Entries(), 1, name)
	}
}

func TestPublish_refusesWhatItCannotRun(t *testing.T) {
	t.Parallel()
	d, c := newDesk(), lead(t)
	p, err := d.Create(t.Context(), c, given.Document(given.Set("triggers", []any{})))
	require.NoError(t, err, "a draft may be unfinished")
	_, err = d.Publish(t.Context(), c, p.State().ID, 0)
	require.True(t, fault.Is(err, fault.Invalid), "%v", err)

	p, err = d.Create(t.Context(), c, given.Document())
	require.NoError(t, err)
	_, err = d.Publish(t.Context(), c, p.State().ID, 0)
	require.NoError(t, err)
	_, err = d.Publish(t.Context(), c, p.State().ID, 0)
	require.True(t, fault.Is(err, fault.Conflict), "there is no draft any more: %v", err)

	// An engine that has lost a word must not publish what needs it.
	old := newDesk()
	def := given.Definition(t, given.Set("conditions", []any{map[string]any{"type": "expr", "expr": "a word of yesterday"}}))
	require.NoError(t, old.store.Playbooks.Create(t.Context(), "acme", playbook.New("old", "acme", def, given.Now())))
	_, err = old.Publish(t.Context(), c, "old", 0)
	require.True(t, fault.Is(err, fault.Invalid), "%v", err)
	require.Zero(t, old.live(t))
}

func TestRollback_publishesAnOlderVersionAsANewOne(t *testing.T) {
	t.Parallel()
	d, c := newDesk(), lead(t)
	p, err := d.Create(t.Context(), c, given.Document())
	require.NoError(t, err)
	id := p.State().ID
	for _, owner := range []string{"first", "second"} {
		_, err = d.Revise(t.Context(), c, id, []byte(`{"owner":"`+owner+`"}`), 0)
		require.NoError(t, err)
		_, err = d.Publish(t.Context(), c, id, 0)
		require.NoError(t, err)
	}
	p, err = d.Rollback(t.Context(), c, id, 1, 0)
	require.NoError(t, err)
	require.Equal(t, 3, p.State().Live.Number)
	require.Equal(t, "first", p.State().Live.Definition.Owner)
	require.Equal(t, "rollback", d.receipts(t)[5]["verb"])
	_, err = d.Rollback(t.Context(), c, id, 9, 0)
	require.True(t, fault.Is(err, fault.NotFound), "%v", err)
	_, err = d.Rollback(t.Context(), as(t, "acme"), id, 1, 0)
	require.True(t, fault.Is(err, fault.Forbidden), "%v", err)
	require.Len(t, d.receipts(t), 6)
}

func TestCheck_tellsEachProblemOnce(t *testing.T) {
	t.Parallel()
	document := given.Document(given.Set("name", ""), given.Set("conditions", []any{
		map[string]any{"type": "expr", "expr": "nonsense"},
		map[string]any{"type": "branch", "value": "[a"},
		map[string]any{"type": "moon", "value": "full"},
		map[string]any{"type": "severity", "value": []string{"high", "loud"}},
		map[string]any{"type": "expr", "expr": ""},
	}), given.Set("actions.0.payload.title", "{{x}}"))
	_, problems := manageplaybook.Check(document, given.Exprs{})
	got := map[string]int{}
	for _, p := range problems {
		got[p.Field]++
	}
	require.Equal(t, map[string]int{
		"name": 1, "conditions[0].expr": 1, "conditions[1].value": 1, "conditions[2].type": 1, "conditions[3].value[1]": 1,
		"conditions[4].expr": 1, "actions[0].payload.title": 1,
	}, got)
	_, problems = manageplaybook.Check(given.Document(), given.Exprs{})
	require.Empty(t, problems)
	require.Equal(t, time.UTC, given.Now().Location())
}
