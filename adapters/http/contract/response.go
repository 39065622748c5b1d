package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// CheckResponse reports everything in which an answer departs from the contract: an undocumented status, a missing or
// malformed header, another content type, another shape. A path that the contract does not know may only be answered by an
// error, and a known path with another method only by 405. It is for tests: its error repeats the answer.
func (c *Contract) CheckResponse(method, pathTemplate string, status int, header http.Header, body []byte) error {
	problems := []error{c.checkCommonHeaders(header)}
	response, err := c.response(method, pathTemplate, status)
	if err != nil {
		problems = append(problems, err)
	} else {
		problems = append(problems, c.checkHeaders(response, header), c.checkBody(response, status, header, body))
	}
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("%s %s answered %d: %w\n%s", method, pathTemplate, status, err, body)
	}
	return nil
}

func (c *Contract) response(method, path string, status int) (*openapi3.Response, error) {
	if op, ok := c.find(method, path); ok {
		if ref := op.spec.Responses.Value(strconv.Itoa(status)); ref != nil {
			return ref.Value, nil
		}
		return nil, fmt.Errorf("status %d is not documented", status)
	}
	name := "NotFound"
	if methods := c.methods[path]; len(methods) > 0 {
		if status != http.StatusMethodNotAllowed {
			return nil, fmt.Errorf("the path has %s only, so the status must be 405", strings.Join(methods, ", "))
		}
		name = "MethodNotAllowed"
	} else if !slices.Contains([]int{http.StatusUnauthorized, http.StatusNotFound, http.StatusMethodNotAllowed}, status) {
		return nil, errors.New("the operation is not documented")
	}
	ref := c.doc.Components.Responses[name]
	if ref == nil {
		return nil, fmt.Errorf("the contract has no response %s", name)
	}
	return ref.Value, nil
}

// checkCommonHeaders looks for the headers that the contract marks as being on every answer.
func (c *Contract) checkCommonHeaders(header http.Header) error {
	var problems []error
	for _, ref := range c.doc.Components.Headers {
		if name, ok := ref.Value.Extensions["x-every-answer"].(string); ok {
			problems = append(problems, c.checkHeader(name, ref.Value, header))
		}
	}
	return errors.Join(problems...)
}

func (c *Contract) checkHeaders(r *openapi3.Response, header http.Header) error {
	var problems []error
	for name, ref := range r.Headers {
		problems = append(problems, c.checkHeader(name, ref.Value, header))
	}
	return errors.Join(problems...)
}

func (c *Contract) checkHeader(name string, spec *openapi3.Header, header http.Header) error {
	values := header.Values(name)
	switch {
	case len(values) == 0 && spec.Required:
		return fmt.Errorf("header %s is missing", name)
	case len(values) == 0 || spec.Schema == nil:
		return nil
	}
	if why := c.wordProblem(spec.Schema.Value, values[0]); why != "" {
		return fmt.Errorf("header %s %s", name, why)
	}
	return nil
}

func (c *Contract) checkBody(r *openapi3.Response, status int, header http.Header, body []byte) error {
	if len(r.Content) == 0 || bodyless(status) {
		if len(body) > 0 {
			return errors.New("the answer must have no body")
		}
		return nil
	}
	given, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("content type: %w", err)
	}
	media := r.Content[given]
	if media == nil {
		return fmt.Errorf("content type %s is not documented", given)
	}
	if given != jsonType {
		return nil
	}
	value, err := decode(body)
	if err != nil {
		return fmt.Errorf("the body is not one JSON value: %w", err)
	}
	if err := media.Schema.Value.VisitJSON(value, c.checks...); err != nil {
		l := list{body: value}
		l.add(err)
		var b strings.Builder
		for _, f := range l.fields {
			fmt.Fprintf(&b, "\n  %s %s", f.Field, f.Reason)
		}
		return fmt.Errorf("the body is not as documented:%s", b.String())
	}
	return nil
}

func decode(body []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var value any
	if err := dec.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more after it")
	}
	return value, nil
}
