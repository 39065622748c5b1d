package signing_test

import (
	"crypto"
	"crypto/rand"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/signing"
	"github.com/zeroui/mmm-engine/domain/receipt"
)

// keyDir is a fresh, generated key directory.
func keyDir(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	_, err := signing.Generate(dir, rand.Reader)
	require.NoError(t, err)
	return dir
}

func load(t testing.TB, dir string) *signing.Keyring {
	t.Helper()
	ring, err := signing.Load(dir)
	require.NoError(t, err)
	return ring
}

func document(t testing.TB, id string, change ...func(*receipt.Draft)) receipt.Document {
	t.Helper()
	d := receipt.Draft{
		ID: id, Tenant: "acme", Kind: receipt.KindDecision, PolicyVersionIDs: []string{"v1", "v2"},
		SnapshotHash: receipt.SnapshotHash("snap"), At: time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC),
		SinceStart: 90 * time.Second, Point: receipt.PreCommit, Status: receipt.Pass,
		Inputs: map[string]any{
			"actor_ref": strings.Repeat("ab", 32), "signal_id": "s1", "event_type": "ci.run.failed",
			"playbooks": []any{map[string]any{"id": "01890a5d-ac96-774b-bcce-b302099a8001", "version": 3}},
		},
		Result:    map[string]any{"action_types": []string{"mirror", "mentor"}, "suppressed": map[string]any{"cooldown": 2, "snoozed": 1}},
		Rationale: "quotes \" and <angles> & \u2028 \U0001F600", RepoID: "shop", ActorType: receipt.ActorHuman,
	}
	for _, c := range change {
		c(&d)
	}
	doc, err := receipt.New(d)
	require.NoError(t, err)
	return doc
}

func sign(t testing.TB, ring *signing.Keyring, doc receipt.Document) receipt.Signed {
	t.Helper()
	signed, err := signing.NewReceiptSigner(ring).Sign(t.Context(), doc)
	require.NoError(t, err)
	return signed
}

// files lists the names in a directory with a suffix.
func files(t testing.TB, dir, suffix string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names
}

// noHash is crypto.Hash(0): Ed25519 proper.
type noHash struct{}

func (noHash) HashFunc() crypto.Hash { return 0 }

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
