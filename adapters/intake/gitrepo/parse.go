package gitrepo

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/adapters/intake"
)

// format is one commit: a mark, then fields, each ended by NUL, which cannot occur in any of them. The files follow, each
// "<added>\t<deleted>\t<path>" and NUL; they cannot be taken for the mark, which begins with a letter.
const (
	mark        = "commit:"
	fieldCount  = 9
	coSeparator = "\x1f"
	format      = "--format=tformat:" + mark + "%H%x00%P%x00%an%x00%ae%x00%ad%x00%ct%x00%s%x00" +
		"%(trailers:key=Co-authored-by,valueonly,unfold,separator=%x1f)%x00%b"
)

const (
	maxField = 1 << 20 // bytes of a field or a path that are read
	maxFiles = 1000    // files of a commit that are kept one by one
)

var errGarbled = errors.New("git gave a history that cannot be read")

type commit struct {
	sha       string
	parents   int
	author    intake.Person
	authored  time.Time // in the author's own offset
	committed time.Time
	subject   string
	coAuthors []intake.Person
	body      string
	files     []intake.FileChange
	fileCount int64
	additions int64
	deletions int64
}

// parse reads git's output. The first error ends the sequence.
func parse(r io.Reader) iter.Seq2[commit, error] {
	return func(yield func(commit, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		token, err := next(in)
		for err == nil {
			var c commit
			c, token, err = one(in, token)
			if errors.Is(err, io.EOF) {
				yield(c, nil)
				return
			}
			if err == nil && !yield(c, nil) {
				return
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(commit{}, err)
		}
	}
}

// one reads a commit whose first field is already read, and gives the first field of the next. io.EOF means that there is none.
func one(in *bufio.Reader, first string) (commit, string, error) {
	sha, ok := strings.CutPrefix(first, mark)
	if !ok {
		return commit{}, "", errGarbled
	}
	fields := make([]string, fieldCount)
	fields[0] = sha
	for i := 1; i < fieldCount; i++ {
		f, err := next(in)
		if err != nil {
			return commit{}, "", errGarbled
		}
		fields[i] = f
	}
	c, err := header(fields)
	if err != nil {
		return commit{}, "", err
	}
	for {
		token, err := next(in)
		if err != nil {
			return c, "", err
		}
		if strings.HasPrefix(token, mark) {
			return c, token, nil
		}
		if token = strings.TrimPrefix(token, "\n"); token != "" && !c.addFile(token) {
			return commit{}, "", errGarbled
		}
	}
}

func header(f []string) (commit, error) {
	committed, err := strconv.ParseInt(f[5], 10, 64)
	if err != nil {
		return commit{}, errGarbled
	}
	c := commit{
		sha: f[0], parents: len(strings.Fields(f[1])), author: intake.Person{Name: f[2], Email: f[3]}, authored: rawDate(f[4]),
		committed: time.Unix(committed, 0).UTC(), subject: f[6], body: f[8],
	}
	for v := range strings.SplitSeq(f[7], coSeparator) {
		if v != "" {
			c.coAuthors = append(c.coAuthors, intake.ParsePerson(v))
		}
	}
	return c, nil
}

var rawDateForm = regexp.MustCompile(`^(-?[0-9]{1,12}) ([+-])([0-9]{2})([0-9]{2})$`)

// rawDate reads git's "<seconds> <offset>". A broken date gives the zero time: authors' clocks are not always sane.
func rawDate(s string) time.Time {
	m := rawDateForm.FindStringSubmatch(s)
	if m == nil {
		return time.Time{}
	}
	seconds, _ := strconv.ParseInt(m[1], 10, 64)
	hours, _ := strconv.Atoi(m[3])
	minutes, _ := strconv.Atoi(m[4])
	east := hours*3600 + minutes*60
	if m[2] == "-" {
		east = -east
	}
	return time.Unix(seconds, 0).In(time.FixedZone("", east))
}

// addFile counts one file; a binary file has "-" for its counts.
func (c *commit) addFile(entry string) bool {
	part := strings.SplitN(entry, "\t", 3)
	if len(part) != 3 {
		return false
	}
	added, okA := lines(part[0])
	deleted, okD := lines(part[1])
	if !okA || !okD {
		return false
	}
	c.fileCount++
	c.additions += added
	c.deletions += deleted
	if len(c.files) < maxFiles {
		c.files = append(c.files, intake.FileChange{Path: part[2], Additions: added, Deletions: deleted})
	}
	return true
}

func lines(s string) (int64, bool) {
	if s == "-" {
		return 0, true
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && n >= 0 && n <= intake.MaxCount
}

// next reads up to the next NUL and keeps at most maxField bytes. io.EOF means that nothing is left.
func next(in *bufio.Reader) (string, error) {
	var out []byte
	for {
		part, err := in.ReadSlice(0)
		out = append(out, part[:min(len(part), maxField+1-min(len(out), maxField+1))]...)
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && len(bytes.TrimSpace(out)) == 0:
			return "", io.EOF
		case errors.Is(err, io.EOF):
			return "", errGarbled
		case err != nil:
			return "", err
		default:
			return strings.TrimSuffix(string(out), "\x00"), nil
		}
	}
}
