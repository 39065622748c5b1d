package buildinfo_test

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/buildinfo"
)

func TestFrom_prefersTheLinkersVersion(t *testing.T) {
	t.Parallel()
	build := &debug.BuildInfo{
		GoVersion: "go1.26.0", Main: debug.Module{Version: "v1.1.0"},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "0123456789abcdef"},
			{Key: "vcs.time", Value: "2026-11-21T10:00:00Z"},
			{Key: "vcs.modified", Value: "true"},
		},
	}
	require.Equal(t, buildinfo.Info{
		Version: "v1.2.3", Revision: "0123456789ab", Time: "2026-11-21T10:00:00Z", Modified: true, GoVersion: "go1.26.0",
	}, buildinfo.From("v1.2.3", build))
	require.Equal(t, "v1.2.3 (0123456789ab, modified, go1.26.0)", buildinfo.From("v1.2.3", build).String())
	require.Equal(t, "v1.1.0", buildinfo.From("", build).Version)
}

func TestFrom_alwaysHasAVersion(t *testing.T) {
	t.Parallel()
	require.Equal(t, "dev", buildinfo.From("", nil).Version)
	require.Equal(t, "dev", buildinfo.From("", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}).Version)
	require.NotEmpty(t, buildinfo.Read().GoVersion)
}
