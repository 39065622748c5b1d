package docs_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/harness"
)

func TestMain(m *testing.M) {
	code := m.Run()
	harness.Cleanup()
	os.Exit(code)
}

// call is one use of curl.
type call struct {
	method, url string
	status      int
}

// ran is what one block of commands did.
type ran struct {
	block  block
	stdout string
	calls  []call
}

// shell is a bash in a folder of its own, with the engine in .bin as after make build.
type shell struct {
	dir string
	env []string
	// before is put before all commands.
	before string
}

func newShell(t *testing.T, env ...string) *shell {
	t.Helper()
	s := &shell{dir: t.TempDir(), env: env}
	require.NoError(t, os.Mkdir(filepath.Join(s.dir, ".bin"), 0o750))
	require.NoError(t, os.Symlink(harness.Binary(t), filepath.Join(s.dir, ".bin", "mmm")))
	return s
}

// spy makes every curl tell its method, status and address on standard error.
const spy = `curl() { command curl -w '%{stderr}\n@@call %{method} %{response_code} %{url_effective}\n' "$@"; }
`

var told = regexp.MustCompile(`(?m)^@@call (\S+) (\d+) (\S+)$`)

// run runs the blocks in one session, which ends at the first command that fails, and gives what each of them did.
func (s *shell) run(t *testing.T, blocks []block) []ran {
	t.Helper()
	var script strings.Builder
	script.WriteString("set -eu\n" + spy + s.before)
	for i, b := range blocks {
		mark := "\n@@block " + strconv.Itoa(i) + "\n"
		script.WriteString("printf '%s' '" + mark + "' | tee /dev/stderr\n" + b.text)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "bash", "-c", script.String())
	cmd.Dir = s.dir
	// Settings of whoever runs the tests are not those of the page.
	own := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "MMM_") })
	cmd.Env = slices.Concat(own, s.env)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what it leaves in the background ends with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	outs, errs := parts(stdout.String()), parts(stderr.String())
	if len(outs) > 0 && len(outs) <= len(blocks) {
		last := blocks[len(outs)-1]
		require.NoError(t, err, "the block at line %d failed:\n%s\nstandard output:\n%s\nstandard error:\n%s",
			last.line, last.text, outs[len(outs)-1], errs[len(errs)-1])
	}
	require.NoError(t, err, "%s", stderr.String())
	require.Len(t, outs, len(blocks))
	require.Len(t, errs, len(blocks))
	result := make([]ran, len(blocks))
	for i, b := range blocks {
		result[i] = ran{block: b, stdout: outs[i]}
		for _, m := range told.FindAllStringSubmatch(errs[i], -1) {
			status, err := strconv.Atoi(m[2])
			require.NoError(t, err)
			result[i].calls = append(result[i].calls, call{method: m[1], url: m[3], status: status})
		}
	}
	return result
}

var mark = regexp.MustCompile(`\n@@block \d+\n`)

// parts splits an output at its marks.
func parts(out string) []string { return mark.Split(out, -1)[1:] }

// write puts the files that a page shows into the folder: blocks of JSON with a name.
func (s *shell) write(t *testing.T, p page) {
	t.Helper()
	for _, b := range p.blocks() {
		if _, name, _ := strings.Cut(b.info, " "); strings.HasSuffix(name, ".json") {
			require.NoError(t, os.WriteFile(filepath.Join(s.dir, name), []byte(b.text), 0o600))
		}
	}
}

// commands gives the blocks of a page that are commands.
func commands(blocks []block) []block {
	var out []block
	for _, b := range blocks {
		if b.info == "sh" {
			out = append(out, b)
		}
	}
	return out
}
