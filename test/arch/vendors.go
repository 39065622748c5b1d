package arch

import (
	"fmt"
	"slices"
	"strings"
)

// confinement keeps a library, or a part of the standard library, in the packages that are there to hide it.
type confinement struct {
	library string
	to      []string // folders of this module; none means nowhere but in test/
	why     string
}

var confinements = []confinement{
	{"github.com/labstack/echo", []string{"adapters/http"}, "handlers stay thin so that its next major version is one package's work"},
	{"github.com/getkin/kin-openapi", []string{"adapters/http"}, "the contract is checked where it is served"},
	{"gorm.io", []string{"adapters/persistence"}, "rows are private to the store"},
	{"modernc.org/sqlite", []string{"adapters/persistence"}, "rows are private to the store"},
	{"database/sql", []string{"adapters/persistence"}, "storage lives behind a port"},
	{"github.com/pressly/goose", []string{"adapters/persistence"}, "migrations are handed to the store as files"},
	{"github.com/redis/go-redis", []string{"adapters/redis", "adapters/events/redisstream"}, "storage lives behind a port"},
	{"cel.dev", []string{"adapters/expression"}, "the domain sees a predicate"},
	{"github.com/alecthomas/kong", []string{"adapters/cli"}, "flags are the command line's own"},
	{"github.com/golang-jwt/jwt", []string{"adapters/identity", "adapters/signing", "adapters/surfaces/alert/platform"}, "tokens are read and made in one place each"},
	{"github.com/coreos/go-oidc", []string{"adapters/identity"}, "providers are discovered where their tokens are read"},
	{"github.com/go-jose/go-jose", []string{"adapters/identity"}, "foreign keys are read where foreign tokens are"},
	{"github.com/standard-webhooks/standard-webhooks", []string{"adapters/surfaces"}, "messages are signed in one place"},
	{"github.com/knadh/koanf", []string{"infrastructure/config"}, "configuration is loaded once"},
	{"github.com/prometheus/client_golang", []string{"infrastructure/observability"}, "metric names are in one file"},
	{"go.opentelemetry.io/otel/sdk", []string{"infrastructure/observability"}, "others use OpenTelemetry's interface only"},
	{"go.opentelemetry.io/otel/exporters", []string{"infrastructure/observability"}, "others use OpenTelemetry's interface only"},
	{"github.com/failsafe-go/failsafe-go", []string{"infrastructure/resilience"}, "breakers are made in one place"},
	{"github.com/google/uuid", []string{"infrastructure/ids"}, "identifiers come through a port"},
	{"github.com/google/wire", []string{"cmd/app"}, "only the composition root is wired"},
	{"github.com/stretchr/testify", nil, "it is for tests"},
	{"github.com/google/go-cmp", nil, "it is for tests"},
	{"pgregory.net/rapid", nil, "it is for tests"},
	{"go.uber.org/goleak", nil, "it is for tests"},
	{"github.com/rogpeppe/go-internal", nil, "it is for tests"},
	{"testing", nil, "it is for tests"},
}

// pure are the layers that compute and nothing else, with the libraries each may use all the same.
var pure = map[string][]string{
	"domain/ledger": {"github.com/transparency-dev/merkle"},
	"domain":        nil,
	"ports":         nil,
	"application":   {"go.opentelemetry.io/otel", "golang.org/x/sync"},
}

// impure are the parts of the standard library that a pure layer does without.
var impure = []string{"net", "os", "syscall", "io/ioutil", "math/rand", "crypto/rand", "plugin", "unsafe"}

func checkVendors(p Package) []string {
	own, _ := inside(p.ImportPath)
	if segment(own, 0) == "test" {
		return nil
	}
	var out []string
	for _, imported := range p.Imports {
		if _, ours := inside(imported); ours {
			continue
		}
		for _, c := range confinements {
			if within(imported, c.library) && !slices.ContainsFunc(c.to, func(f string) bool { return within(own, f) }) {
				out = append(out, fmt.Sprintf("%s imports %s, which stays in %v: %s", own, imported, c.to, c.why))
			}
		}
		out = append(out, checkPure(own, imported)...)
	}
	return out
}

func checkPure(own, imported string) []string {
	layer := segment(own, 0)
	libraries, isPure := pure[layer]
	if !isPure {
		return nil
	}
	for folder, extra := range pure {
		if within(own, folder) {
			libraries = append(slices.Clip(libraries), extra...)
		}
	}
	allowed := slices.ContainsFunc(libraries, func(l string) bool { return within(imported, l) })
	switch {
	case allowed:
		return nil
	case strings.Contains(segment(imported, 0), "."):
		return []string{fmt.Sprintf("%s imports %s: %s uses no such library", own, imported, layer)}
	case slices.ContainsFunc(impure, func(l string) bool { return within(imported, l) }):
		return []string{fmt.Sprintf("%s imports %s: %s does no I/O and draws no lots", own, imported, layer)}
	case layer == "domain" && within(imported, "log"):
		return []string{fmt.Sprintf("%s imports %s: the domain returns reasons, the application logs them", own, imported)}
	}
	return nil
}

// CheckInjectors looks at the packages as the wire tool sees them: only injector files may import it, and only its
// generated result is built, so that the binary does not link it.
func CheckInjectors(built, tagged []Package) []string {
	var out []string
	for _, p := range built {
		if slices.ContainsFunc(p.Imports, func(i string) bool { return within(i, "github.com/google/wire") }) {
			out = append(out, p.ImportPath+" links google/wire: its file needs the tag wireinject")
		}
	}
	for _, p := range tagged {
		own, _ := inside(p.ImportPath)
		uses := slices.ContainsFunc(p.Imports, func(i string) bool { return within(i, "github.com/google/wire") })
		if uses && !within(own, "cmd/app") {
			out = append(out, p.ImportPath+" imports google/wire, which stays in cmd/app")
		}
	}
	return out
}
