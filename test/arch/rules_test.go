package arch_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/arch"
)

// in makes a documented package; paths that begin with a dot are of this module.
func in(path string, imports ...string) arch.Package {
	full := func(p string) string {
		if rest, ours := strings.CutPrefix(p, "./"); ours {
			return arch.Module + "/" + rest
		}
		return p
	}
	p := arch.Package{ImportPath: full(path), Docs: 1}
	for _, i := range imports {
		p.Imports = append(p.Imports, full(i))
	}
	return p
}

func TestCheck_allowsWhatTheHouseIsBuiltFor(t *testing.T) {
	t.Parallel()
	house := []arch.Package{
		in("./domain", "fmt"),
		in("./domain/fatigue", "./domain/experiment", "./domain/fault", "./domain/wording", "./domain/ident", "time", "embed"),
		in("./domain/signal", "./domain/privacy", "./domain/actor"),
		in("./domain/privacy/words", "./domain/privacy"),
		in("./domain/ledger", "github.com/transparency-dev/merkle/rfc6962", "./domain/receipt", "crypto/sha256"),
		in("./ports", "./domain/fatigue", "context"),
		in("./application/decideaction", "./ports", "./domain/fatigue", "go.opentelemetry.io/otel/trace", "golang.org/x/sync/errgroup", "log/slog"),
		in("./adapters/http", "./application/decideaction", "./infrastructure/observability", "github.com/labstack/echo/v4"),
		in("./adapters/persistence/sqlite", "./adapters/persistence", "gorm.io/gorm", "modernc.org/sqlite", "database/sql"),
		in("./adapters/policy/opa", "./adapters/policy", "./ports"),
		in("./infrastructure/observability", "./infrastructure/buildinfo", "go.opentelemetry.io/otel/sdk/trace", "github.com/prometheus/client_golang/prometheus"),
		in("./migrations", "embed"),
		in("./cmd/app", "./adapters/http", "./migrations", "./infrastructure/config"),
		in("./cmd/app", "./test/simulator/platform"),
		in("./test/simulator/platform", "./test/simulator", "./test/simulator/policy", "net/http"),
		in("./test/contract", "./ports", "github.com/stretchr/testify/require", "testing", "gorm.io/gorm"),
		{ImportPath: arch.Module + "/test/mocks", Generated: true},
	}
	require.Empty(t, arch.Check(house))
}

// One row per rule: a house that breaks it, alone, and what is said about it.
func TestCheck_refusesEachBreach(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		house arch.Package
		want  string
	}{
		"domain knows a port":              {in("./domain/signal", "./ports"), "domain may import only"},
		"ports know the application":       {in("./ports", "./application/decideaction"), "ports may import only"},
		"ports know each other's helpers":  {in("./ports/sub", "./infrastructure/clock"), "ports may import only"},
		"application knows an adapter":     {in("./application/decideaction", "./adapters/http"), "application may import only"},
		"application knows the floor":      {in("./application/decideaction", "./infrastructure/clock"), "application may import only"},
		"the floor knows the domain":       {in("./infrastructure/observability", "./domain/fault"), "infrastructure may import only"},
		"an adapter knows the root":        {in("./adapters/cli", "./cmd/app"), "adapters may import only"},
		"migrations know something":        {in("./migrations", "./infrastructure/config"), "migrations may import only"},
		"a test helper in the product":     {in("./cmd/app", "./test/fake"), "cmd may import only"},
		"one simulator in the product":     {in("./cmd/app", "./test/simulator/policy"), "cmd may import only"},
		"below the platform":               {in("./cmd/app", "./test/simulator/platform/inner"), "cmd may import only"},
		"the platform in the command":      {in("./cmd/mmm", "./test/simulator/platform"), "cmd may import only"},
		"the platform in an adapter":       {in("./adapters/cli", "./test/simulator/platform"), "adapters may import only"},
		"a simulator knows the engine":     {in("./test/simulator/iam", "./adapters/identity/iam"), "know nothing but each other"},
		"a simulator knows a test helper":  {in("./test/simulator/iam", "./test/contract/identity"), "know nothing but each other"},
		"a simulator uses a library":       {in("./test/simulator/iam", "github.com/golang-jwt/jwt/v5"), "use no library"},
		"a simulator needs a test":         {in("./test/simulator", "testing/synctest"), "run outside tests"},
		"a simulator on a test's server":   {in("./test/simulator", "net/http/httptest"), "run outside tests"},
		"a folder of one's own":            {in("./pkg/util"), `"pkg" is no folder`},
		"code in the root":                 {in(arch.Module), `"" is no folder`},
		"adapters know each other":         {in("./adapters/http", "./adapters/console"), "adapters do not know each other"},
		"a store calls the application":    {in("./adapters/persistence/sqlite", "./application/relayoutbox"), "only inbound adapters"},
		"the domain runs backwards":        {in("./domain/playbook", "./domain/policy"), "policy does not come before it"},
		"the domain's page is imported":    {in("./domain/playbook", "./domain"), "does not come before it"},
		"a domain package out of order":    {in("./domain/helpers"), "no place in the order"},
		"no package comment":               {arch.Package{ImportPath: arch.Module + "/ports"}, "0 package comments"},
		"two package comments":             {arch.Package{ImportPath: arch.Module + "/ports", Docs: 2}, "2 package comments"},
		"the domain uses a library":        {in("./domain/receipt", "github.com/transparency-dev/merkle"), "uses no such library"},
		"ports use a library":              {in("./ports", "go.opentelemetry.io/otel/trace"), "uses no such library"},
		"the application uses a library":   {in("./application/decideaction", "github.com/example/x"), "uses no such library"},
		"the domain draws lots":            {in("./domain/experiment", "math/rand/v2"), "draws no lots"},
		"the domain speaks HTTP":           {in("./domain/signal", "net/http"), "does no I/O"},
		"the application reads files":      {in("./application/decideaction", "os"), "does no I/O"},
		"the domain logs":                  {in("./domain/signal", "log/slog"), "the application logs them"},
		"a library prefix is no library":   {in("./application/decideaction", "go.opentelemetry.io/otelish"), "uses no such library"},
		"echo in another adapter":          {in("./adapters/intake/github", "github.com/labstack/echo/v4"), "stays in [adapters/http]"},
		"gorm in another adapter":          {in("./adapters/http", "gorm.io/gorm"), "stays in [adapters/persistence]"},
		"SQL in another adapter":           {in("./adapters/http", "database/sql"), "stays in [adapters/persistence]"},
		"sqlite in another adapter":        {in("./adapters/cli", "modernc.org/sqlite"), "stays in [adapters/persistence]"},
		"goose in the root":                {in("./cmd/app", "github.com/pressly/goose/v3"), "stays in [adapters/persistence]"},
		"the OTel SDK in an adapter":       {in("./adapters/http", "go.opentelemetry.io/otel/sdk/trace"), "stays in [infrastructure/observability]"},
		"the OTel SDK in the application":  {in("./application/decideaction", "go.opentelemetry.io/otel/sdk/trace"), "stays in [infrastructure/observability]"},
		"an exporter in the root":          {in("./cmd/app", "go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"), "stays in"},
		"metrics in an adapter":            {in("./adapters/http", "github.com/prometheus/client_golang/prometheus"), "stays in [infrastructure/observability]"},
		"CEL in another adapter":           {in("./adapters/cli", "cel.dev/cel-go/cel"), "stays in [adapters/expression]"},
		"kong in another adapter":          {in("./adapters/http", "github.com/alecthomas/kong"), "stays in [adapters/cli]"},
		"JWT in another adapter":           {in("./adapters/http", "github.com/golang-jwt/jwt/v5"), "stays in [adapters/identity adapters/signing adapters/surfaces/alert/platform]"},
		"Redis in another adapter":         {in("./adapters/events", "github.com/redis/go-redis/v9"), "stays in"},
		"koanf in the root":                {in("./cmd/app", "github.com/knadh/koanf/v2"), "stays in [infrastructure/config]"},
		"OpenAPI in another adapter":       {in("./adapters/console", "github.com/getkin/kin-openapi/openapi3"), "stays in [adapters/http]"},
		"breakers in an adapter":           {in("./adapters/iam", "github.com/failsafe-go/failsafe-go"), "stays in [infrastructure/resilience]"},
		"identifiers made in an adapter":   {in("./adapters/http", "github.com/google/uuid"), "stays in [infrastructure/ids]"},
		"wire outside the root":            {in("./adapters/http", "github.com/google/wire"), "stays in [cmd/app]"},
		"testify in the product":           {in("./adapters/http", "github.com/stretchr/testify/require"), "it is for tests"},
		"testing in the product":           {in("./adapters/http", "testing"), "it is for tests"},
		"another test tool in the product": {in("./cmd/app", "pgregory.net/rapid"), "it is for tests"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, strings.Join(arch.Check([]arch.Package{c.house}), "\n"), c.want)
		})
	}
}

func TestCheckInjectors_keepsWireOutOfTheBinary(t *testing.T) {
	t.Parallel()
	app, adapter := in("./cmd/app", "github.com/google/wire"), in("./adapters/http", "github.com/google/wire")
	none := []arch.Package{in("./cmd/app"), in("./adapters/http")}
	require.Empty(t, arch.CheckInjectors(none, []arch.Package{app}))
	require.Len(t, arch.CheckInjectors([]arch.Package{app}, none), 1, "linked into the binary")
	require.Len(t, arch.CheckInjectors(none, []arch.Package{adapter}), 1, "an injector elsewhere")
}

func TestCheckLinked_knowsTestTools(t *testing.T) {
	t.Parallel()
	require.Empty(t, arch.CheckLinked("cmd/mmm", []string{"net/http", "net/http/httptrace", "github.com/stretchr/testifyish"}))
	for _, tool := range []string{"testing", "testing/synctest", "net/http/httptest", "github.com/stretchr/testify/require"} {
		require.Len(t, arch.CheckLinked("cmd/mmm", []string{tool}), 1, tool)
	}
}

func TestCheckTop_knowsTheFolders(t *testing.T) {
	t.Parallel()
	require.Empty(t, arch.CheckTop([]string{"cmd", "domain", "application", "ports", "adapters", "infrastructure", "migrations", "test", "docs", "deploy", ".ci"}))
	require.Len(t, arch.CheckTop([]string{"pkg", "internal"}), 2)
}

func TestList_readsImportsAndComments(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o750))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write("go.mod", "module example.com/x\n\ngo 1.26\n")
	write("a/a.go", "// Package a is documented.\npackage a\n\nimport _ \"embed\"\n")
	write("a/b.go", "// Package a is documented twice.\npackage a\n")
	write("a/gen.go", "// Code generated by hand. DO NOT EDIT.\n\n// Package a is generated.\npackage a\n")
	write("a/a_test.go", "// Package a_test is not counted.\npackage a_test\n\nimport _ \"testing\"\n")
	write("b/tagged.go", "//go:build special\n\npackage b\n\nimport _ \"os\"\n")
	write("b/b.go", "//go:build !special\n\npackage b\n")
	write("c/gen.go", "// Code generated by hand. DO NOT EDIT.\n\npackage c\n")

	plain, err := arch.List(t.Context(), dir, "")
	require.NoError(t, err)
	require.Equal(t, []arch.Package{
		{ImportPath: "example.com/x/a", Imports: []string{"embed"}, TestImports: []string{"testing"}, Docs: 2},
		{ImportPath: "example.com/x/b"},
		{ImportPath: "example.com/x/c", Generated: true},
	}, plain)
	tagged, err := arch.List(t.Context(), dir, "special")
	require.NoError(t, err)
	require.Equal(t, []string{"os"}, tagged[1].Imports)
}
