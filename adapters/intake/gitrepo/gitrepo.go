package gitrepo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/zeroui/mmm-engine/adapters/intake"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/signal"
)

// Source is the source of every signal and the provider of every identity read from a repository.
const Source = "git"

// DefaultLimit and MaxLimit bound how many commits are read, the newest ones.
const (
	DefaultLimit = 5000
	MaxLimit     = 200_000
)

// What a person can mend. Everything else is an error of git itself.
var (
	ErrNotRepository = errors.New("there is no git repository at this path")
	ErrForeignOwner  = errors.New("git refuses to read a repository that another user owns; allow it with: git config --global --add safe.directory PATH")
	ErrNoGit         = errors.New("the program git was not found; install git")
)

// Options says how a repository is read. IDs, Deriver and KeyedHash are needed, the rest may be left out.
type Options struct {
	IDs     *intake.ActorIDs
	Deriver *intake.Deriver
	// KeyedHash makes signal ids from commit ids, as hex digits; the same commit always gets the same id.
	KeyedHash func(string) string
	// Limit is how many of the newest commits are read; 0 means DefaultLimit, and more than MaxLimit counts as that.
	Limit int
	// RepoID is the repository's id in the signals; empty: "local/" and the folder's name.
	RepoID string
	// Git is the program to run; empty means git on the path.
	Git string
	// Home is the folder of the user's own git settings, where safe.directory may be set; empty means none are read.
	Home string
}

// Read gives a signal for each commit that HEAD reaches, oldest first by commit date. The author's e-mail address in
// lower case identifies the actor: a configured actor is found by it, any other is a keyed hash of it. An empty
// repository gives nothing. The first error ends the sequence; when ctx ends, git is stopped and the error is ctx's.
// Leaving the loop early stops git too.
func Read(ctx context.Context, path string, o Options) iter.Seq2[signal.Signal, error] {
	return func(yield func(signal.Signal, error) bool) {
		if err := read(ctx, path, o, func(s signal.Signal) bool { return yield(s, nil) }); err != nil {
			yield(signal.Signal{}, err)
		}
	}
}

func read(ctx context.Context, path string, o Options, yield func(signal.Signal) bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g := git{program: o.Git, dir: path, home: o.Home}
	head, err := g.describe(ctx)
	if err != nil || head.empty {
		return err
	}
	shas, err := g.list(ctx, limit(o.Limit))
	if err != nil {
		return err
	}
	rd := reader{options: o, head: head, repoID: repoID(o.RepoID, head.folder)}
	stopped := false
	err = g.show(ctx, shas, func(out io.Reader) error {
		for c, err := range parse(out) {
			if err != nil {
				return err
			}
			if !yield(rd.signal(c)) {
				stopped = true
				stop()
				return nil
			}
		}
		return nil
	})
	if stopped {
		return nil // The caller has left the loop and must not be called again.
	}
	return err
}

func limit(n int) int {
	if n <= 0 {
		return DefaultLimit
	}
	return min(n, MaxLimit)
}

var notInID = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// repoID gives the repository's id. The address of its origin is not used: it may hold credentials.
func repoID(configured, folder string) string {
	if configured != "" {
		return configured
	}
	name := strings.TrimSuffix(filepath.Base(folder), ".git")
	name = strings.ReplaceAll(notInID.ReplaceAllString(name, "-"), "..", "-")
	if name = strings.Trim(name, "-."); name == "" {
		name = "repository"
	}
	return "local/" + name[:min(len(name), 100)]
}

type reader struct {
	options Options
	head    head
	repoID  string
}

var mergedPullRequest = regexp.MustCompile(`^Merge pull request #[0-9]+\b`)

// signal turns a commit into what a push of it would have told.
func (rd reader) signal(c commit) signal.Signal {
	user := strings.ToLower(c.author.Email)
	who := rd.options.IDs.Resolve(intake.Identity{Provider: Source, ProviderUserID: user, Name: c.author.Name, Email: c.author.Email})
	s := signal.Signal{
		ID: fmt.Sprintf("git:%.32s", rd.options.KeyedHash("commit|"+c.sha)), Source: Source, EventType: "code.pushed",
		OccurredAt: c.committed.UTC(), Actor: who.ID, ActorType: who.Type, RepoID: rd.repoID, Branch: intake.CleanBranch(rd.head.branch),
	}
	if c.parents > 1 && mergedPullRequest.MatchString(c.subject) {
		s.EventType = "pr.merged"
	}
	change := rd.change(c, who)
	s.Payload = rd.options.Deriver.Facts(change)
	s.Payload["commits"] = int64(1)
	if c.parents > 1 || rd.head.shallow[c.sha] {
		// Nothing is known about what it changed, which is not the same as nothing.
		for _, k := range []string{"additions", "deletions", "changed_files"} {
			delete(s.Payload, k)
		}
	}
	s.FilePath = change.MainFile()
	if who.Type == actor.Human {
		s.UTCOffset = intake.OffsetOf(c.authored)
	}
	s.Severity = intake.CodeSeverity(s.EventType, true, s.Payload)
	return s
}

func (rd reader) change(c commit, who intake.Actor) intake.Change {
	out := intake.Change{
		Repo: rd.repoID, SHA: c.sha, Subject: c.subject, Reverts: intake.RevertedIn(c.body), Actor: who.ID, ActorType: who.Type,
		Author: c.author, CoAuthors: c.coAuthors, Authored: c.authored, Occurred: c.committed, ParentCount: c.parents,
	}
	if rd.head.shallow[c.sha] {
		return out // Git shows the whole tree as new where a shallow history begins.
	}
	out.Files, out.FileCount = c.files, c.fileCount
	out.Additions, out.Deletions = c.additions, c.deletions
	return out
}
