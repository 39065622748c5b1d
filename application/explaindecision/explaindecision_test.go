package explaindecision_test

import (
	"fmt"
	"io/fs"
	"math/rand"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/expression"
	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/sqlite"
	"github.com/zeroui/mmm-engine/application/auditaccess"
	"github.com/zeroui/mmm-engine/application/evidence"
	"github.com/zeroui/mmm-engine/application/explaindecision"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/migrations"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/given"
	"github.com/zeroui/mmm-engine/test/rig"
)

// house decides and explains, on fakes or on SQLite.
type house struct {
	*rig.Rig
	playbooks ports.Playbooks
	decisions interface {
		ports.Decisions
		ports.DecisionKnowledge
	}
	prefs    ports.Preferences
	settings ports.TenantSettings
	explain  *explaindecision.UseCase
}

func exprs(t *testing.T) ports.ConditionCompiler {
	t.Helper()
	e, err := expression.New()
	require.NoError(t, err)
	return e
}

func onFakes(t *testing.T) *house {
	t.Helper()
	h := &house{Rig: rig.With(exprs(t))}
	s := h.Store
	h.playbooks, h.decisions, h.prefs, h.settings = s.Playbooks, s.Decisions, s.Preferences, s.TenantSettings
	h.build(t)
	return h
}

func onSQLite(t *testing.T) *house {
	t.Helper()
	files, err := fs.Sub(migrations.FS, "sqlite")
	require.NoError(t, err)
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), sqlite.FileName))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	require.NoError(t, s.Up(t.Context(), files))
	h := &house{
		playbooks: persistence.NewPlaybooks(s.DB()), prefs: persistence.NewPreferences(s.DB()), settings: persistence.NewTenantSettings(s.DB()),
	}
	h.Rig = rig.With(exprs(t), func(p *rig.Parts) {
		decisions := persistence.NewDecisions(s.DB(), p.Floor.Clock.Now)
		t.Cleanup(decisions.Close)
		h.decisions = decisions
		p.Records.Decisions = decisions
		p.Records.Actors = persistence.NewActors(s.DB())
		p.Sources.Preferences, p.Sources.Settings, p.Sources.Signals = h.prefs, h.settings, persistence.NewSignals(s.DB())
		p.Sources.History = persistence.NewBudgetHistory(s.DB())
	})
	h.build(t)
	return h
}

func (h *house) build(t *testing.T) {
	t.Helper()
	clerk := evidence.NewClerk(h.Store.Receipts, h.Signer, h.Store.Actors, h.Clock, h.IDs, fake.KeyedHash{}, &fake.AuditLog{})
	access := auditaccess.New(h.Store.AccessLog, evidence.NewTransactor(h.Store.Transactor), clerk, h.Store.Actors)
	h.explain = explaindecision.New(h.decisions, h.decisions, h.playbooks, exprs(t), h.Directory, access)
}

// publish makes a playbook live in the rig, which decides, and in the store that explains.
func (h *house) publish(t *testing.T, id playbook.ID, def playbook.Definition) {
	t.Helper()
	h.Publish(t, rig.Acme, id, def)
	if h.playbooks != ports.Playbooks(h.Store.Playbooks) {
		p, err := playbook.New(id, rig.Acme, def, h.Clock.Now()).Publish("ref", h.Clock.Now())
		require.NoError(t, err)
		require.NoError(t, h.playbooks.Create(t.Context(), rig.Acme, p))
	}
}

func as(t *testing.T, subject actor.ID, in tenant.ID, roles ...string) caller.Caller {
	t.Helper()
	c, err := caller.Verified(caller.Claims{Subject: subject, Tenant: in, Roles: roles, Scopes: []string{"mmm.read"}, ExpiresAt: given.Now()})
	require.NoError(t, err)
	return c
}

// TestExplain_agreesWithEveryRecordedDecision decides on many situations and holds each explanation to what was recorded.
func TestExplain_agreesWithEveryRecordedDecision(t *testing.T) {
	t.Parallel()
	h := onSQLite(t)
	r := rand.New(rand.NewSource(3))
	pick := func(words ...any) any { return words[r.Intn(len(words))] }
	for i := range 12 {
		kind := pick("mirror", "mentor", "multiplier").(string)
		h.publish(t, playbook.ID(fake.ID(uint64(100+i))), given.Definition(t,
			given.Set("name", fmt.Sprintf("P%d", i)), given.Set("tags", []any{pick("a", "b")}),
			given.Set("triggers.0", map[string]any{
				"event_type": pick("ci.run.failed", "ci.*", "pr.opened"), "min_severity": pick("info", "low", "critical"), "source": pick("", "", "ci", "github"),
			}),
			given.Set("conditions", []any{
				map[string]any{"type": "branch", "value": pick("main", "*", "*", "next")},
				map[string]any{"type": "expr", "expr": pick(
					"recent.count('ci.*', '1h') >= 2", "signal.payload.run_attempt > 1", "actor.type == 'human'", "context.repo_id.startsWith('s')", "true", "true",
				)},
			}),
			given.Set("actions.0.type", kind), given.Set("actions.0.surfaces", []any{pick("ide", "ci", "alert")}),
			given.Set("actions.0.payload", map[string]any{"title": "T", "body": pick("B", "{{signal.payload.run_attempt}}")}),
			given.Set("limits", map[string]any{"cooldown_minutes": pick(0, 30), "quiet_hours": map[string]any{"start": 20, "end": 4}}),
		))
	}
	settings := tenant.Defaults()
	settings.Quotas = tenant.Quotas{MaxActionsPerDecision: 3, MaxActionsPerHour: 5, MaxActionsPerDay: 40}
	settings.EnabledActionTypes = []intervention.Kind{intervention.Mirror, intervention.Mentor}
	require.NoError(t, h.settings.Put(t.Context(), rig.Acme, settings, 0, h.Clock.Now()))
	_, err := h.prefs.Put(t.Context(), rig.Acme, "dev2", ports.StoredPreferences{Preferences: actor.Preferences{OptOut: []string{"a"}}}, h.Clock.Now())
	require.NoError(t, err)

	seen := map[explaindecision.Verdict]int{}
	for i := range 60 {
		req := h.Request(fmt.Sprintf("s%d", i))
		req.Actor.ID = actor.ID(pick("dev1", "dev2").(string))
		req.Actor.Type = pick(actor.Human, actor.Human, actor.AIAgent).(actor.Type)
		req.Place.Branch = pick("main", "next").(string)
		req.Signal.EventType = pick("ci.run.failed", "ci.job.failed", "pr.opened").(string)
		req.Signal.Severity = intervention.Severity(1 + r.Intn(6))
		if r.Intn(2) == 0 {
			req.Signal.Payload["run_attempt"] = int64(r.Intn(3))
		}
		res, err := h.Decide.DecideAction(t.Context(), req)
		require.NoError(t, err)
		h.Clock.Advance(time.Duration(r.Intn(90)) * time.Minute)

		got, err := h.explain.ExplainDecision(t.Context(), as(t, req.Actor.ID, rig.Acme), res.Decision.ID)
		require.NoError(t, err)
		require.Len(t, got.Playbooks, len(res.Looks))
		for j, p := range got.Playbooks {
			seen[p.Verdict]++
			look := res.Looks[j]
			require.Equal(t, look.Version.ID(), p.ID)
			require.NotEmpty(t, p.Comparisons, "the situation of that moment gives the verdict of that moment")
			require.Equal(t, wanted(res.Decision, look), p.Verdict)
			require.Equal(t, p.Verdict == explaindecision.Shown, p.WouldPassIf == "", "%+v", p)
			require.Equal(t, p.Verdict == explaindecision.Shown, p.Reason == "")
			switch p.Verdict {
			case explaindecision.NotMatched:
				require.EqualValues(t, look.Verdict, p.Reason)
				require.Equal(t, suppression.Match, p.Stage)
			case explaindecision.Suppressed:
				for _, s := range res.Decision.Suppressions {
					if s.Playbook == p.ID {
						require.Equal(t, s.Reason, p.Reason)
						require.Equal(t, s.Stage, p.Stage)
					}
				}
			case explaindecision.Shown:
			}
		}
	}
	for _, v := range []explaindecision.Verdict{explaindecision.Shown, explaindecision.Suppressed, explaindecision.NotMatched} {
		require.Greater(t, seen[v], 8, "the situations are worth their while: %v", seen)
	}
}

// wanted is the verdict that the record speaks of.
func wanted(d decision.Decision, l playbook.Look) explaindecision.Verdict {
	if l.Verdict != playbook.Matched {
		return explaindecision.NotMatched
	}
	for _, a := range d.Actions {
		if a.Playbook == l.Version.ID() {
			return explaindecision.Shown
		}
	}
	return explaindecision.Suppressed
}

func TestExplain_usesTheVersionsOfThatMoment(t *testing.T) {
	t.Parallel()
	h := onFakes(t)
	id := playbook.ID(fake.ID(100))
	h.publish(t, id, given.Definition(t, given.Set("name", "First"), given.Set("triggers.0.min_severity", "critical")))
	res, err := h.Decide.DecideAction(t.Context(), h.Request("s1"))
	require.NoError(t, err)
	_, err = h.playbooks.Update(t.Context(), rig.Acme, id, func(p playbook.Playbook) (playbook.Playbook, error) {
		p, err := p.Revise(given.Definition(t, given.Set("name", "Second")), h.Clock.Now())
		if err != nil {
			return p, err
		}
		return p.Publish("ref", h.Clock.Now())
	})
	require.NoError(t, err)
	got, err := h.explain.ExplainDecision(t.Context(), as(t, "dev1", rig.Acme), res.Decision.ID)
	require.NoError(t, err)
	require.Equal(t, "First", got.Playbooks[0].Name)
	require.Equal(t, 1, got.Playbooks[0].Number)
	require.Equal(t, suppression.BelowMinSeverity, got.Playbooks[0].Reason)
	require.Equal(t, "It would match if the severity were at least critical.", got.Playbooks[0].WouldPassIf)
}

func TestExplain_whatIsGoneIsToldFromTheRecord(t *testing.T) {
	t.Parallel()
	h := onFakes(t)
	h.publish(t, playbook.ID(fake.ID(100)), given.Definition(t))
	h.publish(t, playbook.ID(fake.ID(101)), given.Definition(t, given.Set("triggers.0.min_severity", "critical")))
	res, err := h.Decide.DecideAction(t.Context(), h.Request("s1"))
	require.NoError(t, err)
	empty := fake.NewStore(h.Clock)
	clerk := evidence.NewClerk(empty.Receipts, h.Signer, empty.Actors, h.Clock, h.IDs, fake.KeyedHash{}, &fake.AuditLog{})
	u := explaindecision.New(h.decisions, h.decisions, empty.Playbooks, exprs(t), h.Directory,
		auditaccess.New(empty.AccessLog, evidence.NewTransactor(empty.Transactor), clerk, empty.Actors))
	got, err := u.ExplainDecision(t.Context(), as(t, "dev1", rig.Acme), res.Decision.ID)
	require.NoError(t, err)
	require.Len(t, got.Playbooks, 2)
	require.Equal(t, explaindecision.Shown, got.Playbooks[0].Verdict)
	require.Empty(t, got.Playbooks[0].Name)
	require.Equal(t, explaindecision.NotMatched, got.Playbooks[1].Verdict)
	require.Equal(t, suppression.BelowMinSeverity, got.Playbooks[1].Reason)
	require.Contains(t, got.Playbooks[1].WouldPassIf, "is gone")
}

func TestExplain_namesTheHoldingLimit(t *testing.T) {
	t.Parallel()
	h := onFakes(t)
	h.publish(t, playbook.ID(fake.ID(100)), given.Definition(t, given.Set("limits", map[string]any{"cooldown_minutes": 30})))
	_, err := h.Decide.DecideAction(t.Context(), h.Request("s1"))
	require.NoError(t, err)
	h.Clock.Advance(12 * time.Minute)
	res, err := h.Decide.DecideAction(t.Context(), h.Request("s2"))
	require.NoError(t, err)
	got, err := h.explain.ExplainDecision(t.Context(), as(t, "dev1", rig.Acme), res.Decision.ID)
	require.NoError(t, err)
	p := got.Playbooks[0]
	require.Equal(t, explaindecision.Suppressed, p.Verdict)
	require.Equal(t, suppression.Restrain, p.Stage)
	require.Equal(t, suppression.Cooldown, p.Reason)
	require.Contains(t, p.Comparisons, playbook.Comparison{What: "actions[0].cooldown", Observed: 12, Wanted: 30})
	require.Equal(t, "It could pass from "+given.Now().Add(30*time.Minute).Format(time.RFC3339)+" on, if nothing else changes.", p.WouldPassIf)
}

func TestExplain_aRefusalForWantOfPolicyIsExplainedToo(t *testing.T) {
	t.Parallel()
	h := onFakes(t)
	h.publish(t, playbook.ID(fake.ID(100)), given.Definition(t))
	h.Policy.Say(rig.Acme, policy.Snapshot{})
	_, err := h.Decide.DecideAction(t.Context(), h.Request("s1"))
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	all := h.Store.Decisions.All(rig.Acme)
	require.Len(t, all, 1)
	got, err := h.explain.ExplainDecision(t.Context(), as(t, "dev1", rig.Acme), all[0].Decision.ID)
	require.NoError(t, err)
	require.Equal(t, suppression.PolicyUnavailable, got.Playbooks[0].Reason)
	require.Equal(t, "It would pass if the policy service answered.", got.Playbooks[0].WouldPassIf)
}

func TestExplain_whoMaySee(t *testing.T) {
	t.Parallel()
	h := onFakes(t)
	h.publish(t, playbook.ID(fake.ID(100)), given.Definition(t))
	h.Directory.Know(rig.Acme, actor.Actor{ID: "dev1", Type: actor.AIAgent, ResponsibleHuman: "boss"})
	res, err := h.Decide.DecideAction(t.Context(), h.Request("s1"))
	require.NoError(t, err)
	id := res.Decision.ID
	for name, c := range map[string]struct {
		who  caller.Caller
		kind fault.Kind
		ok   bool
	}{
		"its actor":                 {as(t, "dev1", rig.Acme), 0, true},
		"the human of the agent":    {as(t, "boss", rig.Acme), 0, true},
		"an admin":                  {as(t, "lead", rig.Acme, "tenant_admin"), 0, true},
		"another actor":             {as(t, "dev2", rig.Acme), fault.Forbidden, false},
		"another tenant's namesake": {as(t, "dev1", "globex", "tenant_admin"), fault.NotFound, false},
	} {
		_, err := h.explain.ExplainDecision(t.Context(), c.who, id)
		if c.ok {
			require.NoError(t, err, name)
			continue
		}
		require.Equal(t, c.kind, fault.KindOf(err), name)
	}
	log, _, err := h.Store.AccessLog.List(t.Context(), rig.Acme, "dev1", ports.Page{Limit: 10})
	require.NoError(t, err)
	require.Len(t, log, 1, "only the admin's look leaves a trace")
	require.Equal(t, "decision/"+string(id)+"/explain", log[0].What)
}
