package bench_test

import (
	"crypto/rand"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/expression"
	"github.com/zeroui/mmm-engine/adapters/signing"
	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/experiment"
	"github.com/zeroui/mmm-engine/domain/fatigue"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/policy"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/test/given"
	"github.com/zeroui/mmm-engine/test/rig"
)

const expr = "recent.count('ci.run.failed', '24h') >= 3 && signal.payload.run_attempt >= 2 && context.branch == 'main'"

// published makes the playbooks of SPEC 16: 20 that concern the signal, every second one with an expression.
func published(b *testing.B, exprs playbook.ExpressionCompiler) []*playbook.Compiled {
	b.Helper()
	var out []*playbook.Compiled
	for i := range 20 {
		edits := []given.Edit{
			given.Set("limits.priority", 1+i%10),
			given.Set("actions.0.payload.title", "Main is red"),
			given.Set("actions.0.payload.body", "{{signal.event_type}} on {{context.branch}}, {{recent.count}} times today."),
		}
		if i%2 == 0 {
			edits = append(edits, given.Set("conditions", []any{map[string]any{"type": "expr", "expr": expr}}))
		}
		def, problems := playbook.ParseDefinition(given.Document(edits...))
		require.Empty(b, problems)
		c, problems := playbook.Compile(playbook.ID(fmt.Sprintf("p%02d", i)), 1, false, def, exprs)
		require.Empty(b, problems)
		out = append(out, c)
	}
	return out
}

// others makes playbooks of event types that do not concern the signal.
func others(b *testing.B, n int) []*playbook.Compiled {
	b.Helper()
	var out []*playbook.Compiled
	for i := range n {
		def := given.Definition(b, given.Set("triggers.0.event_type", fmt.Sprintf("custom.type%d.*", i)))
		c, problems := playbook.Compile(playbook.ID(fmt.Sprintf("o%05d", i)), 1, false, def, given.Exprs{})
		require.Empty(b, problems)
		out = append(out, c)
	}
	return out
}

func compiler(b *testing.B) *expression.Compiler {
	b.Helper()
	c, err := expression.New()
	require.NoError(b, err)
	return c
}

func busy() *situation.Situation {
	s := given.Situation()
	s.Signal.Payload = signal.Payload{"run_attempt": int64(2)}
	events := make([]situation.Event, 0, 50)
	for i := range 50 {
		events = append(events, situation.Event{Type: "ci.run.failed", At: s.Now.AddDate(0, 0, -i%6)})
	}
	s.Recent = situation.NewRecent(events)
	s.Settings.Quotas = tenant.Quotas{MaxActionsPerDecision: 99, MaxActionsPerHour: 99, MaxActionsPerDay: 99}
	return s
}

// chain runs every step from match to compose, with a budget that admits the first n.
func chain(b *testing.B, x *playbook.Index, s *situation.Situation, names []string, n int) ([]action.Action, []suppression.Suppression) {
	b.Helper()
	var candidates []playbook.Candidate
	for _, l := range playbook.Match(x, s) {
		candidates = append(candidates, l.Candidates()...)
	}
	permitted, refused := policy.Gate(s, given.Open(), candidates)
	chosen, aside := experiment.Choose(permitted)
	hours := fatigue.HoursFor(s, chosen)
	r := fatigue.Reservation{Ask: fatigue.Ask{Now: s.Now, Demands: fatigue.Demands(s, chosen, hours, names[:len(chosen)])}}
	r.Verdicts = make([]fatigue.Verdict, len(chosen))
	for i := range r.Verdicts {
		if i < n {
			r.Verdicts[i].Admitted = true
			continue
		}
		r.Verdicts[i].Reason = suppression.CapDecision
	}
	admitted, tired, err := fatigue.Admit(chosen, hours, r)
	if err != nil {
		b.Fatal(err)
	}
	out := make([]action.Action, 0, len(admitted))
	for _, a := range admitted {
		composed, no, err := action.Compose(s, a)
		if err != nil || no != nil {
			b.Fatal(err, no)
		}
		out = append(out, composed)
	}
	if err := decision.Account(candidates, out, append(append(refused, aside...), tired...)); err != nil {
		b.Fatal(err)
	}
	return out, tired
}

func names() []string {
	out := make([]string, 20)
	for i := range out {
		out[i] = fmt.Sprint("action-", i)
	}
	return out
}

// Two are shown and the others withheld, as the default caps have it; and all twenty, as nobody should.
func BenchmarkMatchToCompose(b *testing.B) {
	for _, shown := range []int{2, 20} {
		b.Run(fmt.Sprintf("20_candidates_%d_shown", shown), func(b *testing.B) {
			x, s, ids := playbook.NewIndex(published(b, compiler(b))), busy(), names()
			actions, _ := chain(b, x, s, ids, shown)
			require.Len(b, actions, shown)
			b.ReportAllocs()
			for b.Loop() {
				chain(b, x, s, ids, shown)
			}
		})
	}
}

func BenchmarkIndex(b *testing.B) {
	for _, n := range []int{10, 10_000} {
		b.Run(fmt.Sprintf("%d_others", n), func(b *testing.B) {
			x := playbook.NewIndex(append(others(b, n), published(b, compiler(b))...))
			require.Len(b, x.Concerning("ci.run.failed"), 20)
			b.ReportAllocs()
			for b.Loop() {
				x.Concerning("ci.run.failed")
			}
		})
	}
}

// BenchmarkReceipt canonicalises, signs and encodes the receipt of a decision that showed two and withheld eighteen.
func BenchmarkReceipt(b *testing.B) {
	s := busy()
	actions, tired := chain(b, playbook.NewIndex(published(b, compiler(b))), s, names(), 2)
	d := decision.Decision{
		ID: "019b0000-0000-7000-8000-000000000001", Tenant: "acme", Actor: "dev1", ActorType: "human", CreatedAt: s.Now, Place: s.Place,
		SignalID: "s1", EventType: s.Signal.EventType, Severity: s.Signal.Severity, Actions: actions, Suppressions: tired,
		PolicySnapshotID: "settings", PolicyVersionIDs: []string{},
	}
	for i := range 20 {
		d.Fired = append(d.Fired, decision.Fired{Playbook: playbook.ID(fmt.Sprintf("p%02d", i)), Version: 1})
	}
	stamp := receipt.Stamp{ID: "019b0000-0000-7000-8000-000000000002", At: s.Now}
	ref := receipt.ActorRef([]byte("0123456789abcdef0123456789abcdef"), "dev1")
	dir := filepath.Join(b.TempDir(), "keys")
	_, err := signing.Generate(dir, rand.Reader)
	require.NoError(b, err)
	ring, err := signing.Load(dir)
	require.NoError(b, err)
	signer := signing.NewReceiptSigner(ring)
	b.Run("build", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := receipt.ForDecision(d, stamp, ref); err != nil {
				b.Fatal(err)
			}
		}
	})
	doc, err := receipt.ForDecision(d, stamp, ref)
	require.NoError(b, err)
	b.Run("canonicalise_sign_encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := signer.Sign(b.Context(), doc); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkDecide is the whole use case on fakes: 20 playbooks match, and two are shown.
func BenchmarkDecide(b *testing.B) {
	exprs := compiler(b)
	house := func() *rig.Rig {
		r := rig.With(exprs)
		for i := range 20 {
			r.Publish(b, rig.Acme, playbook.ID(fmt.Sprintf("p%02d", i)), given.Definition(b, given.Set("limits.cooldown_minutes", 0)))
		}
		r.Settings(b, func(s *tenant.Settings) {
			s.Quotas = tenant.Quotas{MaxActionsPerDecision: 2, MaxActionsPerHour: 1 << 30, MaxActionsPerDay: 1 << 30}
		})
		return r
	}
	decide := func(r *rig.Rig, req decideaction.Request) {
		if _, err := r.Decide.DecideAction(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("dry_run", func(b *testing.B) {
		r := house()
		req := r.Request("s1")
		req.DryRun = true
		b.ReportAllocs()
		for b.Loop() {
			decide(r, req)
		}
	})
	b.Run("recorded", func(b *testing.B) {
		const few = 100 // the fakes keep everything in lists, which must not grow into what is measured
		r := house()
		b.ReportAllocs()
		for i := 1; b.Loop(); i++ {
			if i%few == 0 {
				b.StopTimer()
				r = house()
				b.StartTimer()
			}
			decide(r, r.Request(fmt.Sprint("s", i)))
		}
	})
	b.Run("repeat", func(b *testing.B) {
		r := house()
		decide(r, r.Request("s1"))
		b.ReportAllocs()
		for b.Loop() {
			decide(r, r.Request("s1"))
		}
	})
}
