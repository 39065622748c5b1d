package auditlog_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/auditlog"
	"github.com/zeroui/mmm-engine/ports"
)

func entry() ports.AuditEntry {
	return ports.AuditEntry{
		At: time.Date(2026, 11, 21, 13, 0, 0, 5_000_000, time.FixedZone("", 3600)), Tenant: "acme", ActorHash: "0f", Verb: "change",
		Object: "tenant_settings", ReceiptID: "r1", Before: "aa", After: "bb", RequestID: "q1",
	}
}

func TestWrite_oneObjectALine(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := auditlog.New(&out, "mmm-engine", slog.New(slog.DiscardHandler))
	l.Write(t.Context(), entry())
	bare := entry()
	bare.Before, bare.RequestID = "", ""
	l.Write(t.Context(), bare)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	require.Len(t, lines, 2)
	want := map[string]any{
		"timestamp": "2026-11-21T12:00:00.005Z", "level": "info", "service": "mmm-engine", "event_type": "admin.mutation", "tenant_id": "acme",
		"actor_hash": "0f", "verb": "change", "object": "tenant_settings", "receipt_id": "r1", "before": "aa", "after": "bb", "request_id": "q1",
		"message": "change tenant_settings",
	}
	for i := range lines {
		var got map[string]any
		require.NoError(t, json.Unmarshal([]byte(lines[i]), &got))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("line %d (-want +got):\n%s", i, diff)
		}
		want["before"] = nil
		delete(want, "request_id")
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWrite_aLostLineIsToldOfWithItsReceipt(t *testing.T) {
	t.Parallel()
	var trouble bytes.Buffer
	auditlog.New(broken{}, "mmm-engine", slog.New(slog.NewJSONHandler(&trouble, nil))).Write(t.Context(), entry())
	require.Contains(t, trouble.String(), `"receipt_id":"r1"`)
	require.Contains(t, trouble.String(), "disk full")
}

func TestOpen_appendsToAPrivateFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "audit.log")
	for range 2 {
		l, end, err := auditlog.Open(path, "mmm-engine", slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { l.Write(t.Context(), entry()) })
		}
		all.Wait()
		require.NoError(t, end())
	}
	raw, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	require.Len(t, lines, 40)
	for _, l := range lines {
		require.True(t, json.Valid([]byte(l)), l)
	}
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	for _, stream := range []string{auditlog.Stdout, auditlog.Stderr} {
		_, end, err := auditlog.Open(stream, "mmm-engine", slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		require.NoError(t, end())
	}
	_, err = os.Stdout.Stat()
	require.NoError(t, err, "the standard streams are nobody's to close")
	_, _, err = auditlog.Open(filepath.Join(path, "x"), "mmm-engine", slog.New(slog.DiscardHandler))
	require.Error(t, err)
}
