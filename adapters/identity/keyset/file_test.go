package keyset_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/identity/keyset"
	"github.com/zeroui/mmm-engine/adapters/identity/token"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

func TestFile_noticesAnotherFileOfTheSameAgeAndSize(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "jwks.json")
	at := time.Unix(1_700_000_000, 0)
	put := func(key issuer.Key) {
		require.NoError(t, os.WriteFile(path+".new", document(t, jwk(t, key, nil)), 0o600))
		require.NoError(t, os.Chtimes(path+".new", at, at))
		require.NoError(t, os.Rename(path+".new", path))
	}
	put(newKey(t, "1", issuer.EdDSA))
	f, err := keyset.OpenFile(path, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	_, err = f.Key(t.Context(), "1", "EdDSA")
	require.NoError(t, err)
	young := newKey(t, "2", issuer.EdDSA)
	put(young)
	got, err := f.Key(t.Context(), "2", "EdDSA")
	require.NoError(t, err)
	require.Equal(t, young.Public(), got)
	_, err = f.Key(t.Context(), "1", "EdDSA")
	require.ErrorIs(t, err, token.ErrUnknownKey)
}

func TestFile_saysOnceThatItCannotBeRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "jwks.json")
	require.NoError(t, os.WriteFile(path, document(t, jwk(t, newKey(t, "1", issuer.EdDSA), nil)), 0o600))
	var said strings.Builder
	f, err := keyset.OpenFile(path, slog.New(slog.NewTextHandler(&said, nil)))
	require.NoError(t, err)
	require.NoError(t, os.Remove(path))
	for range 5 {
		_, err = f.Key(t.Context(), "1", "EdDSA")
		require.NoError(t, err)
	}
	require.Equal(t, 1, strings.Count(said.String(), "level=WARN"), said.String())
	require.NotContains(t, said.String(), path)
}
