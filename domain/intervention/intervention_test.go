package intervention_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/intervention"
)

func TestSeverities_riseAndReadBack(t *testing.T) {
	t.Parallel()
	last := intervention.NoSeverity
	for _, word := range []string{"info", "low", "warn", "medium", "high", "critical"} {
		s, err := intervention.ParseSeverity(word)
		require.NoError(t, err)
		require.Greater(t, s, last, word)
		require.Equal(t, word, s.String())
		last = s
	}
	for word, want := range map[string]string{"debug": "info", "warning": "warn", "error": "high"} {
		s, err := intervention.ParseSeverity(word)
		require.NoError(t, err)
		require.Equal(t, want, s.String(), word)
	}
	for _, word := range []string{"", "HIGH", "fatal", " high"} {
		_, err := intervention.ParseSeverity(word)
		require.Error(t, err, word)
	}
	for _, s := range []intervention.Severity{-1, intervention.NoSeverity, intervention.Critical + 1} {
		require.Empty(t, s.String())
	}
}

func TestKindsAndSurfaces_readBack(t *testing.T) {
	t.Parallel()
	require.Len(t, intervention.Kinds(), 3)
	for _, k := range intervention.Kinds() {
		got, err := intervention.ParseKind(string(k))
		require.NoError(t, err)
		require.Equal(t, k, got)
	}
	require.Len(t, intervention.Surfaces(), 3)
	for _, s := range intervention.Surfaces() {
		got, err := intervention.ParseSurface(string(s))
		require.NoError(t, err)
		require.Equal(t, s, got)
	}
	for _, word := range []string{"", "Mirror", "IDE", "mcp"} {
		_, err := intervention.ParseKind(word)
		require.Error(t, err, word)
		_, err = intervention.ParseSurface(word)
		require.Error(t, err, word)
	}
}
