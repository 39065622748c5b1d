package gitrepo_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/intake"
	"github.com/zeroui/mmm-engine/adapters/intake/gitrepo"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
)

func keyed(s string) string {
	m := hmac.New(sha256.New, []byte("a key of this test"))
	m.Write([]byte(s))
	return hex.EncodeToString(m.Sum(nil))
}

func options(t *testing.T) gitrepo.Options {
	t.Helper()
	ids, err := intake.NewActorIDs(nil, keyed)
	require.NoError(t, err)
	return gitrepo.Options{IDs: ids, Deriver: intake.NewDeriver(), KeyedHash: keyed, RepoID: "acme/shop"}
}

func readAll(t *testing.T, path string, o gitrepo.Options) []signal.Signal {
	t.Helper()
	var out []signal.Signal
	for s, err := range gitrepo.Read(t.Context(), path, o) {
		require.NoError(t, err)
		out = append(out, s)
	}
	return out
}

// repo is a repository made for a test.
type repo struct {
	t   *testing.T
	dir string
}

func newRepo(t *testing.T) *repo {
	t.Helper()
	r := &repo{t: t, dir: filepath.Join(t.TempDir(), "my shop")}
	require.NoError(t, os.Mkdir(r.dir, 0o700))
	r.git("", "", "init", "--quiet", "--initial-branch=main")
	return r
}

// git runs git as an author ("Name <address>") at a time such as "2026-11-20T23:00:00+02:00".
func (r *repo) git(who, at string, args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), "git", args...)
	cmd.Dir = r.dir
	name, email, _ := strings.Cut(strings.TrimSuffix(who, ">"), " <")
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_NAME="+name,
		"GIT_AUTHOR_EMAIL="+email, "GIT_COMMITTER_NAME="+name, "GIT_COMMITTER_EMAIL="+email, "GIT_AUTHOR_DATE="+at, "GIT_COMMITTER_DATE="+at)
	out, err := cmd.CombinedOutput()
	require.NoError(r.t, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

func (r *repo) commit(who, at, message string, files map[string]string) string {
	r.t.Helper()
	for name, text := range files {
		path := filepath.Join(r.dir, name)
		require.NoError(r.t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(r.t, os.WriteFile(path, []byte(text), 0o600))
	}
	r.git(who, at, "add", "--all")
	r.git(who, at, "commit", "--quiet", "--allow-empty", "--message", message)
	return r.git(who, at, "rev-parse", "HEAD")
}

const (
	ada   = "Ada Lovelace <Ada@example.org>"
	bob   = "Bob B <bob@example.org>"
	agent = "Claude <noreply@anthropic.com>"
)

func TestRead_commit(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	sha := r.commit(ada, "2026-11-20T23:30:00+05:30", "add a thing\n\nWhy.\n\nCo-authored-by: Bob B <bob@example.org>\nCo-authored-by: Claude <noreply@anthropic.com>",
		map[string]string{"small.go": "1\n", "dir/big.go": "1\n2\n3\n"})
	offset := 5*time.Hour + 30*time.Minute
	want := []signal.Signal{{
		ID: "git:" + keyed("commit|" + sha)[:32], Source: "git", EventType: "code.pushed", Severity: intervention.Info,
		OccurredAt: time.Date(2026, 11, 20, 18, 0, 0, 0, time.UTC), Actor: actor.ID("git:" + keyed("git|ada@example.org")[:16]),
		ActorType: actor.Human, RepoID: "acme/shop", Branch: "main", FilePath: "dir/big.go", UTCOffset: &offset,
		Payload: signal.Payload{
			"additions": int64(4), "deletions": int64(0), "changed_files": int64(2), "commits": int64(1), "is_revert": false,
			"agent_authored": false, "human_coauthors": int64(1), "same_file_count_24h": int64(1), "off_hours_count_12h": int64(0),
		},
	}}
	if diff := cmp.Diff(want, readAll(t, r.dir, options(t))); diff != "" {
		t.Fatalf("signals (-want +got):\n%s", diff)
	}
}

func TestRead_orderLimitAndBranch(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for _, hour := range []int{8, 11, 9, 10} { // a clock that went backwards
		r.commit(ada, fmt.Sprintf("2026-11-20T%02d:00:00Z", hour), fmt.Sprint("at ", hour), map[string]string{"a": fmt.Sprint(hour)})
	}
	hours := func(o gitrepo.Options) []int {
		var out []int
		for _, s := range readAll(t, r.dir, o) {
			out = append(out, s.OccurredAt.Hour())
		}
		return out
	}
	require.Equal(t, []int{8, 9, 10, 11}, hours(options(t)))
	o := options(t)
	o.Limit = 2
	require.Len(t, hours(o), 2)
	r.git(ada, "2026-11-20T12:00:00Z", "checkout", "--quiet", "--detach")
	o = options(t)
	o.RepoID = ""
	got := readAll(t, filepath.Join(r.dir, "."), o)
	require.Empty(t, got[0].Branch, "no branch is checked out")
	require.Equal(t, "local/my-shop", got[0].RepoID)
}

func TestRead_revertsRepeatsAndNights(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit(ada, "2026-11-20T22:00:00+02:00", "step 1", map[string]string{"a.go": "1"})
	r.commit(ada, "2026-11-20T23:00:00+02:00", "step 2", map[string]string{"a.go": "2"})
	r.git(ada, "2026-11-21T08:00:00+02:00", "revert", "--no-edit", "HEAD")
	got := readAll(t, r.dir, options(t))
	require.Len(t, got, 3)
	revert := got[2]
	require.Equal(t, intervention.Low, revert.Severity)
	require.Equal(t, true, revert.Payload["is_revert"])
	require.Equal(t, int64(9), revert.Payload["reverted_age_hours"])
	require.Equal(t, int64(3), revert.Payload["same_file_count_24h"])
	require.Equal(t, int64(2), revert.Payload["off_hours_count_12h"], "two commits last night")
}

func TestRead_merges(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	at := func(h int) string { return fmt.Sprintf("2026-11-20T%02d:00:00Z", h) }
	r.commit(ada, at(8), "base", map[string]string{"a": "1"})
	r.git(ada, at(9), "checkout", "--quiet", "-b", "side")
	r.commit(bob, at(9), "side work", map[string]string{"b": "1"})
	r.git(ada, at(10), "checkout", "--quiet", "main")
	r.git(ada, at(10), "merge", "--quiet", "--no-ff", "--message", "Merge pull request #12 from bob/side\n\nA title", "side")
	r.commit(bob, at(11), "Merge pull request #13 is only said here", map[string]string{"c": "1"})
	got := readAll(t, r.dir, options(t))
	var types []string
	for _, s := range got {
		types = append(types, s.EventType)
	}
	require.Equal(t, []string{"code.pushed", "code.pushed", "pr.merged", "code.pushed"}, types, "a merge has two parents")
	require.Equal(t, actor.ID("git:"+keyed("git|ada@example.org")[:16]), got[2].Actor, "whoever merged")
	require.Empty(t, got[2].FilePath)
	require.NotContains(t, got[2].Payload, "additions", "unknown is not zero")
}

func TestRead_agentsAndAutomation(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit(agent, "2026-11-20T08:00:00Z", "by an agent", nil)
	r.commit("dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>", "2026-11-20T09:00:00Z", "bump", nil)
	got := readAll(t, r.dir, options(t))
	require.Equal(t, actor.AIAgent, got[0].ActorType)
	require.Nil(t, got[0].UTCOffset)
	require.Equal(t, true, got[0].Payload["agent_authored"])
	require.Equal(t, int64(0), got[0].Payload["human_coauthors"])
	require.Equal(t, actor.Automation, got[1].ActorType)
}

func TestRead_oddContent(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	long := strings.Repeat("very long subject ", 2000)
	r.commit(ada, "2026-11-20T08:00:00Z", "tabs", map[string]string{"a\tb\n1\t2\tc.go": "1\n2\n3\n", "ü space.md": "1\n"})
	r.commit("\"Quote\" \\ Ünï <odd \" address>", "2026-11-20T09:00:00Z", "commit:"+strings.Repeat("0", 40)+" \"x\" \x1f "+long,
		map[string]string{"commit:x": "1\n", "-rf": "1\n2\n"})
	r.commit(ada, "2026-11-20T10:00:00Z", "binary", map[string]string{"image.bin": "\x00\x01\x02"})
	r.commit(ada, "2026-11-20T11:00:00Z", "empty", nil)
	r.git(ada, "2026-11-20T12:00:00Z", "mv", "ü space.md", "renamed.md")
	r.commit(ada, "2026-11-20T12:00:00Z", "rename", nil)
	got := readAll(t, r.dir, options(t))
	require.Len(t, got, 5)
	files := func(i int) any { return got[i].Payload["changed_files"] }
	require.Equal(t, []any{int64(2), int64(2), int64(1), int64(0), int64(2)}, []any{files(0), files(1), files(2), files(3), files(4)})
	require.Empty(t, got[0].FilePath, "a path with control characters is not kept")
	require.Equal(t, int64(4), got[0].Payload["additions"])
	require.Equal(t, "-rf", got[1].FilePath)
	require.Equal(t, "image.bin", got[2].FilePath)
	require.Equal(t, int64(0), got[2].Payload["additions"])
	for _, s := range got {
		walk := fmt.Sprintf("%+v", s)
		for _, secret := range []string{"Ada", "Quote", "address", "example.org", "example", "subject", "tabs", "binary\""} {
			require.NotContains(t, walk, secret)
		}
	}
}

func TestRead_namesNobody(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	shas := []string{
		r.commit(ada, "2026-11-20T08:00:00Z", "private words\n\nbody words\n\nCo-authored-by: Bob B <bob@example.org>", map[string]string{"a.go": "1"}),
		r.commit(bob, "2026-11-20T09:00:00Z", `Revert "private words"`, map[string]string{"a.go": "2"}),
	}
	for _, s := range readAll(t, r.dir, options(t)) {
		walk := strings.ToLower(fmt.Sprintf("%+v", s))
		for _, secret := range append(shas, "ada", "lovelace", "bob", "example.org", "private", "words", shas[0][:7]) {
			require.NotContains(t, walk, secret)
		}
	}
}

func TestRead_shallow(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for i := range 3 {
		r.commit(ada, fmt.Sprintf("2026-11-20T%02d:00:00Z", 8+i), "step", map[string]string{"a.go": strings.Repeat("x\n", i+1)})
	}
	clone := filepath.Join(t.TempDir(), "clone")
	r.git(ada, "", "clone", "--quiet", "--depth=2", "file://"+r.dir, clone)
	got := readAll(t, clone, options(t))
	require.Len(t, got, 2)
	require.NotContains(t, got[0].Payload, "additions", "the whole tree is not one person's change")
	require.Empty(t, got[0].FilePath)
	require.Equal(t, int64(1), got[1].Payload["additions"])
}

func TestRead_bareAndSubfolder(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	r.commit(ada, "2026-11-20T08:00:00Z", "step", map[string]string{"dir/a.go": "1\n"})
	bare := filepath.Join(t.TempDir(), "things.git")
	r.git(ada, "", "clone", "--quiet", "--bare", r.dir, bare)
	o := options(t)
	o.RepoID = ""
	got := readAll(t, bare, o)
	require.Len(t, got, 1)
	require.Equal(t, "local/things", got[0].RepoID)
	require.Equal(t, "dir/a.go", readAll(t, filepath.Join(r.dir, "dir"), options(t))[0].FilePath)
}

func failure(ctx context.Context, path string, o gitrepo.Options) error {
	for _, err := range gitrepo.Read(ctx, path, o) {
		return err
	}
	return nil
}

func TestRead_nothingToRead(t *testing.T) {
	t.Parallel()
	require.Empty(t, readAll(t, newRepo(t).dir, options(t)), "an empty repository has no history")
	require.ErrorIs(t, failure(t.Context(), t.TempDir(), options(t)), gitrepo.ErrNotRepository)
	require.ErrorIs(t, failure(t.Context(), filepath.Join(t.TempDir(), "absent"), options(t)), gitrepo.ErrNotRepository)
	o := options(t)
	o.Git = "no-such-program-here"
	require.ErrorIs(t, failure(t.Context(), t.TempDir(), o), gitrepo.ErrNoGit)
}

func TestRead_cancelledAndLeft(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	for i := range 5 {
		r.commit(ada, fmt.Sprintf("2026-11-20T%02d:00:00Z", 8+i), "step", map[string]string{"a.go": fmt.Sprint(i)})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	n := 0
	for _, err := range gitrepo.Read(ctx, r.dir, options(t)) {
		n++
		cancel()
		last = err
	}
	require.LessOrEqual(t, n, 6)
	require.ErrorIs(t, last, context.Canceled)
	require.ErrorIs(t, failure(ctx, r.dir, options(t)), context.Canceled)
	n = 0
	for _, err := range gitrepo.Read(t.Context(), r.dir, options(t)) {
		require.NoError(t, err)
		n++
		break
	}
	require.Equal(t, 1, n)
}

// A history cannot make the reader run anything: each of these settings would leave a file behind.
func TestRead_runsNothingOfTheRepository(t *testing.T) {
	t.Parallel()
	r := newRepo(t)
	trap := filepath.Join(t.TempDir(), "trap")
	script := filepath.Join(t.TempDir(), "script")
	require.NoError(t, os.WriteFile(script, []byte("#!/bin/sh\ntouch '"+trap+"'\ncat\n"), 0o700))
	r.commit(ada, "2026-11-20T08:00:00Z", "step", map[string]string{"a.go": "1\n", ".gitattributes": "* diff=trap filter=trap\n"})
	// A signed commit: git would have the signature checked by gpg.program.
	signed := strings.Replace(r.git(ada, "", "cat-file", "commit", "HEAD")+"\n", "\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n", 1)
	object := filepath.Join(t.TempDir(), "object")
	require.NoError(t, os.WriteFile(object, []byte(signed), 0o600))
	r.git(ada, "", "update-ref", "HEAD", r.git(ada, "", "hash-object", "-t", "commit", "-w", object))
	for _, key := range []string{"core.pager", "pager.log", "core.fsmonitor", "diff.external", "diff.trap.textconv", "diff.trap.command", "gpg.program", "core.sshCommand"} {
		r.git(ada, "", "config", key, script)
	}
	r.git(ada, "", "config", "log.showSignature", "true")
	r.git(ada, "", "config", "color.ui", "always")
	r.git(ada, "", "config", "format.pretty", "fuller")
	require.Len(t, readAll(t, r.dir, options(t)), 1)
	require.NoFileExists(t, trap)
}
