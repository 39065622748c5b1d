package simulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// Mux is a strict router: an unknown route is 404 {"detail":"Not Found"} and a known one with another method 405
// {"detail":"Method Not Allowed"}. It follows no near miss: no redirect for a slash too many, no HEAD for a GET. It is
// safe for concurrent use.
type Mux struct {
	mu     sync.RWMutex
	routes []route
}

type route struct {
	method   string
	segments []string
	wild     int
	handle   func(http.ResponseWriter, *http.Request)
}

// NewMux is a router without routes.
func NewMux() *Mux { return &Mux{} }

// Handle answers calls with the method and a path that fits the pattern, such as /v1/evidence/{id}: a segment in braces
// fits any one segment that is not empty, and r.PathValue gives it. Where two patterns fit, the one with fewer braces
// answers, then the one that was added later.
func (m *Mux) Handle(method, pattern string, handle func(w http.ResponseWriter, r *http.Request)) {
	added := route{method: method, segments: strings.Split(pattern, "/"), handle: handle}
	for _, segment := range added.segments {
		if _, ok := wildcard(segment); ok {
			added.wild++
		}
	}

	m.mu.Lock()
	defer m.mu.Unlock()
	m.routes = slices.Insert(m.routes, 0, added)
	slices.SortStableFunc(m.routes, func(a, b route) int { return a.wild - b.wild })
}

// ServeHTTP answers by the route that fits.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	segments := strings.Split(r.URL.EscapedPath(), "/")
	m.mu.RLock()
	var fitting *route
	var allowed []string
	for _, candidate := range m.routes {
		if !candidate.fits(segments) {
			continue
		}
		if candidate.method == r.Method {
			fitting = &candidate
			break
		}
		allowed = append(allowed, candidate.method)
	}
	m.mu.RUnlock()

	switch {
	case fitting != nil:
		fitting.values(segments, r)
		fitting.handle(w, r)
	case len(allowed) > 0:
		slices.Sort(allowed)
		w.Header().Set("Allow", strings.Join(slices.Compact(allowed), ", "))
		Detail(w, http.StatusMethodNotAllowed, "Method Not Allowed")
	default:
		Detail(w, http.StatusNotFound, "Not Found")
	}
}

func (r route) fits(segments []string) bool {
	if len(segments) != len(r.segments) {
		return false
	}
	for i, want := range r.segments {
		got, err := url.PathUnescape(segments[i])
		if err != nil || got == "" && i > 0 && want != "" {
			return false
		}
		if _, wild := wildcard(want); !wild && got != want {
			return false
		}
	}

	return true
}

// values hands the segments in braces to the request.
func (r route) values(segments []string, request *http.Request) {
	for i, want := range r.segments {
		if name, ok := wildcard(want); ok {
			// The segment was unescaped without an error when it fitted.
			value, _ := url.PathUnescape(segments[i])
			request.SetPathValue(name, value)
		}
	}
}

func wildcard(segment string) (name string, ok bool) {
	name, ok = strings.CutPrefix(segment, "{")
	if !ok {
		return "", false
	}

	return strings.CutSuffix(name, "}")
}

// Problem is one complaint about a request's shape.
type Problem struct {
	// Loc is the way to the value, such as "body", "tenant_id".
	Loc []any `json:"loc"`
	// Msg says in words what is wrong.
	Msg string `json:"msg"`
	// Type is the complaint's kind, such as "missing" or "string_type".
	Type string `json:"type"`
}

// Reject422 answers 422 with the problems in the neighbours' list form.
func Reject422(w http.ResponseWriter, problems ...Problem) {
	for i := range problems {
		if problems[i].Loc == nil {
			problems[i].Loc = []any{"body"}
		}
	}
	if problems == nil {
		problems = []Problem{}
	}
	Detail(w, http.StatusUnprocessableEntity, problems)
}

// Detail answers status with {"detail": v}.
func Detail(w http.ResponseWriter, status int, v any) {
	WriteJSON(w, status, map[string]any{"detail": v})
}

// WriteJSON answers status with v as JSON. A value that has no JSON form is answered with 500.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		status, body = http.StatusInternalServerError, []byte(`{"detail":"Internal server error"}`)
	}
	w.Header().Set("Content-Type", jsonType)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
