package cli_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/cli"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

type parked struct {
	outbox *fake.Outbox
	closed int
}

// newParked gives a store with 250 parked events of acme and one row of other that is no JSON.
func newParked(t *testing.T) *parked {
	t.Helper()
	p := &parked{outbox: fake.NewOutbox()}
	now := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	for i := range 250 {
		o := ports.Outgoing{Kind: "event", Topic: "mmm.decisions", Body: fmt.Sprintf(`{"n":%d}`, i), Actor: "person-7f3a"}
		require.NoError(t, p.outbox.Add(t.Context(), "acme", o, now))
	}
	require.NoError(t, p.outbox.Add(t.Context(), "other", ports.Outgoing{Kind: "event", Body: "no JSON"}, now))
	batches, _, err := p.outbox.Due(t.Context(), ports.OutboxAsk{Kind: "event", Holder: "x", Tenants: 9, Rows: 999, Now: now})
	require.NoError(t, err)
	for _, b := range batches {
		var fates []ports.OutboxFate
		for _, r := range b.Rows {
			fates = append(fates, ports.OutboxFate{Row: r, Verdict: ports.OutboxParked, Reason: "NOT_FOUND: no such topic"})
		}
		require.NoError(t, p.outbox.Settle(t.Context(), b, fates, time.Time{}, now))
	}
	return p
}

func (p *parked) run(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	program := &cli.Program{
		Out: &o, Err: &e, Config: func(...string) (config.Config, error) { return config.Config{}, nil },
		Letters: func(context.Context, config.Config) (*cli.Letters, error) {
			return &cli.Letters{DeadLetters: p.outbox.Dead, Clock: fake.NewClock(time.Unix(9, 0)), Close: func() error { p.closed++; return nil }}, nil
		},
	}
	code = cli.Run(t.Context(), program, append([]string{"receipts", "parked"}, args...))
	return code, o.String(), e.String()
}

func (p *parked) left(t *testing.T, of tenant.ID) int {
	t.Helper()
	_, out, _ := p.run(t, "--tenant", string(of))
	return strings.Count(out, "\n")
}

func TestParked_lists(t *testing.T) {
	t.Parallel()
	p := newParked(t)
	code, out, errs := p.run(t)
	require.Zero(t, code, errs)
	require.Equal(t, 251, strings.Count(out, "NOT_FOUND: no such topic"))
	require.Equal(t, "251 parked\n", errs)
	require.NotContains(t, out, "person-7f3a")
	_, out, _ = p.run(t, "list", "--json", "--tenant", "other")
	require.Equal(t, 1, strings.Count(out, "\n"))
	require.Contains(t, out, `"tenant_id":"other","kind":"event","reason":"NOT_FOUND: no such topic","attempts":1`)
	require.NotContains(t, out, "body")
	require.Equal(t, 2, p.closed)
}

func TestParked_replays(t *testing.T) {
	t.Parallel()
	p := newParked(t)
	letters, _, err := p.outbox.Dead.Parked(t.Context(), "acme", ports.Page{})
	require.NoError(t, err)
	number := fmt.Sprint(letters[0].Number)
	for _, wrong := range [][]string{{"replay", "--tenant", "acme"}, {"replay", "--tenant", "acme", "--all", number}, {"replay", number}} {
		code, _, _ := p.run(t, wrong...)
		require.Equal(t, 2, code, wrong)
	}
	code, out, errs := p.run(t, "replay", "--tenant", "acme", number)
	require.Zero(t, code, errs)
	require.Contains(t, out, "1 queued again")
	code, _, errs = p.run(t, "replay", "--tenant", "acme", number)
	require.Equal(t, 1, code)
	require.Contains(t, errs, "replayed already")
	require.Equal(t, 249, p.left(t, "acme"))
	code, out, _ = p.run(t, "replay", "--tenant", "acme", "--all")
	require.Zero(t, code)
	require.Contains(t, out, "249 queued again")
	require.Zero(t, p.left(t, "acme"))
	require.Equal(t, 1, p.left(t, "other"))
	pending, err := p.outbox.Pending(t.Context())
	require.NoError(t, err)
	require.Equal(t, map[string]int{"event": 250}, pending)
}

func TestParked_exports(t *testing.T) {
	t.Parallel()
	p := newParked(t)
	file := filepath.Join(t.TempDir(), "parked.jsonl")
	code, out, errs := p.run(t, "export", "--out", file)
	require.Zero(t, code, errs)
	require.Empty(t, out)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, 251, strings.Count(string(text), "\n"))
	require.Contains(t, string(text), `"body":{"n":249}`)
	require.Contains(t, string(text), `"body":"no JSON"`)
	require.NotContains(t, string(text), "person-7f3a")
	info, err := os.Stat(file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestParked_saysWhyItFails(t *testing.T) {
	t.Parallel()
	p := newParked(t)
	p.outbox.Dead.FailNext(errors.New("the store is down"))
	code, _, errs := p.run(t)
	require.Equal(t, 1, code)
	require.Contains(t, errs, "the store is down")
	require.Equal(t, 1, p.closed)
}
