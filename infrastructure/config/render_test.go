package config_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/config"
)

var update = flag.Bool("update", false, "write the example file")

const examplePath = "../../deploy/mmm.example.yaml"

func TestExample_isInStepWithTheDefaults(t *testing.T) {
	t.Parallel()
	want, err := config.Example()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(examplePath, []byte(want), 0o644))
	}
	got, err := os.ReadFile(examplePath)
	require.NoError(t, err)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("deploy/mmm.example.yaml is out of step, run `make generate` (-want +got):\n%s", diff)
	}
}

func TestExample_loadsAsTheDefault(t *testing.T) {
	t.Parallel()
	text, err := config.Example()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "mmm.yaml")
	write(t, path, text)

	got, err := config.Load([]string{"MMM_CONFIG=" + path}, t.TempDir())

	require.NoError(t, err)
	want := config.Default()
	want.File = path
	if diff := cmp.Diff(want, got, secrets); diff != "" {
		t.Errorf("Load(Example()) (-want +got):\n%s", diff)
	}
}

func TestExample_explainsEachVariable(t *testing.T) {
	t.Parallel()
	text, err := config.Example()
	require.NoError(t, err)
	for _, name := range []string{"MMM_LISTEN", "MMM_KEYS_DIR", "MMM_TOKEN_AUDIENCE", "MMM_REDIS_URL", "OTEL_EXPORTER_OTLP_ENDPOINT"} {
		require.Contains(t, text, "["+name+"]")
	}
	for line := range strings.Lines(text) {
		require.NotContains(t, line, "***")
	}
}

func TestRedacted_showsWhatIsInForceWithoutSecrets(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.Storage.DataDir = "/var/lib/mmm"
	cfg.Storage.DatabaseURL = config.NewSecret("postgres://u:hunter2@h/d")

	got, err := cfg.Redacted()

	require.NoError(t, err)
	require.Contains(t, got, `database_url: '***'`)
	require.Contains(t, got, `redis_url: ""`)
	require.Contains(t, got, "dir: /var/lib/mmm/keys")
	require.NotContains(t, got, "hunter2")
}

func TestSecret_isShownByNoPrinter(t *testing.T) {
	t.Parallel()
	s := config.NewSecret("hunter2")
	holder := struct{ S config.Secret }{s}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb+"\n", s)
		fmt.Fprintf(&out, verb+"\n", &s)
		fmt.Fprintf(&out, verb+"\n", holder)
	}
	require.NoError(t, json.NewEncoder(&out).Encode(map[string]any{"v": s, "p": &s, "h": holder}))
	require.NoError(t, json.NewEncoder(&out).Encode(map[config.Secret]int{s: 1}))
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "s", s, "h", holder)
	slog.New(slog.NewTextHandler(&out, nil)).Info("x", "s", s, "h", holder)

	for _, leak := range []string{"hunter2", "68756e74657232"} {
		require.NotContains(t, out.String(), leak)
	}
	require.Equal(t, "***", s.String())
	require.Equal(t, "hunter2", s.Reveal())
}
