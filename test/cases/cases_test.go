package cases_test

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/expression"
	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/application/manageplaybook"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/privacy"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
	"github.com/zeroui/mmm-engine/test/rig"
)

//go:embed *.yaml
var files embed.FS

func load(t *testing.T) map[string]file {
	t.Helper()
	names, err := fs.Glob(files, "*.yaml")
	require.NoError(t, err)
	out := map[string]file{}
	for _, name := range names {
		raw, err := files.ReadFile(name)
		require.NoError(t, err)
		out[name], err = readCases(raw)
		require.NoError(t, err, name)
	}
	return out
}

func TestCases(t *testing.T) {
	t.Parallel()
	exprs, err := expression.New()
	require.NoError(t, err)
	for name, f := range load(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, c := range f.Cases {
				t.Run(c.Name, func(t *testing.T) { t.Parallel(); run(t, exprs, f, c) })
			}
		})
	}
}

// run decides one case.
func run(t *testing.T, exprs ports.ConditionCompiler, f file, c testCase) {
	t.Helper()
	r := rig.With(exprs)
	if !c.At.IsZero() {
		r.Clock.Set(c.At)
	}
	arrange(t, r, exprs, f, c)
	res, err := r.Decide.DecideAction(t.Context(), request(t, r, c))
	if c.Want.Error != "" {
		var e *fault.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, c.Want.Error, e.Code)
		return
	}
	require.NoError(t, err)
	require.Len(t, r.Receipts(t), 1, "each decision leaves one receipt")
	compare(t, c, res)
}

// arrange puts the case's past, people and playbooks in place.
func arrange(t *testing.T, r *rig.Rig, exprs ports.ConditionCompiler, f file, c testCase) {
	t.Helper()
	now := r.Clock.Now()
	for i, u := range c.Playbooks {
		def := document(t, exprs, f, u)
		state := playbook.State{ID: playbook.ID(u.As), Tenant: rig.Acme, Status: playbook.Draft, Draft: &def, Shadow: 1, CreatedAt: now, Revision: 1}
		if u.Shadow {
			require.NoError(t, r.Store.Playbooks.Create(t.Context(), rig.Acme, playbook.Restore(state)))
			continue
		}
		require.NotContains(t, c.Playbooks[:i], u)
		r.Publish(t, rig.Acme, playbook.ID(u.As), def)
	}
	r.Settings(t, func(s *tenant.Settings) {
		raw, err := inJSON(c.Settings)
		require.NoError(t, err)
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		require.NoError(t, dec.Decode(s))
		require.Empty(t, s.Problems())
	})
	p := actor.Preferences{OptOut: c.Preferences.OptOut, Surfaces: c.Preferences.Surfaces, SnoozeUntil: c.Preferences.SnoozeUntil, Timezone: c.Preferences.Timezone}
	require.Empty(t, p.Problems())
	_, err := r.Store.Preferences.Put(t.Context(), rig.Acme, person(c).ID, ports.StoredPreferences{Preferences: p}, now)
	require.NoError(t, err)
	switch {
	case c.Policy == nil:
	case c.Policy.Never:
		r.Policy.Say(rig.Acme, policy.Snapshot{})
	default:
		r.Policy.Say(rig.Acme, policy.Snapshot{ID: "snapshot", Allowed: c.Policy.Allowed, Restrictions: c.Policy.Restrictions, FetchedAt: now.Add(-c.Policy.Ago)})
	}
	remember(t, r, c)
	switch c.Budget {
	case "":
	case "away":
		r.Ledger.FailNext(fault.New(fault.Unavailable, fault.CodeStoreUnavailable, "away"))
	default:
		t.Fatalf("budget %q is neither empty nor away", c.Budget)
	}
}

func document(t *testing.T, exprs ports.ConditionCompiler, f file, u use) playbook.Definition {
	t.Helper()
	doc, known := f.Playbooks[u.Use]
	require.True(t, known, "no playbook %q in this file", u.Use)
	doc = maps.Clone(doc)
	maps.Copy(doc, u.With)
	if _, named := doc["name"]; !named {
		doc["name"] = u.Use
	}
	raw, err := inJSON(doc)
	require.NoError(t, err)
	def, problems := manageplaybook.Check(raw, exprs)
	require.Empty(t, problems)
	return def
}

// remember tells the stores what came before.
func remember(t *testing.T, r *rig.Rig, c testCase) {
	t.Helper()
	now := r.Clock.Now()
	for i, p := range c.Recent {
		who := person(c).ID
		if p.Of != "" {
			who = p.Of
		}
		_, err := r.Store.Signals.Keep(t.Context(), rig.Acme, signal.Signal{
			ID: fmt.Sprint("earlier-", i), Source: "ci", EventType: p.EventType, OccurredAt: now.Add(-p.Ago), Actor: who,
			DedupKey: hashed(p.DedupKey), Payload: facts(p.Payload),
		}, now)
		require.NoError(t, err)
	}
	for i, s := range c.Shown {
		who, repo, own := person(c).ID, "shop", fmt.Sprint("earlier-", i)
		if s.To != "" {
			who = s.To
		}
		if s.Repo != "" {
			repo = s.Repo
		}
		e := fatigue.Entry{
			Action: own, Decision: own, Playbook: playbook.ID(s.Playbook), Repo: repo, DedupKey: hashed(s.DedupKey),
			At: now.Add(-s.Ago), OpenUntil: now.Add(action.OpenFor - s.Ago), Override: s.Override,
		}
		if s.Decision != "" {
			e.Decision = s.Decision
		}
		r.Store.History.Tell(rig.Acme, who, e)
		if s.Final {
			r.Store.History.End(rig.Acme, e.Action, true, now.Add(-s.Ago))
		}
	}
}

func hashed(key string) string { return decideaction.HashDedupKey(fake.KeyedHash{}, rig.Acme, key) }

func facts(payload map[string]any) signal.Payload { return privacy.NewAllow(nil).Minimise(payload) }

func person(c testCase) actor.Actor {
	a := actor.Actor{ID: "dev1", Type: actor.Human, Roles: c.Actor.Roles, ResponsibleHuman: c.Actor.ResponsibleHuman}
	if c.Actor.ID != "" {
		a.ID = c.Actor.ID
	}
	if c.Actor.Type != "" {
		a.Type = c.Actor.Type
	}
	return a
}

func request(t *testing.T, r *rig.Rig, c testCase) decideaction.Request {
	t.Helper()
	req := r.Request("s1")
	req.Actor = person(c)
	req.Place = situation.Place{RepoID: "shop", Branch: c.Context.Branch, FilePath: c.Context.FilePath, Environment: c.Context.Environment, Surface: intervention.IDE}
	if c.Context.RepoID != nil {
		req.Place.RepoID = *c.Context.RepoID
	}
	if c.Context.Surface != "" {
		req.Place.Surface = c.Context.Surface
	}
	if c.Signal.None {
		req.Signal = nil
		return req
	}
	s := req.Signal
	if c.Signal.ID != nil {
		s.ID = *c.Signal.ID
	}
	if c.Signal.Source != "" {
		s.Source = c.Signal.Source
	}
	if c.Signal.EventType != "" {
		s.EventType = c.Signal.EventType
	}
	if c.Signal.Severity != "" {
		var err error
		s.Severity, err = intervention.ParseSeverity(c.Signal.Severity)
		require.NoError(t, err)
	}
	if c.Signal.UTCOffset != nil {
		offset := time.Duration(*c.Signal.UTCOffset) * time.Minute
		s.UTCOffset = &offset
	}
	s.DedupKey, s.Payload = c.Signal.DedupKey, facts(c.Signal.Payload)
	return req
}

// compare holds what was decided against what is wanted; what is wanted of an action is what the case names of it.
func compare(t *testing.T, c testCase, res decideaction.Result) {
	t.Helper()
	d := res.Decision
	var got []wantShown
	for i, a := range d.Actions {
		w := wantShown{Playbook: string(a.Playbook), Action: a.Index, Type: a.Kind, Consent: a.RequiresConsent, Override: a.Override}
		if i < len(c.Want.Shown) {
			named := c.Want.Shown[i]
			if named.Surfaces != nil {
				w.Surfaces = a.Surfaces
			}
			if named.Title != "" {
				w.Title = a.Payload.Title
			}
			if named.Body != "" {
				w.Body = a.Payload.Body
			}
		}
		got = append(got, w)
	}
	if diff := cmp.Diff(c.Want.Shown, got); diff != "" {
		t.Errorf("shown (-want +got):\n%s", diff)
	}
	compareSuppressed(t, c.Want.Suppressed, d.Suppressions)
	var silent []wantNoMatch
	for _, l := range res.Looks {
		if l.Verdict != playbook.Matched {
			silent = append(silent, wantNoMatch{string(l.Version.ID()), string(l.Verdict)})
		}
	}
	if diff := cmp.Diff(c.Want.NotMatched, silent); diff != "" {
		t.Errorf("not matched (-want +got):\n%s", diff)
	}
	require.ElementsMatch(t, c.Want.Degraded, d.Dependencies(), "degraded")
	if c.Want.Zone != "" {
		require.Equal(t, c.Want.Zone, d.QuietHoursZone)
	}
}

func compareSuppressed(t *testing.T, want []wantSuppressed, all []suppression.Suppression) {
	t.Helper()
	// Compared as texts: a list from a file is one of anything, a list from the engine one of texts.
	text := func(v any) any {
		if v == nil {
			return nil
		}
		return fmt.Sprint(v)
	}
	var got []wantSuppressed
	for _, s := range all {
		w := wantSuppressed{Playbook: string(s.Playbook), Action: s.ActionIndex, Reason: s.Reason, EligibleAt: s.EligibleAt}
		i := slices.IndexFunc(want, func(n wantSuppressed) bool { return n.Playbook == w.Playbook && n.Action == w.Action })
		if i >= 0 && want[i].Observed != nil {
			w.Observed = text(s.Detail.Observed)
		}
		if i >= 0 && want[i].Limit != nil {
			w.Limit = text(s.Detail.Limit)
		}
		got = append(got, w)
	}
	order := func(a, b wantSuppressed) int {
		return strings.Compare(a.Playbook+fmt.Sprint(a.Action), b.Playbook+fmt.Sprint(b.Action))
	}
	slices.SortFunc(got, order)
	want = slices.SortedFunc(slices.Values(want), order)
	for i := range want {
		want[i].Observed, want[i].Limit = text(want[i].Observed), text(want[i].Limit)
	}
	same := cmp.Comparer(func(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) })
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("suppressed (-want +got):\n%s", diff)
	}
}

// elsewhere are the reasons that nothing gives yet: their sources are not built.
func elsewhere() []suppression.Reason {
	return []suppression.Reason{
		suppression.GoldStandardsUnavailable, suppression.GoldStandard, suppression.NotSafeToAct, suppression.Holdout, suppression.ArmPaused,
		suppression.VariantNotChosen, suppression.Held, suppression.Deadline, suppression.LLMUnavailable, suppression.SafetyFailed,
	}
}

func TestCases_coverEveryReasonThatCanOccur(t *testing.T) {
	t.Parallel()
	seen := map[suppression.Reason]bool{}
	n := 0
	for _, f := range load(t) {
		n += len(f.Cases)
		for _, c := range f.Cases {
			for _, s := range c.Want.Suppressed {
				seen[s.Reason] = true
			}
			for _, s := range c.Want.NotMatched {
				seen[suppression.Reason(s.Reason)] = true
			}
		}
	}
	for _, p := range suppression.Reasons() {
		require.Equal(t, !slices.Contains(elsewhere(), p.Reason), seen[p.Reason], "cases for %s", p.Reason)
	}
	require.GreaterOrEqual(t, n, 40)
}

func TestCases_aKeyThatNobodyKnowsIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"case: []", "cases: [{name: x, wanted: {}}]", "cases: [{name: x, want: {show: []}}]", "cases: [{want: {}}]",
		"cases: [{name: x, playbooks: [{use: red, whit: {}}]}]", "cases: [{name: x, signal: {event: y}}]",
	} {
		_, err := readCases([]byte(text))
		require.Error(t, err, text)
	}
	_, err := readCases([]byte("cases: [{name: x, playbooks: [red, {use: red, as: other}]}]"))
	require.NoError(t, err)
}
