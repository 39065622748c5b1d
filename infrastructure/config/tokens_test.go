package config_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/config"
)

func TestBearer_readsAReplacedFileAndKeepsTheLastToken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	write(t, path, "first\n")
	synctest.Test(t, func(t *testing.T) {
		bearer := config.Neighbour[config.NoOptions]{TokenFile: path}.Bearer(time.Now)
		require.Equal(t, "first", bearer())
		write(t, path, "second")
		time.Sleep(time.Minute) // of the bubble
		require.Equal(t, "second", bearer())
		require.NoError(t, os.Remove(path))
		time.Sleep(time.Minute)
		require.Equal(t, "second", bearer())
	})
}

func TestBearer_ofAServiceWithoutTokenIsNone(t *testing.T) {
	t.Parallel()
	require.Nil(t, config.Neighbour[config.NoOptions]{}.Bearer(time.Now))
	require.Equal(t, "t", config.Neighbour[config.NoOptions]{Token: config.NewSecret("t")}.Bearer(time.Now)())
}

func TestPlain_namesTheReplicaWhereItHasAName(t *testing.T) {
	t.Parallel()
	n := config.Neighbour[config.NoOptions]{Headers: map[string]config.Secret{"x-team": config.NewSecret("mmm")}}
	require.Equal(t, map[string]string{"X-Team": "mmm"}, n.Plain())
	n.ClientID = "replica-1"
	require.Equal(t, map[string]string{"X-Team": "mmm", "X-Client-Id": "replica-1"}, n.Plain())
	n.Headers["x-client-id"] = config.NewSecret("mine")
	require.Equal(t, map[string]string{"X-Team": "mmm", "X-Client-Id": "mine"}, n.Plain(), "whoever writes a header means it")
}
