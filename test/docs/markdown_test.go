package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../.."

// page is a Markdown file.
type page struct{ path, text string }

func read(t *testing.T, path string) page {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return page{path: path, text: string(raw)}
}

// block is fenced code. Info is what stands behind the fence.
type block struct {
	info, text string
	line       int
}

func (p page) blocks() []block {
	var out []block
	var open *block
	for i, line := range strings.Split(p.text, "\n") {
		info, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open == nil:
			open = &block{info: strings.TrimSpace(info), line: i + 1}
		case fence:
			out = append(out, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	return out
}

// prose is the page without its fenced code.
func (p page) prose() string {
	text := p.text
	for _, b := range p.blocks() {
		text = strings.Replace(text, "```"+b.info+"\n"+b.text+"```", "", 1)
	}
	return text
}

// section is what stands under a heading, up to the next one of any level.
func (p page) section(t *testing.T, heading string) string {
	t.Helper()
	for part := range strings.SplitSeq("\n"+p.prose(), "\n#") {
		first, rest, _ := strings.Cut(part, "\n")
		if strings.TrimLeft(first, "# ") == heading {
			return rest
		}
	}
	require.Failf(t, "no such heading", "%s has no heading %q", p.path, heading)
	return ""
}

var bar = regexp.MustCompile(`(^|[^\\])\|`)

// table gives the rows of the first table under a heading, without its head.
func (p page) table(t *testing.T, heading string) [][]string {
	t.Helper()
	var rows [][]string
	for line := range strings.SplitSeq(p.section(t, heading), "\n") {
		if !strings.HasPrefix(line, "|") {
			if len(rows) > 0 {
				break
			}
			continue
		}
		// A second bar right behind the first would be missed by one pass, so each gets a space before it.
		var cells []string
		for cell := range strings.SplitSeq(bar.ReplaceAllString(strings.ReplaceAll(line, "||", "| |"), "$1\x00"), "\x00") {
			cells = append(cells, strings.ReplaceAll(strings.TrimSpace(cell), `\|`, "|"))
		}
		rows = append(rows, cells[1:len(cells)-1])
	}
	require.Greater(t, len(rows), 2, "%s: no table under %q", p.path, heading)
	return rows[2:]
}

var inCode = regexp.MustCompile("`([^`]+)`")

// codes gives what stands in code spans.
func codes(text string) []string {
	var out []string
	for _, m := range inCode.FindAllStringSubmatch(text, -1) {
		out = append(out, m[1])
	}
	return out
}

// code gives the only code span of a cell.
func code(t *testing.T, cell string) string {
	t.Helper()
	all := codes(cell)
	require.Len(t, all, 1, "%q", cell)
	return all[0]
}

// column gives the code span in one column of each row.
func column(t *testing.T, rows [][]string, n int) []string {
	t.Helper()
	var out []string
	for _, r := range rows {
		out = append(out, code(t, r[n]))
	}
	return out
}
