package gitrepo

import (
	"strings"
	"testing"
)

// The parser is not exported; git's output is the only way to it from outside, and a fuzzer cannot go that way.
func FuzzParse(f *testing.F) {
	head := mark + "abc\x00p1 p2\x00Ada\x00a@b\x001700000000 +0530\x001700000000\x00subject\x00B <b@c>\x1fC\x00body\x00"
	f.Add(head + "\n1\t2\ta.go\x00-\t-\tb.bin\x00" + head)
	f.Add(head)
	f.Add("")
	f.Add(mark)
	f.Fuzz(func(t *testing.T, text string) {
		ended := false
		for c, err := range parse(strings.NewReader(text)) {
			if ended {
				t.Fatal("something came after an error")
			}
			ended = err != nil
			if int64(len(c.files)) > c.fileCount || c.additions < 0 || c.deletions < 0 {
				t.Fatalf("counts do not agree: %+v", c)
			}
		}
	})
}
