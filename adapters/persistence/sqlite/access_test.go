package sqlite_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/ports"
)

func TestAccessLog_onlyErasureChangesIt(t *testing.T) {
	t.Parallel()
	s, path := migrated(t)
	entry := ports.Access{At: time.UnixMicro(1), ByRef: "ref", What: "decisions", ReceiptID: "r1"}
	require.NoError(t, persistence.NewAccessLog(s.DB()).Add(t.Context(), "acme", entry, []actor.ID{"dev1"}))
	db := side(t, path)
	for _, refused := range []string{
		"DELETE FROM access_log", "UPDATE access_log SET by_ref = 'x'", "UPDATE access_log SET at = 2", "UPDATE access_log SET what = 'x'",
		"UPDATE access_log SET receipt_id = 'x'", "UPDATE access_log SET tenant_id = 'x'",
	} {
		_, err := db.ExecContext(t.Context(), refused)
		require.ErrorContains(t, err, "append-only", refused)
	}
	_, err := db.ExecContext(t.Context(), "UPDATE access_log SET actor_id = 'deleted-1' WHERE actor_id = 'dev1'")
	require.NoError(t, err)
}

// TestLists_useTheirIndexes keeps lists from reading a tenant's whole history. The statements are those that the stores send,
// with one tenant, one place in the list and one limit.
func TestLists_useTheirIndexes(t *testing.T) {
	t.Parallel()
	_, path := migrated(t)
	db := side(t, path)
	const (
		list = "SELECT decision_id FROM decisions WHERE tenant_id = 'a' AND (created_at, decision_id) < (9, 'x')"
		end  = " ORDER BY created_at DESC, decision_id DESC LIMIT 51"
	)
	for name, c := range map[string]struct{ query, index string }{
		"all":       {list + end, "decisions_by_time"},
		"an actor":  {list + " AND actor_id = 'd'" + end, "decisions_by_actor"},
		"a repo":    {list + " AND repo_id = 'r'" + end, "decisions_by_repo"},
		"a signal":  {list + " AND signal_id = 's'" + end, "decisions_by_signal"},
		"a kind":    {list + " AND EXISTS (SELECT 1 FROM actions WHERE actions.tenant_id = 'a' AND actions.decision_id = decisions.decision_id AND kind = 'mirror')" + end, "actions_by_decision"},
		"an access": {"SELECT at FROM access_log WHERE tenant_id = 'a' AND actor_id = 'd' AND (at, receipt_id) < (9, 'x') ORDER BY at DESC, receipt_id DESC LIMIT 51", "PRIMARY KEY"},
		"outcomes":  {"SELECT result, COUNT(*) FROM outcomes WHERE tenant_id = 'a' AND recorded_at >= 1 AND recorded_at < 2 GROUP BY result", "outcomes_by_time"},
	} {
		whole := plan(t, db, c.query)
		require.Contains(t, whole, c.index, name)
		require.NotContains(t, whole, "SCAN", name)
	}
}

// plan gives the steps in which a query is answered.
func plan(t *testing.T, db *sql.DB, query string) string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &step))
		steps = append(steps, step)
	}
	require.NoError(t, rows.Err())
	return strings.Join(steps, "; ")
}
