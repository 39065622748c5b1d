package docs_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	httpapi "github.com/zeroui/mmm-engine/adapters/http"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/test/harness"
)

const base = "/v1/mmm"

var status = regexp.MustCompile(`(?m)^# (\d{3})\b`)

func TestAPI_everyExampleRuns(t *testing.T) {
	t.Parallel()
	server := harness.New(t)
	server.Start()
	sh := newShell(t, "MMM_URL="+server.URL, "MMM_DATA_DIR="+server.Dir)
	doc := read(t, "docs/api.md")
	blocks := doc.blocks()
	results := sh.run(t, commands(blocks))

	var calls []call
	for _, r := range results {
		calls = append(calls, r.calls...)
		var want, got []int
		for _, m := range status.FindAllStringSubmatch(r.block.text, -1) {
			n, err := strconv.Atoi(m[1])
			require.NoError(t, err)
			want = append(want, n)
		}
		for _, c := range r.calls {
			got = append(got, c.status)
		}
		if !slices.Equal(want, got) {
			t.Errorf("%s:%d: the statuses were %v, the page says %v:\n%s\n%s", doc.path, r.block.line, got, want, r.block.text, r.stdout)
		}
	}
	for i, b := range blocks {
		if b.info == "sh" || i == 0 || blocks[i-1].info != "sh" {
			continue
		}
		at := slices.IndexFunc(results, func(r ran) bool { return r.block.line == blocks[i-1].line })
		compare(t, fmt.Sprintf("%s:%d", doc.path, b.line), b, results[at].stdout)
	}
	covered(t, server, calls)
}

// compare holds an answer against the one that the page shows.
func compare(t *testing.T, at string, shown block, stdout string) {
	t.Helper()
	switch shown.info {
	case "json":
		want, got := values(t, shown.text), values(t, stdout)
		if len(want) != len(got) {
			t.Errorf("%s: the page shows %d answers, there were %d:\n%s", at, len(want), len(got), stdout)
			return
		}
		for i := range want {
			if d := differs("answer", want[i], got[i]); d != "" {
				t.Errorf("%s: %s\n%s", at, d, stdout)
			}
		}
	case "text":
		pattern := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(shown.text)), more, ".*")
		if !regexp.MustCompile("(?s)" + pattern).MatchString(stdout) {
			t.Errorf("%s: the output was\n%s", at, stdout)
		}
	default:
		t.Errorf("%s: a block of %q behind commands", at, shown.info)
	}
}

// covered fails for each route that no example of the page calls with success. The contract that a server gives is cut to the routes
// it has.
func covered(t *testing.T, server *harness.Server, calls []call) {
	t.Helper()
	var served struct {
		Paths map[string]map[string]any `yaml:"paths"`
	}
	raw := server.Must(http.StatusOK, http.MethodGet, "/openapi.yaml", "", nil).Body
	require.NoError(t, yaml.Unmarshal(raw, &served))
	require.NotEmpty(t, served.Paths)

	paths := slices.Collect(maps.Keys(served.Paths))
	slices.SortFunc(paths, func(a, b string) int { // a path of its own before one with an id in its place
		return cmp.Or(strings.Count(a, "{")-strings.Count(b, "{"), strings.Compare(a, b))
	})
	seen := map[string]bool{}
	for _, c := range calls {
		u, err := url.Parse(c.url)
		require.NoError(t, err)
		i := slices.IndexFunc(paths, func(p string) bool { return matches(p, strings.TrimPrefix(u.EscapedPath(), base)) })
		require.GreaterOrEqual(t, i, 0, "%s is no address of the contract", c.url)
		if c.status < http.StatusMultipleChoices {
			seen[c.method+" "+paths[i]] = true
		}
	}
	for _, p := range paths {
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
			if _, there := served.Paths[p][strings.ToLower(method)]; there && !seen[method+" "+p] {
				t.Errorf("docs/api.md has no example for %s %s", method, p)
			}
		}
	}
}

var parameter = regexp.MustCompile(`\\\{[^/]+\\\}`)

func matches(pattern, path string) bool {
	return regexp.MustCompile("^" + parameter.ReplaceAllString(regexp.QuoteMeta(pattern), "[^/]+") + "$").MatchString(path)
}

func TestAPI_errorTableIsTheContract(t *testing.T) {
	t.Parallel()
	var contract struct {
		Components struct {
			Schemas map[string]struct {
				Enum     []string       `yaml:"enum"`
				Statuses map[string]int `yaml:"x-statuses"`
			} `yaml:"schemas"`
		} `yaml:"components"`
	}
	require.NoError(t, yaml.Unmarshal(httpapi.ContractFile(), &contract))
	var want []string
	for _, s := range contract.Components.Schemas {
		if len(s.Statuses) > 0 {
			want = s.Enum
		}
	}
	rows := read(t, "docs/api.md").table(t, "Errors")
	require.ElementsMatch(t, want, column(t, rows, 0))
	for _, r := range rows {
		require.Equal(t, strconv.Itoa(httpapi.StatusOf(code(t, r[0]))), r[1], r[0])
	}
}

func TestAPI_scopesAndRoles(t *testing.T) {
	t.Parallel()
	doc := read(t, "docs/api.md")
	scopes := []string{
		string(caller.ScopeDecide), string(caller.ScopeRead), string(caller.ScopeOutcome), string(caller.ScopeIngest), string(caller.ScopeDelegate),
	}
	require.Equal(t, scopes, column(t, doc.table(t, "A token"), 0))
	_, rest, found := strings.Cut(doc.section(t, "A token"), "Its roles say")
	require.True(t, found)
	roles := page{text: "# roles\n" + rest}.table(t, "roles")
	require.Equal(t, []string{
		string(caller.RoleTenantAdmin), string(caller.RoleMMMAdmin), string(caller.RoleApprover), string(caller.RolePrivacyOfficer),
	}, column(t, roles, 0))
}

func TestPlaybooks_commandsRun(t *testing.T) {
	t.Parallel()
	server := harness.New(t)
	server.Start()
	token := server.Token("--tenant", "acme", "--actor", "lead1", "--role", "tenant_admin", "--scope", "mmm.read mmm.decide")
	sh := newShell(t, "MMM_URL="+server.URL, "MMM_TOKEN="+token)
	doc := read(t, "docs/playbooks.md")
	sh.write(t, doc)
	results := sh.run(t, commands(doc.blocks()))
	require.Contains(t, results[0].stdout, "2 tests passed")
	require.Contains(t, results[1].stdout, "changed and published")
	pulled, err := os.ReadFile(filepath.Join(sh.dir, "playbooks", "red-main.json"))
	require.NoError(t, err)
	require.Empty(t, problemsOf(t, string(pulled)))
}
