package contract_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/http/contract"
)

func file(tb testing.TB) []byte {
	tb.Helper()
	raw, err := os.ReadFile("../openapi.yaml")
	require.NoError(tb, err)
	return raw
}

func load(tb testing.TB) *contract.Contract {
	tb.Helper()
	c, err := contract.Load(file(tb))
	require.NoError(tb, err)
	return c
}

func body(tb testing.TB, text string) any {
	tb.Helper()
	var v any
	require.NoError(tb, json.Unmarshal([]byte(text), &v))
	return v
}

const small = `
openapi: 3.0.3
info: {title: small, version: 1.0.0}
servers: [{url: /v1/small}]
paths:
  /things/{id}:
    get:
      operationId: getThing
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        '200': {description: it, content: {application/json: {schema: {type: integer}, example: 1}}}
`

func TestLoadRefuses(t *testing.T) {
	for name, c := range map[string]struct{ raw, say string }{
		"what is no YAML":                  {"\t", "read the contract"},
		"what is no OpenAPI":               {"openapi: 3.0.3", "not valid"},
		"a reference to nothing":           {small + "components: {schemas: {A: {$ref: '#/components/schemas/B'}}}", "read the contract"},
		"an example that breaks its rules": {replace(t, small, "example: 1", "example: one"), "not valid"},
		"several base paths":               {replace(t, small, "[{url: /v1/small}]", "[{url: /a}, {url: /b}]"), "exactly one server"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := contract.Load([]byte(c.raw))
			require.ErrorContains(t, err, c.say)
		})
	}
}

func TestOperationsAreFoundByEveryFormOfTheirPath(t *testing.T) {
	c := load(t)
	require.Equal(t, "/v1/mmm", c.Base())
	for _, path := range []string{"/playbooks/{id}", "/playbooks/:id", "/v1/mmm/playbooks/{id}", "/v1/mmm/playbooks/:id"} {
		require.NotEmpty(t, c.Problems("PUT", path, body(t, `{"surprise":1}`)), path)
	}
	require.Empty(t, c.Problems("PUT", "/elsewhere", body(t, `{"surprise":1}`)))
	require.Empty(t, c.Problems("GET", "/playbooks/{id}", body(t, `{"surprise":1}`)), "an operation without a body has no body problems")
}

func TestOperationsAreComplete(t *testing.T) {
	ids := map[string]bool{}
	tags := map[string]bool{}
	c := load(t)
	for _, tag := range c.Document().Tags {
		tags[tag.Name] = true
	}
	for _, op := range c.Operations() {
		require.Contains(t, []int{1, 2}, op.Part, op.ID)
		require.NotEmpty(t, op.ID, op.Path)
		require.True(t, tags[op.Tag], "%s has no known tag", op.ID)
		require.False(t, ids[op.ID], "%s is there twice", op.ID)
		ids[op.ID] = true
	}
	require.True(t, ids["decide"] && ids["createPlaybook"] && ids["getReceipt"])
}

func replace(t *testing.T, s, old, with string) string {
	t.Helper()
	require.Contains(t, s, old)
	return strings.Replace(s, old, with, 1)
}
