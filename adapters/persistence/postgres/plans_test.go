package postgres_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/persistence/postgres"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/store"
)

const (
	seeded  = 50_000
	seconds = 1_000_000 // in microseconds
)

// seedBegin is the time of the first seeded row; the others follow one a second.
func seedBegin() time.Time { return time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC) }

// seeds fills the tables that grow. Half of the rows are acme's; the others belong to fifty tenants. i is the row's number.
func seeds() map[string]string {
	const of, actor, repo = "CASE WHEN i % 2 = 0 THEN 'acme' ELSE 't' || i % 50 END", "'dev' || i % 997", "'repo' || i % 97"
	at := fmt.Sprintf("%d + i::bigint * %d", seedBegin().UnixMicro(), seconds)
	return map[string]string{
		"preferences": `(tenant_id, actor_id, preference_id, opt_out, surfaces, revision, created_at, updated_at)
			SELECT ` + of + `, 'dev' || i, 'p' || i, '[]', '[]', 1, 1, 1`,
		"actors": `SELECT ` + of + `, 'dev' || i, decode(repeat('00', 32), 'hex')`,
		"playbooks": `(tenant_id, playbook_id, status, live_version, versions, probation, revision, created_at, updated_at)
			SELECT 't' || i / 20, 'p' || i % 20, 'published', 1, 1, false, 1, 1, 1`,
		"playbook_versions": `SELECT 't' || i / 20, 'p' || i % 20, 1, '{}', 1, 'by'`,
		"playbook_stamps":   `SELECT 't' || i, 1`,
		"tenant_settings":   `SELECT 't' || i, '{}', 1, 1`,
		"receipt_counters":  `SELECT CASE i WHEN 0 THEN 'acme' ELSE 't' || i END, 1000000`,
		"signals": `SELECT ` + of + `, 'ci', 's' || i, ` + actor + `, 'human', 'a.b', 1, ` + at + `, ` + repo + `, '', '', '', '',
			CASE WHEN i % 10 = 0 THEN 'svc' END, NULL, '{}', ` + at,
		"decisions": `(tenant_id, decision_id, actor_id, actor_type, created_at, recorded_at, repo_id, branch, file_path, environment, surface,
			signal_id, source, event_type, severity, evaluation_point, fired, policy_snapshot_id, policy_version_ids, policy_stale, degraded,
			quiet_hours_zone, latency_warning, replay, situation, receipt_id, idem_key, body_hash)
			SELECT ` + of + `, 'd' || i, ` + actor + `, 'human', ` + at + `, ` + at + `, ` + repo + `, '', '', '', 'ide',
			's' || i, 'ci', 'a.b', 1, '', 'null', '', 'null', false, 'null', '', false, false, '{}', 'r' || i, 'k' || i, ''`,
		"actions": `(tenant_id, action_id, decision_id, position, actor_id, kind, playbook_id, playbook_version, action_index, repo_id, dedup_key,
			surfaces, payload, presentations, requires_consent, requires_dual_channel, override, reserved_at, expires_at)
			SELECT ` + of + `, 'a' || i, 'd' || i, 0, ` + actor + `, CASE WHEN i % 9 = 0 THEN 'multiplier' ELSE 'mentor' END, 'p', 1, 0, ` + repo + `, '',
			'["ide"]', '{}', '{}', false, false, false, ` + at + `, ` + at + ` + 86400000000`,
		"suppressions": `SELECT ` + of + `, 'd' || i, 0, 'p', 1, 1, 'mentor', 'gate', CASE WHEN i % 9 = 0 THEN 'held' ELSE 'cooldown' END,
			'{"o":null,"l":null}', NULL`,
		"receipts": `SELECT ` + of + `, i + 1, 'r' || i, 'k', '{}', ` + at,
		"outcomes": `SELECT ` + of + `, 'o' || i, 'd' || i, 'a' || i, 1, ` + actor + `, 'by', 'human', 'mentor', 'p', 1, 0, ` + repo + `, 'shown',
			false, '', ` + at,
		"access_log": `SELECT ` + of + `, ` + actor + `, ` + at + `, 'r' || i, 'by', 'decisions'`,
		"outbox": `(tenant_id, kind, topic, body, created_at, attempts, next_attempt_at, ref)
			SELECT ` + of + `, CASE WHEN i % 3 = 0 THEN 'budget' ELSE 'event' END, 't', '{}', 1, 0, ` + at + `, 'd' || i`,
		"dead_letters": `(tenant_id, kind, topic, ref, body, reason, attempts, status, created_at, parked_at, replayed_at)
			SELECT ` + of + `, 'receipt', 't', 'r' || i, '{}', '', 1, CASE WHEN i % 3 = 0 THEN 'parked' ELSE 'replayed' END, 1, 1,
			CASE WHEN i % 3 = 0 THEN NULL ELSE ` + at + ` END`,
		"waiting_signals": `(tenant_id, source, signal_id, since, due_at, attempts, reason, parked_at)
			SELECT ` + of + `, 'ci', 's' || i, 1, ` + at + `, 0, '', CASE WHEN i % 2 = 0 THEN 1 END`,
	}
}

// hot is every statement that runs for a caller, for a signal or by itself again and again. Counting everything is none of them.
func hot(t *testing.T, s *postgres.Store) map[string]func(ctx context.Context, n int) error {
	t.Helper()
	var (
		db        = s.DB()
		now       = seedBegin().Add(seeded * time.Second)
		recently  = now.Add(-time.Hour)
		decisions = persistence.NewDecisions(db, time.Now)
		signals   = persistence.NewSignals(db)
		history   = persistence.NewBudgetHistory(db)
		outcomes  = persistence.NewOutcomes(db)
		receipts  = persistence.NewReceipts(db)
		access    = persistence.NewAccessLog(db)
		intake    = persistence.NewIntake(db)
		outbox    = persistence.NewOutbox(db)
		dead      = persistence.NewDeadLetters(db)
		books     = persistence.NewPlaybooks(db)
		retention = persistence.NewRetention(db)
		tx        = persistence.NewTransactor(db)
	)
	db.SendReceipts()
	t.Cleanup(decisions.Close)
	calls := map[string]func(ctx context.Context, n int) error{
		"record": func(ctx context.Context, n int) error {
			r := store.Record(t, acme, func(r *ports.Record) { r.Key, r.Now = fmt.Sprintf("k%d", 2*n), now.Add(ports.KeyLife) })
			_, err := decisions.Record(ctx, acme, r) // the key was the seed's, and it is freed
			return err
		},
		"decision": func(ctx context.Context, _ int) error { _, err := decisions.ByID(ctx, acme, "d1000"); return err },
		"key": func(ctx context.Context, _ int) error {
			_, err := decisions.ByKey(ctx, acme, "k1000", seedBegin())
			return err
		},
		"situation": func(ctx context.Context, _ int) error { _, err := decisions.Knowledge(ctx, acme, "d1000"); return err },
		"signals": func(ctx context.Context, _ int) error {
			_, err := signals.Recent(ctx, acme, "dev1", recently, now, "ci", "x")
			return err
		},
		"incidents": func(ctx context.Context, _ int) error {
			_, err := signals.Incidents(ctx, acme, recently, now, "ci", "x")
			return err
		},
		"seen": func(ctx context.Context, _ int) error { _, err := signals.Seen(ctx, acme, "ci", "s1000"); return err },
		"shown": func(ctx context.Context, _ int) error {
			_, err := history.Shown(ctx, acme, "dev1", recently)
			return err
		},
		"repo": func(ctx context.Context, _ int) error {
			_, err := history.ShownIn(ctx, acme, "repo1", recently)
			return err
		},
		"fates": func(ctx context.Context, _ int) error {
			_, err := history.Fates(ctx, acme, "dev1", "repo1", recently)
			return err
		},
		"owed": func(ctx context.Context, _ int) error {
			_, _, err := persistence.NewOwedBudget(db).Taken(ctx, acme, "d1000")
			return err
		},
		"open actions": func(ctx context.Context, _ int) error {
			_, _, err := persistence.NewOpenActions(db).Open(ctx, acme, ports.OpenQuery{Actor: "dev1", Now: now, Surface: "ide"}, ports.Page{})
			return err
		},
		"outcome": func(ctx context.Context, n int) error {
			return tx.Within(ctx, func(ctx context.Context) error {
				a, err := outcomes.Action(ctx, acme, "a1000")
				if err != nil {
					return err
				}
				return outcomes.Add(ctx, acme, a, ports.Outcome{ID: outcome.ID(fmt.Sprint("new", n)), Result: outcome.Result(fmt.Sprint("r", n)), At: now})
			})
		},
		"ledger": func(ctx context.Context, _ int) error {
			_, next, err := receipts.List(ctx, acme, ports.Page{})
			if err == nil {
				_, _, err = receipts.List(ctx, acme, ports.Page{Cursor: next})
			}
			return err
		},
		"receipt": func(ctx context.Context, _ int) error { _, err := receipts.ByID(ctx, acme, "r1000"); return err },
		"access": func(ctx context.Context, _ int) error {
			if err := access.Add(ctx, acme, ports.Access{At: now, ReceiptID: fmt.Sprint(time.Now().UnixNano())}, []actor.ID{"dev1", "dev2"}); err != nil {
				return err
			}
			_, next, err := access.List(ctx, acme, "dev1", ports.Page{Limit: 5})
			if err == nil {
				_, _, err = access.List(ctx, acme, "dev1", ports.Page{Cursor: next})
			}
			return err
		},
		"intake": func(ctx context.Context, n int) error {
			fresh := signal.Signal{ID: fmt.Sprint("new", n), Source: "ci", EventType: "a.b", OccurredAt: now}
			if _, err := intake.Accept(ctx, acme, []ports.Arrival{{Signal: fresh, Decide: true}}, now); err != nil {
				return err
			}
			got, err := intake.Claim(ctx, now, now.Add(time.Hour), 10)
			if err != nil || len(got) < 3 {
				return fmt.Errorf("claimed %d: %w", len(got), err)
			}
			for _, err := range []error{
				intake.Done(ctx, got[0]), intake.Later(ctx, got[1], now, "x"), intake.Park(ctx, got[2], "x", now), intake.Unclaim(ctx, now, got[3:]...),
			} {
				if err != nil {
					return err
				}
			}
			_, err = intake.Parked(ctx, acme, 10)
			return err
		},
		"outbox": func(ctx context.Context, n int) error {
			if err := outbox.Settled(ctx, acme, ports.OutboxBudget, []string{fmt.Sprint("d", 6*n), "d1"}); err != nil {
				return err
			}
			batches, _, err := outbox.Due(ctx, ports.OutboxAsk{
				Kind: ports.OutboxEvent, InOrder: n%2 == 0, Holder: "x", Tenants: 2, Rows: 20, Now: now, Until: now.Add(time.Second),
			})
			if err != nil || len(batches) == 0 {
				return fmt.Errorf("due %d: %w", len(batches), err)
			}
			for _, b := range batches {
				fates := []ports.OutboxFate{
					{Row: b.Rows[0], Verdict: ports.OutboxDelivered},
					{Row: b.Rows[1], Verdict: ports.OutboxParked},
					{Row: b.Rows[2], Verdict: ports.OutboxPutOff, Next: now},
				}
				if err := outbox.Settle(ctx, b, fates, time.Time{}, now); err != nil {
					return err
				}
			}
			return nil
		},
		"dead letters": func(ctx context.Context, _ int) error {
			letters, _, err := dead.Parked(ctx, acme, ports.Page{})
			if err != nil {
				return err
			}
			return dead.Replay(ctx, acme, letters[0].Number, now)
		},
		"playbooks": func(ctx context.Context, _ int) error {
			if _, _, err := books.List(ctx, "t100", playbook.Published, ports.Page{}); err != nil {
				return err
			}
			if _, _, err := books.List(ctx, "t100", "", ports.Page{}); err != nil {
				return err
			}
			if _, err := books.Versions(ctx, "t100", "p1"); err != nil {
				return err
			}
			if _, err := books.Version(ctx, "t100", "p1", 1); err != nil {
				return err
			}
			_, _, err := books.Live(ctx, "t100")
			return err
		},
		"people": func(ctx context.Context, n int) error {
			if _, _, err := persistence.NewTenantSettings(db).Settings(ctx, "t100"); err != nil {
				return err
			}
			if _, err := persistence.NewPreferences(db).Preferences(ctx, acme, "dev1000"); err != nil {
				return err
			}
			if _, err := persistence.NewPreferences(db).Put(ctx, acme, "dev1000", ports.StoredPreferences{Revision: int64(n)}, now); err != nil {
				return err
			}
			_, err := persistence.NewActors(db).Ref(ctx, acme, "dev1000")
			return err
		},
		"tenants of retention": func(ctx context.Context, _ int) error { _, err := retention.Next(ctx, "b"); return err },
	}
	for _, what := range []ports.Purge{ports.PurgeKeys, ports.PurgeDecisions, ports.PurgeOutcomes, ports.PurgeSignals, ports.PurgeLetters} {
		calls["purge "+string(what)] = func(ctx context.Context, _ int) error {
			n, err := retention.Purge(ctx, "t1", what, recently, 10)
			if err == nil && n == 0 {
				return fmt.Errorf("nothing to purge")
			}
			return err
		}
	}
	for name, f := range map[string]ports.DecisionFilter{
		"all": {}, "actor": {Actor: "dev1"}, "repo": {Repo: "repo1"}, "signal": {SignalID: "s1000"}, "period": {From: recently, To: now},
		"kind": {Kind: "multiplier"}, "reason": {Reason: "held"},
	} {
		calls["list of decisions: "+name] = func(ctx context.Context, _ int) error {
			list := persistence.NewDecisionList(db)
			_, next, err := list.List(ctx, acme, f, ports.Page{Limit: 20})
			if err == nil && next != "" {
				_, _, err = list.List(ctx, acme, f, ports.Page{Limit: 20, Cursor: next})
			}
			return err
		}
	}
	return calls
}

// A plan in the server's log, with the text that it is for.
var planned = regexp.MustCompile(`(?m)^\tQuery Text: (.*)\n((?:\t.*\n)+)`)

// No statement that runs again and again reads a table from end to end. Each is run often enough to be planned without its values too.
func TestStatements_findWhatTheyWantByAnIndex(t *testing.T) {
	t.Parallel()
	db := database(t)
	var tables []string
	for table, rows := range seeds() {
		exec(t, db.DSN, "INSERT INTO "+table+" "+rows+fmt.Sprintf(" FROM generate_series(0, %d) i", seeded-1))
		tables = append(tables, table)
	}
	exec(t, db.DSN, "ANALYZE "+strings.Join(tables, ", "))
	// The server writes the plan of every statement of these sessions into its log.
	s := opened(t, db.DSN+"&session_preload_libraries=auto_explain&auto_explain.log_min_duration=0", postgres.Options{})
	ctx := context.Background()
	for name, call := range hot(t, s) {
		before, err := os.Stat(db.Log())
		require.NoError(t, err)
		for n := range 8 {
			if err := call(ctx, n+1); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		plans := planned.FindAllStringSubmatch(logged(t, db.Log(), before.Size()), -1)
		require.NotEmpty(t, plans, "%s: the server has logged no plan", name)
		for _, plan := range plans {
			for _, table := range tables {
				if strings.Contains(plan[2], "Seq Scan on "+table+" ") {
					t.Errorf("%s reads all of %s: %s\n%s", name, table, plan[1], plan[2])
				}
			}
		}
	}
}

// logged gives what a log holds from an offset on.
func logged(t *testing.T, path string, from int64) string {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { require.NoError(t, f.Close()) }()
	_, err = f.Seek(from, io.SeekStart)
	require.NoError(t, err)
	b, err := io.ReadAll(f)
	require.NoError(t, err)
	return string(b)
}
