package docs_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator/platform"
)

// ready waits in the shell until the demo has printed everything, and takes the lines that one is told to copy.
const ready = `
for i in $(seq 600); do
  if grep -q 'Stop it' demo.log; then break; fi
  sleep 0.1
done
eval "$(grep -o 'export MMM_.*' demo.log)"
`

func TestSimulators_thePageRuns(t *testing.T) {
	t.Parallel()
	sh := newShell(t, "MMM_LISTEN="+freeAddr(t))
	sh.before = "make() { :; }\ntrap 'kill $(jobs -p); wait' EXIT\n"
	doc := read(t, "docs/simulators.md")
	shown := doc.blocks()
	blocks := commands(shown)
	const start = ".bin/mmm demo --platform\n"
	require.Contains(t, blocks[0].text, start)
	blocks[0].text = strings.Replace(blocks[0].text, start, ".bin/mmm demo --platform >demo.log 2>&1 &\n"+ready, 1)

	results := sh.run(t, blocks)
	compared := 0
	for _, r := range results {
		for _, c := range r.calls {
			require.Equal(t, 200, c.status, c.url)
		}
		at := slices.IndexFunc(shown, func(b block) bool { return b.line == r.block.line })
		if at+1 < len(shown) && shown[at+1].info == "json" {
			compare(t, doc.path, shown[at+1], r.stdout)
			compared++
		}
	}
	require.Equal(t, 3, compared)
	require.Contains(t, results[len(results)-2].stdout, `"policy":"up"`)
}

func TestSimulators_tables(t *testing.T) {
	t.Parallel()
	doc := read(t, "docs/simulators.md")
	require.Equal(t, platform.FaultNames(), column(t, doc.table(t, "Faults"), 0))

	p, err := platform.Start(t.Context(), platform.Options{Tenant: "acme"})
	require.NoError(t, err)
	defer func() { require.NoError(t, p.Close()) }()
	rows := doc.table(t, "Services")
	var names []string
	for _, s := range p.Services() {
		names = append(names, s.Name)
	}
	require.Equal(t, names, column(t, rows, 0))
	after := map[string]time.Duration{"iam": platform.VerifyTTL, "policy": platform.PolicyFresh, "standards": platform.PolicyFresh}
	for _, r := range rows {
		if want, known := after[code(t, r[0])]; known {
			require.Equal(t, want.String(), r[2], r[0])
		}
		if code(t, r[0]) == "policy" {
			require.Contains(t, r[1], platform.PolicyStale.String())
		}
	}
}
