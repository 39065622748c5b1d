package contract

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Contract is a parsed and valid OpenAPI file. Its zero value knows no operation.
type Contract struct {
	doc        *openapi3.T
	base       string
	operations []Operation
	index      map[route]*operation
	methods    map[string][]string // by path, in every form of it
	checks     []openapi3.SchemaValidationOption
}

// Operation names one method of one path.
type Operation struct {
	Method string // such as "GET"
	Path   string // as in the file, without the base path, such as "/decisions/{id}"
	ID     string // the operationId
	Tag    string
	Part   int  // the x-part it belongs to; 0 when the file does not say
	Public bool // needs no token
}

type route struct{ method, path string }

type operation struct {
	Operation
	spec  *openapi3.Operation
	body  *openapi3.RequestBody // nil when the operation has none
	json  *openapi3.Schema      // of an application/json body
	query []*openapi3.Parameter
}

const jsonType = "application/json"

// Load parses and checks the file, examples included. A path may later be named as the file does ("/decisions/{id}"), with
// the base path of the server before it, and with ":id" in place of "{id}".
func Load(raw []byte) (*Contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	if err := doc.Validate(context.Background(), openapi3.EnableExamplesValidation()); err != nil {
		return nil, fmt.Errorf("the contract is not valid: %w", err)
	}
	if len(doc.Servers) != 1 {
		return nil, errors.New("the contract must name exactly one server, for its base path")
	}
	c := &Contract{
		doc:     doc,
		base:    strings.TrimSuffix(doc.Servers[0].URL, "/"),
		index:   map[route]*operation{},
		methods: map[string][]string{},
		checks:  []openapi3.SchemaValidationOption{openapi3.MultiErrors(), openapi3.WithStringFormatValidators(timeFormats())},
	}
	for path, item := range doc.Paths.Map() {
		for method, spec := range item.Operations() {
			c.add(method, path, item, spec)
		}
	}
	slices.SortFunc(c.operations, func(a, b Operation) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	return c, nil
}

func (c *Contract) add(method, path string, item *openapi3.PathItem, spec *openapi3.Operation) {
	op := &operation{
		Operation: Operation{Method: method, Path: path, ID: spec.OperationID, Part: part(spec), Public: public(spec)},
		spec:      spec,
	}
	if len(spec.Tags) > 0 {
		op.Tag = spec.Tags[0]
	}
	if spec.RequestBody != nil {
		op.body = spec.RequestBody.Value
		if m := op.body.Content[jsonType]; m != nil && m.Schema != nil {
			op.json = m.Schema.Value
		}
	}
	for _, p := range parameters(item, spec) {
		if p.In == openapi3.ParameterInQuery && p.Schema != nil {
			op.query = append(op.query, p)
		}
	}
	c.operations = append(c.operations, op.Operation)
	for _, form := range c.forms(path) {
		c.index[route{method, form}] = op
		c.methods[form] = append(c.methods[form], method)
	}
}

// forms gives every way in which a router may name the path.
func (c *Contract) forms(path string) []string {
	colons := strings.NewReplacer("{", ":", "}", "").Replace(path)
	all := []string{path, colons, c.base + path, c.base + colons}
	slices.Sort(all)
	return slices.Compact(all)
}

// Base is the path before every path of the contract, such as "/v1/mmm".
func (c *Contract) Base() string { return c.base }

// Operations lists every operation, ordered by path and method.
func (c *Contract) Operations() []Operation { return slices.Clone(c.operations) }

// Document gives the parsed file, for tests that walk it. Callers must not change it.
func (c *Contract) Document() *openapi3.T { return c.doc }

func (c *Contract) find(method, path string) (*operation, bool) {
	op, ok := c.index[route{method, path}]
	return op, ok
}

func parameters(item *openapi3.PathItem, spec *openapi3.Operation) []*openapi3.Parameter {
	out := make([]*openapi3.Parameter, 0, len(item.Parameters)+len(spec.Parameters))
	for _, ref := range slices.Concat(item.Parameters, spec.Parameters) {
		out = append(out, ref.Value)
	}
	return out
}

func part(spec *openapi3.Operation) int {
	switch v := spec.Extensions["x-part"].(type) {
	case float64:
		return int(v)
	case int:
		return v
	case uint64:
		return int(v) //nolint:gosec // a small number written by hand
	}
	return 0
}

// public reports whether the operation takes back the security that the file asks for everywhere.
func public(spec *openapi3.Operation) bool { return spec.Security != nil && len(*spec.Security) == 0 }

// bodyless reports whether an answer with the status has no body by the rules of HTTP.
func bodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}
