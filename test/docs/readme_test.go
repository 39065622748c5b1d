package docs_test

import (
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// readiness waits in the shell for the server that the commands before it have started.
const readiness = `
curl -sS --retry 60 --retry-connrefused --retry-delay 1 --max-time 60 "http://ADDR/v1/mmm/ready" 2>/dev/null >ready.json
`

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// quickstart gives the commands of the first five minutes, on an address and in a folder of their own: whoever has a server on the
// usual port keeps it.
func quickstart(t *testing.T, addr, dir string) []block {
	t.Helper()
	text := read(t, "README.md").text
	_, text, found := strings.Cut(text, "\n## A first playbook in five minutes\n")
	require.True(t, found)
	text, _, _ = strings.Cut(text, "\n## ")
	blocks := commands(page{text: text}.blocks())
	require.GreaterOrEqual(t, len(blocks), 4)
	for i := range blocks {
		blocks[i].text = strings.NewReplacer("localhost:8005", addr, "/tmp/", dir+"/").Replace(blocks[i].text)
	}
	return blocks
}

func TestREADME_aFirstPlaybook(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	// The binary is there already, so make has nothing to do. What is in the background ends with the session.
	sh := newShell(t, "MMM_LISTEN="+addr)
	sh.before = "make() { :; }\ntrap 'kill $(jobs -p); wait' EXIT\n"
	blocks := quickstart(t, addr, sh.dir)
	require.Contains(t, blocks[0].text, "mmm serve &")
	blocks[0].text = strings.Replace(blocks[0].text, "mmm serve &", "mmm serve >serve.log 2>&1 &", 1) +
		strings.ReplaceAll(readiness, "ADDR", addr)
	send := -1
	for i, b := range blocks {
		if strings.Contains(b.text, "/decide") {
			send = i
		}
	}
	require.Positive(t, send)
	// What the page says of the signals that come after the first one.
	later := func(from, to string) block {
		text := strings.Replace(blocks[send].text, from, to, 1)
		return block{text: strings.Replace(text, "curl ", "curl -i ", 1), line: blocks[send].line}
	}
	after := []block{later("run-1", "run-2"), later("", ""), later(`"branch":"main"`, `"branch":"side"`)}
	after[2].text = strings.Replace(after[2].text, "run-1", "run-3", 1)
	results := sh.run(t, slices.Concat(blocks[:send+1], after, blocks[send+1:]))
	shown, withheld, again, silent := results[send].stdout, results[send+1].stdout, results[send+2].stdout, results[send+3].stdout
	require.Contains(t, shown, `"title":"main is red"`)
	require.Contains(t, shown, `"ci.run.failed on main, 1 times in 24 hours."`)
	require.Contains(t, withheld, `"reason":"cooldown"`)
	require.Contains(t, withheld, `"limit":60`)
	require.Contains(t, again, "Idempotent-Replay: true")
	require.Contains(t, again, `"title":"main is red"`)
	require.Contains(t, silent, `"actions":[],"suppressed_count":0`)
	require.Contains(t, silent, `"receipt_id"`)
	for _, r := range results {
		for _, c := range r.calls {
			require.Equal(t, 200, c.status, c.url)
		}
	}
}
