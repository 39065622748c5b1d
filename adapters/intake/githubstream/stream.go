// Package githubstream reads the history of a GitHub repository that was written down as JSONL, one event a line, oldest first:
// pushes, pull requests with their commits, and release tags. It gives the signals that the same events would have given live.
package githubstream

import (
	"encoding/json"
	"io"
	"iter"
	"slices"
	"strconv"
	"time"

	"github.com/zeroui/mmm-engine/adapters/intake"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/ident"
	"github.com/zeroui/mmm-engine/domain/signal"
)

// Source is the source of every signal and the provider of every identity in a stream.
const Source = "github"

// event is a line of the stream. Fields that are never needed are not read.
type event struct {
	EventID       string    `json:"event_id"`
	OccurredAtUTC time.Time `json:"occurred_at_utc"`
	Kind          string    `json:"kind"`
	Repo          string    `json:"repo"`
	Actor         *person   `json:"actor"`
	Branch        string    `json:"branch"`
	PR            *int64    `json:"pr"`
	Forced        bool      `json:"forced"`
	Commit        *commit   `json:"commit"`
}

type person struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

type commit struct {
	SHA        string    `json:"sha"`
	Subject    string    `json:"subject"`
	Author     *person   `json:"author"`
	AuthoredAt time.Time `json:"authored_at"`
	Parents    int       `json:"parents"`
	Reverts    string    `json:"reverts"`
	Trailers   []struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	} `json:"trailers"`
	Stats struct {
		FilesChanged int64 `json:"files_changed"`
		Additions    int64 `json:"additions"`
		Deletions    int64 `json:"deletions"`
	} `json:"stats"`
	Files []struct {
		Path      string `json:"path"`
		Additions int64  `json:"additions"`
		Deletions int64  `json:"deletions"`
	} `json:"files"`
}

// Reader turns stream lines into signals. It is not safe for concurrent use.
type Reader struct {
	ids           *intake.ActorIDs
	deriver       *intake.Deriver
	defaultBranch string
}

// New makes a Reader for one tenant's actors. Facts are derived with d, which may go on from another source. The default branch
// matters for forced pushes only; empty means main.
func New(ids *intake.ActorIDs, d *intake.Deriver, defaultBranch string) *Reader {
	if defaultBranch == "" {
		defaultBranch = "main"
	}
	return &Reader{ids: ids, deriver: d, defaultBranch: defaultBranch}
}

// Read gives the signals of a stream in its order. A bad line gives an *intake.LineError and reading goes on; when r fails, its
// error ends the sequence.
func (rd *Reader) Read(r io.Reader) iter.Seq2[signal.Signal, error] {
	return func(yield func(signal.Signal, error) bool) {
		for line, err := range intake.Lines(r) {
			var s signal.Signal
			if err == nil {
				s, err = rd.line(line)
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

func (rd *Reader) line(line intake.Line) (signal.Signal, error) {
	var e event
	if err := json.Unmarshal(line.Text, &e); err != nil {
		return signal.Signal{}, &intake.LineError{Line: line.Number, Fields: []fault.Field{intake.JSONProblem(err)}}
	}
	eventType, problems := e.check()
	if len(problems) > 0 {
		return signal.Signal{}, &intake.LineError{Line: line.Number, Fields: problems}
	}
	return rd.signal(e, eventType), nil
}

// check finds everything that is wrong with an event, and its type in the vocabulary.
func (e event) check() (string, []fault.Field) {
	var p fault.Problems
	if !ident.Valid(e.EventID) {
		p.Add("event_id", "%s", ident.Rule)
	}
	if !ident.Valid(e.Repo) {
		p.Add("repo", "%s", ident.Rule)
	}
	if e.OccurredAtUTC.IsZero() {
		p.Add("occurred_at_utc", "must be given, as an RFC 3339 time")
	}
	eventType, ok := intake.GitHubType(e.Kind, e.Forced)
	if !ok {
		p.Add("kind", "is not an event this reader knows")
	}
	if c := e.Commit; c != nil {
		if !counts(c.Stats.Additions, c.Stats.Deletions, c.Stats.FilesChanged) {
			p.Add("commit.stats", countRule)
		}
		for i, f := range c.Files {
			if !counts(f.Additions, f.Deletions) {
				p.Add("commit.files."+strconv.Itoa(i), countRule)
			}
		}
	}
	return eventType, p.Fields()
}

const countRule = "must hold counts from 0 to 1000000000"

func counts(values ...int64) bool {
	return !slices.ContainsFunc(values, func(n int64) bool { return n < 0 || n > intake.MaxCount })
}

func (rd *Reader) signal(e event, eventType string) signal.Signal {
	who := rd.resolve(e.Actor)
	s := signal.Signal{
		ID: e.EventID, Source: Source, EventType: eventType, OccurredAt: e.OccurredAtUTC.UTC(),
		Actor: who.ID, ActorType: who.Type, RepoID: e.Repo, Branch: intake.CleanBranch(e.Branch),
	}
	if e.Commit != nil {
		c := e.change(who)
		s.Payload = rd.deriver.Facts(c)
		s.Payload["commits"] = int64(1)
		s.FilePath = c.MainFile()
		if who.Type == actor.Human {
			s.UTCOffset = intake.OffsetOf(e.Commit.AuthoredAt)
		}
	}
	if e.Kind == "push" {
		if s.Payload == nil {
			s.Payload = signal.Payload{}
		}
		s.Payload["forced"] = e.Forced
	}
	s.Severity = intake.CodeSeverity(eventType, e.Branch == rd.defaultBranch, s.Payload)
	return s
}

func (rd *Reader) resolve(p *person) intake.Actor {
	if p == nil {
		return intake.Actor{}
	}
	return rd.ids.Resolve(intake.Identity{Provider: Source, ProviderUserID: p.ID, Name: p.Name, Email: p.Email})
}

// change gathers what the deriver may see of the commit.
func (e event) change(who intake.Actor) intake.Change {
	c := e.Commit
	out := intake.Change{
		Repo: e.Repo, SHA: c.SHA, Subject: c.Subject, Actor: who.ID, ActorType: who.Type,
		Authored: c.AuthoredAt, Occurred: e.OccurredAtUTC,
		Additions: c.Stats.Additions, Deletions: c.Stats.Deletions, FileCount: c.Stats.FilesChanged, ParentCount: c.Parents,
		// The commits of a pull request are told by its own events before its squashed form arrives on the default branch.
		Landing: e.Kind == "pull_request.merged" || (e.Kind == "push" && e.PR != nil),
	}
	if c.Reverts != "" {
		out.Reverts = []string{c.Reverts}
	}
	author := c.Author
	if author == nil {
		author = e.Actor
	}
	if author != nil {
		out.Author = intake.Person{Name: author.Name, Email: author.Email}
	}
	for _, t := range c.Trailers {
		if intake.CoAuthorTrailer(t.Key) {
			out.CoAuthors = append(out.CoAuthors, intake.ParsePerson(t.Value))
		}
	}
	for _, f := range c.Files {
		out.Files = append(out.Files, intake.FileChange{Path: f.Path, Additions: f.Additions, Deletions: f.Deletions})
	}
	return out
}
