package httpapi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/ident"
	"github.com/zeroui/mmm-engine/domain/privacy"
)

// maxBody is the greatest body that is read, in bytes.
const maxBody = 1 << 20

// The ways in which a body can be refused before anybody looks at what it says.
var (
	errTooLarge    = fault.New(fault.Invalid, fault.CodePayloadTooLarge, "the body is above 1 MiB")
	errNotJSONType = fault.New(fault.Invalid, fault.CodeUnsupportedMedia, "the body must be application/json in UTF-8, not compressed")
	errNotJSON     = fault.New(fault.Invalid, fault.CodeBadJSON, "the body must be one JSON value in UTF-8, with nothing after it")
	errNotObject   = fault.New(fault.Invalid, fault.CodeBadJSON, "the body must be a JSON object")
)

// ignored are fields that older clients send; they are dropped from the top level of every body.
var ignored = []string{"roles", "is_first"}

// input is a body that is a JSON object and holds no secret.
type input struct {
	raw    []byte // as it came
	object map[string]any
}

// readObject reads a body that must be an object.
func (s *Server) readObject(c echo.Context) (input, error) {
	raw, err := readBody(c)
	if err != nil {
		return input{}, err
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil { // refuses what stands after the value too
		return input{}, errNotJSON
	}
	object, ok := value.(map[string]any)
	if !ok {
		return input{}, errNotObject
	}
	if err := refuseSecrets(object); err != nil {
		return input{}, err
	}
	for _, name := range ignored {
		delete(object, name)
	}
	return input{raw: raw, object: object}, nil
}

// readEmpty reads a body that may be absent, and holds nothing where it is there.
func (s *Server) readEmpty(c echo.Context) error {
	in, err := s.readOptional(c)
	if err != nil || in.raw == nil {
		return err
	}
	return refuse(merge(s.problems(c, in.object)))
}

// readOptional reads an object that may be absent; it is empty and has no raw form then.
func (s *Server) readOptional(c echo.Context) (input, error) {
	raw, err := readBody(c)
	if err != nil || len(bytes.TrimSpace(raw)) == 0 {
		return input{object: map[string]any{}}, err
	}
	c.Request().Body = io.NopCloser(bytes.NewReader(raw))
	return s.readObject(c)
}

// readBody reads a body of plain JSON; none at all is an empty one.
func readBody(c echo.Context) ([]byte, error) { return readBodyAs(c, jsonType) }

// readBodyAs reads a body of which the headers say that it is what is wanted.
func readBodyAs(c echo.Context, wanted func(http.Header) bool) ([]byte, error) {
	r := c.Request()
	if r.ContentLength > maxBody {
		return nil, errTooLarge
	}
	raw, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case err != nil && r.Context().Err() != nil:
		return nil, r.Context().Err()
	case err != nil:
		return nil, errNotJSON // the caller broke off or was too slow
	case len(raw) > 0 && !wanted(r.Header):
		return nil, errNotJSONType
	case !utf8.Valid(raw):
		return nil, errNotJSON
	}
	return raw, nil
}

// jsonType reports whether the body is said to be plain JSON; where nothing is said, it is taken for that.
func jsonType(h http.Header) bool { return plainBody(h, echo.MIMEApplicationJSON) }

// plainBody reports whether the body is said to be of the media type, in UTF-8 and not compressed; where no type is said, it
// is taken for that.
func plainBody(h http.Header, wanted string) bool {
	if encoding := h.Get(echo.HeaderContentEncoding); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return false
	}
	given := h.Get(echo.HeaderContentType)
	if given == "" {
		return true
	}
	media, params, err := mime.ParseMediaType(given)
	if err != nil || media != wanted {
		return false
	}
	charset := params["charset"]
	return charset == "" || strings.EqualFold(charset, "utf-8")
}

// refuseSecrets names the fields that hold a secret, and nothing of what they hold.
func refuseSecrets(body any) error {
	found := privacy.FindSecrets(body, "")
	if len(found) == 0 {
		return nil
	}
	f := fault.New(fault.Invalid, fault.CodeSecret, "the body holds what looks like a secret; nothing of it was kept")
	for _, path := range found {
		f.Fields = append(f.Fields, fault.Field{Field: clipped(path), Reason: "looks like a secret"})
	}
	return f
}

// maxPath bounds what an answer repeats of the names in a body, in bytes.
const maxPath = 300

func clipped(path string) string {
	if len(path) > maxPath {
		path = strings.ToValidUTF8(path[:maxPath], "") + "..."
	}
	return path
}

// ownTenant refuses a body that names another tenant than the token's. A malformed name is left to the contract.
func ownTenant(who caller.Caller, object map[string]any) error {
	if named, ok := object["tenant_id"].(string); ok && ident.Valid(named) && named != string(who.Tenant()) {
		return fault.Forbiddenf("the body names another tenant than the token")
	}
	return nil
}

// problems is what the contract says of a body and of the query.
func (s *Server) problems(c echo.Context, object map[string]any) []fault.Field {
	method, path := c.Request().Method, c.Path()
	return slices.Concat(s.contract.QueryProblems(method, path, c.QueryParams()), s.contract.Problems(method, path, object))
}

// refuse is nil without problems, else one error with all of them.
func refuse(problems []fault.Field) error {
	if len(problems) == 0 {
		return nil
	}
	return fault.Validation(problems...)
}

var indices = regexp.MustCompile(`\[\d+\]`)

// unknownField is what the domain says of a field it does not know, without its place. The contract has named it better.
const unknownField = "is not a known field"

// namelessField stands for a field whose name is the empty text.
const namelessField = "(a field without a name)"

// merge joins what several judges found, the contract's own findings first. A field is told once: a later judge says
// nothing new of a field, or of something within it, that an earlier one has refused.
func merge(judges ...[]fault.Field) []fault.Field {
	var out []fault.Field
	for i, found := range judges {
		earlier := out
		for _, f := range found {
			f.Field = cmp.Or(f.Field, namelessField)
			if i == 0 || !covered(earlier, f) {
				out = append(out, f)
			}
		}
	}
	return out
}

func covered(earlier []fault.Field, f fault.Field) bool {
	field := f.Field
	bare := indices.ReplaceAllString(field, "")
	for _, e := range earlier {
		if f.Reason == unknownField && e.Reason == unknownField && strings.HasSuffix(e.Field, "."+field) {
			return true
		}
		if field == e.Field || strings.HasPrefix(field, e.Field+".") || strings.HasPrefix(field, e.Field+"[") {
			return true
		}
		// The domain's reader of documents names no places in lists.
		if bare == field && bare == indices.ReplaceAllString(e.Field, "") {
			return true
		}
	}
	return false
}

// withoutNulls drops the fields that are null: in a call, an absent field and null are the same.
func withoutNulls(object map[string]any) {
	for name, value := range object {
		if value == nil {
			delete(object, name)
		}
	}
}

// text gives a field that is a text, else nothing; the contract has judged its form.
func text(object map[string]any, name string) string {
	v, _ := object[name].(string)
	return v
}

// object gives a field that is an object, else nil.
func object(in map[string]any, name string) map[string]any {
	v, _ := in[name].(map[string]any)
	return v
}
