package contract_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/http/contract"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/ident"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

// These tests are about the file itself: what it promises, against what the rest of the engine can do.

type documented struct {
	contract.Operation
	item *openapi3.PathItem
	spec *openapi3.Operation
}

func each(t *testing.T, visit func(*testing.T, documented)) {
	t.Helper()
	c := load(t)
	for _, op := range c.Operations() {
		item := c.Document().Paths.Value(op.Path)
		t.Run(op.ID, func(t *testing.T) { visit(t, documented{op, item, item.Operations()[op.Method]}) })
	}
}

func (d documented) has(in string) bool {
	return slices.ContainsFunc(slices.Concat(d.item.Parameters, d.spec.Parameters), func(p *openapi3.ParameterRef) bool {
		return p.Value.In == in
	})
}

func (d documented) hasNamed(name string) bool {
	return slices.ContainsFunc(slices.Concat(d.item.Parameters, d.spec.Parameters), func(p *openapi3.ParameterRef) bool {
		return p.Value.Name == name
	})
}

func TestEveryOperationDocumentsTheErrorsItCanGive(t *testing.T) {
	each(t, func(t *testing.T, d documented) {
		t.Helper()
		want := map[string]bool{"500": true}
		add := func(when bool, statuses ...string) {
			for _, s := range statuses {
				if when {
					want[s] = true
				}
			}
		}
		add(!d.Public, "401", "403", "429", "503")
		add(d.spec.RequestBody != nil, "400", "413", "415", "422")
		add(d.hasNamed("id"), "404")
		add(d.hasNamed("actor_id") || d.hasNamed("tenant_id") || d.has(openapi3.ParameterInQuery), "422")
		add(d.hasNamed("If-Match"), "409", "412")
		add(d.hasNamed("Idempotency-Key"), "409")
		have := d.spec.Responses.Map()
		for status := range want {
			require.Contains(t, have, status)
		}
		for status, ref := range have {
			if status < "400" || d.ID == "getReady" && status == "503" {
				continue
			}
			require.Equal(t, "#/components/schemas/Error", ref.Value.Content["application/json"].Schema.Ref, "%s has one shape", status)
			if status == "429" || status == "503" {
				require.True(t, ref.Value.Headers["Retry-After"].Value.Required, status)
			}
		}
	})
}

func TestEveryOperationNamesTheRightsItNeeds(t *testing.T) {
	each(t, func(t *testing.T, d documented) {
		t.Helper()
		if d.Public {
			require.True(t, strings.HasPrefix(d.spec.Description, "Public"))
			return
		}
		require.True(t, strings.HasPrefix(d.spec.Description, "Needs "), d.spec.Description)
		if d.Method == "GET" {
			require.Contains(t, d.spec.Description, "`mmm.read`")
		}
	})
}

func TestEveryAnswerNamesItsRequestID(t *testing.T) {
	each(t, func(t *testing.T, d documented) {
		t.Helper()
		for status, ref := range d.spec.Responses.Map() {
			require.Contains(t, ref.Value.Headers, "X-Request-ID", status)
		}
	})
}

func TestEveryExampleFitsItsSchema(t *testing.T) {
	n := 0
	check := func(t *testing.T, content openapi3.Content) {
		t.Helper()
		for name, m := range content {
			for _, e := range slices.Collect(maps.Values(m.Examples)) {
				n++
				require.NoError(t, m.Schema.Value.VisitJSON(e.Value.Value, openapi3.MultiErrors()), name)
			}
			if m.Example != nil {
				n++
				require.NoError(t, m.Schema.Value.VisitJSON(m.Example, openapi3.MultiErrors()), name)
			}
		}
	}
	each(t, func(t *testing.T, d documented) {
		t.Helper()
		if d.spec.RequestBody != nil {
			check(t, d.spec.RequestBody.Value.Content)
		}
		for _, r := range d.spec.Responses.Map() {
			check(t, r.Value.Content)
		}
	})
	require.Positive(t, n)
}

// walk visits every schema of the file once, with where it was found. A named schema is visited under its name only.
func walk(t *testing.T, visit func(at string, s *openapi3.Schema)) {
	t.Helper()
	doc := load(t).Document()
	seen := map[*openapi3.Schema]bool{}
	var into func(at string, ref *openapi3.SchemaRef)
	into = func(at string, ref *openapi3.SchemaRef) {
		if ref == nil || ref.Ref != "" || seen[ref.Value] {
			return
		}
		s := ref.Value
		seen[s] = true
		visit(at, s)
		for name, p := range s.Properties {
			into(at+"."+name, p)
		}
		into(at+"[]", s.Items)
		into(at+".*", s.AdditionalProperties.Schema)
		for i, p := range slices.Concat(s.AllOf, s.AnyOf, s.OneOf) {
			into(fmt.Sprintf("%s/%d", at, i), p)
		}
	}
	for name, ref := range doc.Components.Schemas {
		into(name, ref)
	}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			at := method + " " + path
			if op.RequestBody != nil {
				for _, m := range op.RequestBody.Value.Content {
					into(at+" request", m.Schema)
				}
			}
			for status, r := range op.Responses.Map() {
				for _, m := range r.Value.Content {
					into(at+" "+status, m.Schema)
				}
			}
			for _, p := range slices.Concat(item.Parameters, op.Parameters) {
				into(at+" "+p.Value.Name, p.Value.Schema)
			}
		}
	}
	require.Greater(t, len(seen), 50, "the walk found too little to mean anything")
}

func TestNothingRatesAPerson(t *testing.T) {
	walk(t, func(at string, s *openapi3.Schema) {
		for name := range s.Properties {
			for word := range strings.SplitSeq(strings.ToLower(name), "_") {
				for _, bad := range []string{"score", "rank", "rating", "performance"} {
					require.NotEqual(t, bad, strings.TrimSuffix(word, "s"), "%s.%s", at, name)
				}
			}
		}
	})
}

// Only these take fields that are not listed; everything else is closed, or a new field would go unnoticed.
func TestObjectsAreClosed(t *testing.T) {
	open := []string{
		"ContextInput", "SignalPayload", "SignalIntake/0", "CloudEventIntake/0", "CloudEvent", "SignalEnvelope.payload",
		"PlaybookTest.given.signal", "PlaybookTest.given.context", "PlaybookTest.given.actor", "PlaybookTest.given.recent[]",
		"Receipt.inputs", "Receipt.result",
	}
	walk(t, func(at string, s *openapi3.Schema) {
		if !s.Type.Is(openapi3.TypeObject) || s.AdditionalProperties.Schema != nil {
			return
		}
		require.NotNil(t, s.AdditionalProperties.Has, "%s does not say whether it is closed", at)
		require.Equal(t, slices.Contains(open, at), *s.AdditionalProperties.Has, at)
		for _, name := range s.Required {
			require.Contains(t, s.Properties, name, at)
		}
	})
}

func schema(t *testing.T, name string) *openapi3.Schema {
	t.Helper()
	ref := load(t).Document().Components.Schemas[name]
	require.NotNil(t, ref, name)
	return ref.Value
}

func TestSuppressionReasonsAreTheDomains(t *testing.T) {
	s := schema(t, "SuppressionReason")
	var want, staged, wantStaged []string
	for _, r := range suppression.Reasons() {
		want = append(want, string(r.Reason))
		wantStaged = append(wantStaged, string(r.Stage)+" "+string(r.Reason))
	}
	for _, e := range s.Extensions["x-stages"].([]any) {
		stage := e.(map[string]any)
		for _, r := range stage["reasons"].([]any) {
			staged = append(staged, fmt.Sprint(stage["stage"], " ", r))
		}
	}
	require.Empty(t, cmp.Diff(want, words(s.Enum)))
	require.Empty(t, cmp.Diff(wantStaged, staged))
	explained(t, s)
}

func TestErrorCodesAreTheDomains(t *testing.T) {
	s := schema(t, "ErrorCode")
	require.ElementsMatch(t, []string{
		fault.CodeBadJSON, fault.CodeValidation, fault.CodeSecret, fault.CodeUnauthenticated, fault.CodeForbidden, fault.CodeNotFound,
		fault.CodeMethodNotAllowed, fault.CodeConflict, fault.CodeExpired, fault.CodePreconditionFailed, fault.CodePayloadTooLarge,
		fault.CodeUnsupportedMedia, fault.CodeRateLimited, fault.CodeInternal, fault.CodeOverloaded, fault.CodeIAMUnavailable,
		fault.CodePolicyUnavailable, fault.CodeStoreUnavailable,
	}, words(s.Enum))
	require.Len(t, s.Extensions["x-statuses"], len(s.Enum))
	explained(t, s)
}

// explained checks that each word of an enum has a meaning, and that no meaning is left over.
func explained(t *testing.T, s *openapi3.Schema) {
	t.Helper()
	meanings := s.Extensions["x-meanings"].(map[string]any)
	require.ElementsMatch(t, words(s.Enum), slices.Collect(maps.Keys(meanings)))
}

func words(values []any) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		out = append(out, fmt.Sprint(v))
	}
	return out
}

func TestWordsAreTheDomains(t *testing.T) {
	for _, w := range words(schema(t, "SeverityInput").Enum) {
		_, err := intervention.ParseSeverity(w)
		require.NoError(t, err, w)
	}
	var severities, kinds, surfaces []string
	for s := intervention.Info; s <= intervention.Critical; s++ {
		severities = append(severities, s.String())
	}
	for _, k := range intervention.Kinds() {
		kinds = append(kinds, string(k))
	}
	for _, s := range intervention.Surfaces() {
		surfaces = append(surfaces, string(s))
	}
	require.Equal(t, severities, words(schema(t, "Severity").Enum))
	require.Equal(t, kinds, words(schema(t, "ActionType").Enum))
	require.Equal(t, surfaces, words(schema(t, "Surface").Enum))
}

func TestIDsAreTheDomains(t *testing.T) {
	s := schema(t, "ID")
	require.Equal(t, ident.Rule, s.Extensions["x-problem"])
	for _, id := range []string{
		"a", "dev1", "acme/shop", "a.b", ".", "..", "a..b", ".a", "a.", "...", "a.b.c", "github:0123456789abcdef", "a@b+c[bot]-d_e", "",
		"a b", "é", "a|b", "a\nb", "a\n", "%2e", strings.Repeat("a", 200), strings.Repeat("a", 201), strings.Repeat("a.", 100),
	} {
		require.Equal(t, ident.Valid(id), s.VisitJSON(id) == nil, "%q", id)
	}
}
