package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	link     = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading  = regexp.MustCompile(`(?m)^#+ (.+)$`)
	noAnchor = regexp.MustCompile(`[^\p{L}\p{N}_\- ]`)
)

// pages gives every page for people.
func pages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	require.NoError(t, err)
	out := []string{"README.md"}
	for _, f := range found {
		out = append(out, "docs/"+filepath.Base(f))
	}
	return out
}

// anchors gives the names under which the headings of a page can be linked to, as Git hosts make them.
func anchors(p page) map[string]bool {
	out := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(p.prose(), -1) {
		out[strings.ReplaceAll(noAnchor.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return out
}

func TestLinks_leadSomewhere(t *testing.T) {
	t.Parallel()
	for _, path := range pages(t) {
		p := read(t, path)
		for _, m := range link.FindAllStringSubmatch(p.prose(), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			to := p
			if target != "" {
				file := filepath.Join(filepath.Dir(path), target)
				_, err := os.Stat(filepath.Join(root, file))
				require.NoError(t, err, "%s links to %s", path, m[1])
				if anchor == "" {
					continue
				}
				to = read(t, file)
			}
			require.True(t, anchors(to)[anchor], "%s links to %s, and %s has no such heading", path, m[1], to.path)
		}
	}
}

func TestIndex_namesEveryPage(t *testing.T) {
	t.Parallel()
	index := read(t, "docs/README.md").text
	for _, path := range pages(t) {
		if name := filepath.Base(path); path != "docs/README.md" {
			require.Contains(t, index, name+")", "docs/README.md does not link to %s", path)
		}
	}
}
