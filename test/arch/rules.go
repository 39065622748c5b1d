// Package arch holds the rules of which package may import which, as functions over a list of packages. Its test runs them
// over this module. The rules are those that a reviewer would otherwise have to remember.
//
// Run the test with -count=1: Go's test cache does not see what `go list` reads.
package arch

import (
	"fmt"
	"slices"
	"strings"
)

// Module is the path of this module.
const Module = "github.com/zeroui/mmm-engine"

// Package is what the rules need to know of one package.
type Package struct {
	// ImportPath is the full path, as in an import.
	ImportPath string
	// Imports are those of its files other than tests.
	Imports []string
	// TestImports are those of its tests, external ones included.
	TestImports []string
	// Docs is the number of its files with a package comment, generated files and tests not counted.
	Docs int
	// Generated says that all of its files are generated.
	Generated bool
}

// layers says which layers a layer may import. A folder that is not here and not in noCode may not exist.
var layers = map[string][]string{
	"domain":         {"domain"},
	"ports":          {"domain"},
	"application":    {"application", "ports", "domain"},
	"adapters":       {"adapters", "application", "ports", "domain", "infrastructure"},
	"infrastructure": {"infrastructure"},
	"migrations":     {},
	"cmd":            {"cmd", "adapters", "application", "ports", "domain", "infrastructure", "migrations"},
	"test":           {"test", "cmd", "adapters", "application", "ports", "domain", "infrastructure", "migrations"},
}

// exceptions are imports that a layer forbids and that are right all the same, with the reason. Each names two packages, so that
// nothing else follows through the gap.
var exceptions = map[[2]string]string{
	{"cmd/app", "test/simulator/platform"}: "the demo against simulated neighbours is part of the product, and no server reaches them",
}

// simulators are linked into the binary by such an exception. What they are made of is therefore the product's business, too.
const simulators = "test/simulator"

// noCode are the top-level folders without Go.
var noCode = []string{"docs", "deploy"}

// inbound are the adapters that call the application; the others are called by it.
var inbound = []string{"http", "cli", "mcp", "intake", "events"}

// domainOrder is the order of a decision. A package imports only packages to its left, and those of domainShared.
var domainOrder = []string{
	"fault", "ident", "intervention", "tenant", "actor", "caller", "signal", "situation", "wording", "playbook", "suppression", "policy",
	"experiment", "fatigue", "safety", "action", "decision", "approval", "outcome", "receipt", "ledger", "privacy",
}

// domainShared may be imported by all of the domain; Go itself refuses the cycles this could lead to.
var domainShared = []string{"ident", "wording", "privacy"}

// Check runs all rules and gives one sentence for each breach.
func Check(packages []Package) []string {
	var out []string
	for _, p := range packages {
		out = slices.Concat(out, checkLayer(p), checkAdapter(p), checkSimulator(p), checkDomainOrder(p), checkVendors(p), checkDoc(p))
	}
	return out
}

// inside gives the path below the module, and whether path is in the module at all.
func inside(path string) (string, bool) {
	if path == Module {
		return "", true
	}
	return strings.CutPrefix(path, Module+"/")
}

// within reports whether path is folder or below it.
func within(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, folder+"/")
}

// segment gives the n-th part of a path, or "".
func segment(path string, n int) string {
	if parts := strings.Split(path, "/"); n < len(parts) {
		return parts[n]
	}
	return ""
}

func checkLayer(p Package) []string {
	own, _ := inside(p.ImportPath)
	layer := segment(own, 0)
	allowed, known := layers[layer]
	if !known {
		return []string{fmt.Sprintf("%s: %q is no folder of this house", p.ImportPath, layer)}
	}
	var out []string
	for _, imported := range p.Imports {
		target, ours := inside(imported)
		_, excepted := exceptions[[2]string{own, target}]
		if ours && !excepted && !slices.Contains(allowed, segment(target, 0)) {
			out = append(out, fmt.Sprintf("%s imports %s: %s may import only %v", own, target, layer, allowed))
		}
	}
	return out
}

func checkAdapter(p Package) []string {
	own, _ := inside(p.ImportPath)
	if segment(own, 0) != "adapters" {
		return nil
	}
	name := segment(own, 1)
	var out []string
	for _, imported := range p.Imports {
		target, ours := inside(imported)
		switch {
		case !ours:
		case segment(target, 0) == "adapters" && segment(target, 1) != name:
			out = append(out, fmt.Sprintf("%s imports %s: adapters do not know each other", own, target))
		case segment(target, 0) == "application" && !slices.Contains(inbound, name):
			out = append(out, fmt.Sprintf("%s imports %s: only inbound adapters call the application", own, target))
		}
	}
	return out
}

// checkSimulator keeps the simulators to themselves and the standard library without its test tools: a binary must not link
// those, and a simulator that shares code with the engine agrees with it also where both are wrong.
func checkSimulator(p Package) []string {
	own, _ := inside(p.ImportPath)
	if !within(own, simulators) {
		return nil
	}
	var out []string
	for _, imported := range p.Imports {
		target, ours := inside(imported)
		switch {
		case ours && !within(target, simulators):
			out = append(out, fmt.Sprintf("%s imports %s: simulators know nothing but each other", own, target))
		case !ours && strings.Contains(segment(imported, 0), "."):
			out = append(out, fmt.Sprintf("%s imports %s: simulators use no library", own, imported))
		case within(imported, "testing"), imported == "net/http/httptest":
			out = append(out, fmt.Sprintf("%s imports %s: simulators run outside tests, too", own, imported))
		}
	}
	return out
}

func checkDomainOrder(p Package) []string {
	own, _ := inside(p.ImportPath)
	name := segment(own, 1)
	if segment(own, 0) != "domain" || name == "" {
		return nil
	}
	place := slices.Index(domainOrder, name)
	if place < 0 {
		return []string{fmt.Sprintf("%s has no place in the order of the domain", own)}
	}
	var out []string
	for _, imported := range p.Imports {
		target, ours := inside(imported)
		other := segment(target, 1)
		if !ours || segment(target, 0) != "domain" || other == name || slices.Contains(domainShared, other) {
			continue
		}
		if slices.Index(domainOrder, other) > place || other == "" {
			out = append(out, fmt.Sprintf("%s imports %s: %s does not come before it", own, target, other))
		}
	}
	return out
}

func checkDoc(p Package) []string {
	if p.Generated || p.Docs == 1 {
		return nil
	}
	return []string{fmt.Sprintf("%s has %d package comments, want exactly one", p.ImportPath, p.Docs)}
}

// CheckLinked looks at everything that a binary is made of: no test tool, whoever brought it in.
func CheckLinked(binary string, paths []string) []string {
	var out []string
	for _, path := range paths {
		if within(path, "testing") || path == "net/http/httptest" || within(path, "github.com/stretchr/testify") {
			out = append(out, fmt.Sprintf("%s links %s, which is for tests", binary, path))
		}
	}
	return out
}

// CheckTop gives a sentence for each folder of the module's root that should not be there. Dot-folders are tools' own.
func CheckTop(folders []string) []string {
	var out []string
	for _, f := range folders {
		if _, known := layers[f]; !known && !slices.Contains(noCode, f) && !strings.HasPrefix(f, ".") {
			out = append(out, fmt.Sprintf("%q is no folder of this house", f))
		}
	}
	return out
}
