package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/zeroui/mmm-engine/domain/fault"
)

const (
	maxPath   = 400 // bytes of a path that is kept
	maxBranch = 200 // bytes of a branch that is kept
	// MaxLine is the longest line a line reader takes, the same as the largest body of the API.
	MaxLine = 1 << 20
)

var address = regexp.MustCompile(`[^\s@/]+@[^\s@/]+\.[A-Za-z]{2,}`)

// CleanPath gives a path that may be kept, or nothing: paths are free text, and one that holds an e-mail address, control
// characters or quoting is no help to anybody. A path in git's own quoting is unquoted first.
func CleanPath(p string) string {
	if strings.HasPrefix(p, `"`) {
		unquoted, err := strconv.Unquote(p)
		if err != nil {
			return ""
		}
		p = unquoted
	}
	return cleanText(p, maxPath)
}

// CleanBranch gives a branch name that may be kept, or nothing.
func CleanBranch(b string) string { return cleanText(b, maxBranch) }

func cleanText(s string, limit int) string {
	odd := func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune("\"<>|{}", r) }
	if len(s) > limit || !utf8.ValidString(s) || strings.ContainsFunc(s, odd) || address.MatchString(s) {
		return ""
	}
	return s
}

// OffsetOf gives the offset a time was written with, or nil for one that no clock on Earth has.
func OffsetOf(t time.Time) *time.Duration {
	_, seconds := t.Zone()
	offset := time.Duration(seconds) * time.Second
	if t.IsZero() || offset < -12*time.Hour || offset > 14*time.Hour {
		return nil
	}
	return &offset
}

// LineError says what is wrong with one line of a file. It never repeats the line. The lines after it are still read.
type LineError struct {
	Line   int // from 1
	Fields []fault.Field
}

// Error gives the line number and every problem.
func (e *LineError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "line %d", e.Line)
	for i, f := range e.Fields {
		sep := "; "
		if i == 0 {
			sep = ": "
		}
		b.WriteString(sep)
		if f.Field != "" {
			b.WriteString(f.Field + " ")
		}
		b.WriteString(f.Reason)
	}
	return b.String()
}

// Line is one line of a file without its end.
type Line struct {
	Number int // from 1
	Text   []byte
}

// Lines reads the lines of a text, without the blank ones. A line above MaxLine gives a *LineError and is passed over; a
// failing reader gives its error and ends the sequence. Text is valid until the next step only.
func Lines(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		in := bufio.NewReaderSize(r, 64<<10)
		for number := 1; ; number++ {
			text, tooLong, err := readLine(in)
			if err != nil && !errors.Is(err, io.EOF) {
				yield(Line{Number: number}, fmt.Errorf("read line %d: %w", number, err))
				return
			}
			if number == 1 {
				text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
			}
			text = bytes.TrimSpace(text)
			switch {
			case tooLong:
				tooBig := &LineError{Line: number, Fields: []fault.Field{{Reason: "is longer than 1 MiB"}}}
				if !yield(Line{Number: number}, tooBig) {
					return
				}
			case len(text) > 0:
				if !yield(Line{Number: number, Text: text}, nil) {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
}

// readLine reads to the end of the line and keeps no more than MaxLine of it.
func readLine(in *bufio.Reader) ([]byte, bool, error) {
	var text []byte
	tooLong := false
	for {
		part, err := in.ReadSlice('\n')
		if len(text)+len(part) > MaxLine+1 { // the line end is not counted
			tooLong, text = true, nil
		}
		if !tooLong {
			text = append(text, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return text, tooLong, err
		}
	}
}

// BadLine tells readers of any kind of file that only one line is wrong, and that reading goes on.
func (e *LineError) BadLine() bool { return true }
