package replicas_test

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/harness"
	"github.com/zeroui/mmm-engine/test/servers"
)

// The backup of docs/operations.md, restored into another database, is a whole engine: its ledger verifies, and its budget
// knows what was shown.
func TestBackup_restoresToAWholeEngine(t *testing.T) {
	f := start(t, 1, servers.Redis(t).URL)
	f.replicas[0].Publish(f.admin(), harness.RedBuild(map[string]any{"cooldown_minutes": 600}))
	sum := newTally()
	for _, id := range []string{"one", "two", "three"} {
		require.NoError(t, sum.call(t.Context(), f.replicas[0], f.developer(), id))
	}
	require.Equal(t, 1, sum.shown)

	dump := filepath.Join(t.TempDir(), "mmm.dump")
	run(t, "pg_dump", "-Fc", "-d", f.dsn, "-f", dump)
	f.replicas[0].Kill()
	elsewhere := servers.Postgres(t).DSN
	run(t, "pg_restore", "-d", elsewhere, dump)

	restored := harness.New(t, append(f.replicas[0].Env, "MMM_DATABASE_URL="+elsewhere, "MMM_REDIS_URL="+servers.Redis(t).URL)...)
	restored.Start()
	token := f.developer()
	f.replicas[0] = restored
	restored.VerifyLedger(f.admin(), sum.receipts)
	var d harness.Decided
	restored.Must(http.StatusOK, http.MethodPost, "/decide", token, harness.FailedRun("four")).Into(t, &d)
	require.Empty(t, d.Decision.Actions, "the cool-down was lost with the backup")
}

// run runs a program of PostgreSQL's, which Debian keeps beside its server.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		found, _ := filepath.Glob(filepath.Join("/usr/lib/postgresql", "*", "bin", name))
		require.NotEmpty(t, found, "%s is not installed", name)
		path = found[len(found)-1]
	}
	out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput()
	require.NoError(t, err, "%s: %s", name, out)
}
