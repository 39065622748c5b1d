package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each case is a package under test and what the counter makes of it. The real go command writes the events, so that the
// test notices when their form changes.
func TestCount(t *testing.T) {
	t.Parallel()
	counter := filepath.Join(t.TempDir(), "count")
	built, err := exec.CommandContext(t.Context(), "go", "build", "-o", counter, ".").CombinedOutput()
	require.NoError(t, err, string(built))

	cases := map[string]struct {
		code string
		last string
		ok   bool
		also []string
	}{
		"sub-tests are counted, their parents not": {
			code: `func TestA(t *testing.T) { t.Run("one", func(*testing.T) {}); t.Run("two/deep", func(*testing.T) {}) }
				func TestB(t *testing.T) {}`,
			last: "3 passed, 0 failed, 0 skipped", ok: true,
		},
		"a failure is shown in full and counted once": {
			code: `func TestA(t *testing.T) { t.Run("bad", func(t *testing.T) { t.Error("got 1, want 2") }); t.Run("good", func(*testing.T) {}) }`,
			last: "1 passed, 1 failed, 0 skipped", also: []string{"got 1, want 2", "TestA/bad", "FAIL  example.com/x"},
		},
		"a parent that fails by itself counts": {
			code: `func TestA(t *testing.T) { t.Run("good", func(*testing.T) {}); t.Error("by myself") }`,
			last: "1 passed, 1 failed, 0 skipped", also: []string{"by myself"},
		},
		"a skip is named with its reason": {
			code: `func TestA(t *testing.T) { t.Skip("no database here") }; func TestB(t *testing.T) {}`,
			last: "1 passed, 0 failed, 1 skipped", ok: true, also: []string{"skipped: example.com/x TestA", "no database here"},
		},
		"a panic is a failure and shows its stack": {
			code: `func TestA(t *testing.T) { panic("out of cheese") }`,
			last: "0 passed, 1 failed, 0 skipped", also: []string{"out of cheese", "goroutine"},
		},
		"code that does not compile is a failure": {
			code: `func TestA(t *testing.T) { undefined() }`,
			last: "0 passed, 1 failed, 0 skipped", also: []string{"undefined: undefined"},
		},
		"a process that ends early is a failure": {
			code: `func TestMain(m *testing.M) { panic("no set-up") }; func TestA(t *testing.T) {}`,
			last: "0 passed, 1 failed, 0 skipped", also: []string{"no set-up"},
		},
		"no test at all is no success": {
			code: `var _ testing.T`,
			last: "0 passed, 0 failed, 0 skipped",
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module example.com/x\n\ngo 1.26\n"), 0o600))
			source := "package x\n\nimport \"testing\"\n\n" + c.code + "\n"
			require.NoError(t, os.WriteFile(filepath.Join(dir, "x_test.go"), []byte(source), 0o600))
			tests := exec.CommandContext(t.Context(), "go", "test", "-json", "./...")
			tests.Dir = dir
			events, _ := tests.Output() // failing is what some of them are for

			count := exec.CommandContext(t.Context(), counter)
			count.Stdin = bytes.NewReader(events)
			out, err := count.CombinedOutput()

			require.Equal(t, c.ok, err == nil, string(out))
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			require.Equal(t, c.last, lines[len(lines)-1], string(out))
			for _, want := range c.also {
				require.Contains(t, string(out), want)
			}
		})
	}
}
