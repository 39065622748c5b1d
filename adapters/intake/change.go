package intake

import (
	"regexp"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
)

// Change is one commit, or the landing of one, with everything that is known of it at the door. It lives only until its facts
// are derived.
type Change struct {
	Repo        string
	SHA         string
	Subject     string
	Reverts     []string // ids of the commits that the message says it reverts, whole or abbreviated
	Actor       actor.ID
	ActorType   actor.Type
	Author      Person
	CoAuthors   []Person
	Authored    time.Time // in the author's own offset; zero when the input does not say
	Occurred    time.Time
	Files       []FileChange
	Additions   int64
	Deletions   int64
	FileCount   int64 // may be more than the files listed
	ParentCount int
	// Landing is set for the arrival on the default branch of a change whose own commits were told before: it is no further
	// edit, and its size is that of several.
	Landing bool
}

// MaxCount bounds any count of lines or files; readers refuse more, so that sums cannot run over.
const MaxCount = 1_000_000_000

// Person is a name and an address from free text.
type Person struct {
	Name  string
	Email string
}

// FileChange is one file of a change.
type FileChange struct {
	Path      string
	Additions int64
	Deletions int64
}

// ParsePerson reads "Name <address>"; a text without an address is all name.
func ParsePerson(text string) Person {
	name, rest, found := strings.Cut(text, "<")
	if !found {
		return Person{Name: strings.TrimSpace(text)}
	}
	email, _, _ := strings.Cut(rest, ">")
	return Person{Name: strings.TrimSpace(name), Email: strings.TrimSpace(email)}
}

// CoAuthorTrailer reports whether a trailer's key names a co-author; its spelling varies.
func CoAuthorTrailer(trailerKey string) bool {
	return strings.EqualFold(strings.TrimSpace(trailerKey), "co-authored-by")
}

// humanCoAuthors counts the people among the co-authors, the author not included. A person may appear with several addresses,
// so equal names are one person.
func (c Change) humanCoAuthors() int64 {
	seen := map[string]bool{}
	for _, p := range c.CoAuthors {
		name, email := strings.ToLower(p.Name), strings.ToLower(p.Email)
		if name == strings.ToLower(c.Author.Name) || (email != "" && email == strings.ToLower(c.Author.Email)) {
			continue
		}
		if Classify(Identity{Name: p.Name, Email: p.Email}).Type != actor.Human {
			continue
		}
		who := name
		if who == "" {
			who = email
		}
		if who != "" {
			seen[who] = true
		}
	}
	return int64(len(seen))
}

// MainFile gives the path of the most changed file, the first of equals, if it is a path that may be kept.
func (c Change) MainFile() string {
	best, size := "", int64(-1)
	for _, f := range c.Files {
		if n := f.Additions + f.Deletions; n > size {
			best, size = f.Path, n
		}
	}
	return CleanPath(best)
}

var (
	revertWord    = regexp.MustCompile(`(?i)^reverts?(\s|:|!:|\([^)]*\)!?:)`)
	quotedRevert  = regexp.MustCompile(`(?i)^(?:revert|reapply)\s+"(.+)"(?:\s*\(#[0-9]+\))?$`)
	revertedInMsg = regexp.MustCompile(`(?i)\bthis reverts commit ([0-9a-f]{7,64})\b`)
	landedSuffix  = regexp.MustCompile(`\s*\(#[0-9]+\)$`)
)

// RevertedIn gives the ids of the commits that a message says it reverts.
func RevertedIn(message string) []string {
	var out []string
	for _, m := range revertedInMsg.FindAllStringSubmatch(message, maxReverts) {
		out = append(out, strings.ToLower(m[1]))
	}
	return out
}

// isRevert reports whether the change takes another one back, by its message.
func (c Change) isRevert() bool {
	return len(c.Reverts) > 0 || revertWord.MatchString(c.Subject) || quotedRevert.MatchString(c.Subject)
}

// revertedSubject gives the subject that a subject such as `Revert "x"` quotes. A subject that was cut short ("x…") gives its
// beginning and cut.
func (c Change) revertedSubject() (subject string, cut bool) {
	m := quotedRevert.FindStringSubmatch(c.Subject)
	if m == nil {
		return "", false
	}
	s, cut := strings.CutSuffix(m[1], "…")
	return plainSubject(s), cut
}

// plainSubject is a subject without the number that a host appends when it lands.
func plainSubject(s string) string { return landedSuffix.ReplaceAllString(strings.TrimSpace(s), "") }
