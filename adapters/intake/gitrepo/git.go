package gitrepo

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// git runs the program in one repository.
type git struct {
	program string
	dir     string
	home    string
}

// waitDelay is how long git may take to end after it was told to.
const waitDelay = 5 * time.Second

// command gives a git that obeys neither the machine's settings nor the repository's where those could run a program or
// change the output, and that reaches no network.
func (g git) command(ctx context.Context, args ...string) *exec.Cmd {
	program := g.program
	if program == "" {
		program = "git"
	}
	hardened := []string{
		"--no-pager", "--literal-pathspecs", "--no-replace-objects",
		"-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "core.commitGraph=false",
		"-c", "log.showSignature=false", "-c", "log.mailmap=false", "-c", "color.ui=false",
		"-c", "i18n.logOutputEncoding=UTF-8", "-c", "diff.external=", "-c", "protocol.allow=never",
	}
	cmd := exec.CommandContext(ctx, program, append(hardened, args...)...) //nolint:gosec // the program is the operator's choice, the arguments are ours
	cmd.Dir = g.dir
	cmd.WaitDelay = waitDelay
	// The whole environment: GIT_DIR and the like of whoever started us must not point git somewhere else.
	cmd.Env = []string{
		"GIT_CONFIG_NOSYSTEM=1", "GIT_ATTR_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1",
		"GIT_ALLOW_PROTOCOL=", "GIT_PAGER=cat", "LC_ALL=C", "TZ=UTC",
	}
	if g.home != "" {
		cmd.Env = append(cmd.Env, "HOME="+g.home)
	} else {
		cmd.Env = append(cmd.Env, "GIT_CONFIG_GLOBAL=/dev/null")
	}
	return cmd
}

// output runs git to its end; found is false when git answered no with status 1.
func (g git) output(ctx context.Context, args ...string) (out string, found bool, err error) {
	cmd := g.command(ctx, args...)
	var stderr complaint
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 1 {
		return "", false, nil
	}
	if err != nil {
		return "", false, explain(ctx, err, stderr.text)
	}
	return strings.TrimRight(string(text), "\n"), true, nil
}

// head is what is known before the commits are read.
type head struct {
	empty   bool
	branch  string // empty when no branch is checked out
	folder  string
	shallow map[string]bool // commits at which a shallow history begins
}

func (g git) describe(ctx context.Context) (head, error) {
	h := head{shallow: map[string]bool{}}
	gitDir, _, err := g.output(ctx, "rev-parse", "--absolute-git-dir")
	if err != nil {
		return h, err
	}
	h.folder = gitDir
	if filepath.Base(gitDir) == ".git" {
		h.folder = filepath.Dir(gitDir)
	}
	_, found, err := g.output(ctx, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
	if err != nil {
		return h, err
	}
	h.empty = !found
	if h.branch, _, err = g.output(ctx, "symbolic-ref", "--quiet", "--short", "HEAD"); err != nil {
		return h, err
	}
	shallow, _, err := g.output(ctx, "rev-parse", "--is-shallow-repository")
	if err != nil || shallow != "true" || h.empty {
		return h, err
	}
	// A commit without parents is the beginning of the project or of what was cloned; in a shallow history the two cannot be
	// told apart, and a first commit's size is not missed.
	roots, _, err := g.output(ctx, "rev-list", "--max-parents=0", "HEAD")
	for sha := range strings.FieldsSeq(roots) {
		h.shallow[sha] = true
	}
	return h, err
}

// list gives the newest commits that HEAD reaches, oldest first by commit date.
func (g git) list(ctx context.Context, limit int) ([]string, error) {
	text, _, err := g.output(ctx, "rev-list", "--timestamp", "--max-count="+strconv.Itoa(limit), "HEAD")
	if err != nil {
		return nil, err
	}
	type dated struct {
		at  int64
		sha string
	}
	var commits []dated
	for line := range strings.Lines(text) {
		at, sha, ok := strings.Cut(strings.TrimSpace(line), " ")
		seconds, err := strconv.ParseInt(at, 10, 64)
		if !ok || err != nil {
			return nil, errors.New("git gave a list of commits that cannot be read")
		}
		commits = append(commits, dated{at: seconds, sha: sha})
	}
	slices.Reverse(commits) // so that of equal dates the parent comes first
	slices.SortStableFunc(commits, func(a, b dated) int { return cmp.Compare(a.at, b.at) })
	shas := make([]string, len(commits))
	for i, c := range commits {
		shas[i] = c.sha
	}
	return shas, nil
}

// show has git write the commits in the given order and hands its output to read, which may stop early by ending ctx.
func (g git) show(ctx context.Context, shas []string, read func(io.Reader) error) error {
	cmd := g.command(ctx, "log", "--stdin", "--no-walk=unsorted", "-z", "--numstat", "--no-renames", "--no-ext-diff",
		"--no-textconv", "--no-color", "--no-notes", "--no-mailmap", "--no-decorate", "--no-diff-merges", "--ignore-submodules=none", "--date=raw", format)
	cmd.Stdin = strings.NewReader(strings.Join(shas, "\n") + "\n")
	var stderr complaint
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("run git: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return explain(ctx, err, "")
	}
	readErr := read(out)
	if readErr != nil && cmd.Process != nil {
		_ = cmd.Process.Kill() // Nobody reads on, so git would wait for ever; its own end is told by Wait.
	}
	waitErr := cmd.Wait()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case readErr != nil:
		return readErr
	case waitErr != nil:
		return explain(ctx, waitErr, stderr.text)
	default:
		return nil
	}
}

// explain gives the error a person can act on, and of git's own words the first line only.
func explain(ctx context.Context, err error, stderr string) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return ErrNoGit
	case strings.Contains(stderr, "dubious ownership"):
		return ErrForeignOwner
	case strings.Contains(stderr, "not a git repository"), strings.Contains(err.Error(), "chdir"):
		return ErrNotRepository
	}
	first, _, _ := strings.Cut(strings.TrimSpace(stderr), "\n")
	return fmt.Errorf("git: %w: %s", err, first)
}

// complaint keeps the beginning of what git complains about.
type complaint struct{ text string }

const maxComplaint = 2000

// Write takes everything and keeps the first of it.
func (t *complaint) Write(p []byte) (int, error) {
	room := maxComplaint - len(t.text)
	t.text += string(bytes.ToValidUTF8(p[:min(len(p), room)], nil))
	return len(p), nil
}
