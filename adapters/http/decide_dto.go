package httpapi

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/situation"
)

// headerIdempotency names a call for a day.
const headerIdempotency = "Idempotency-Key"

const (
	maxIdempotencyKey = 200
	// The years that a caller may name. Beyond them a change of offset leaves what RFC 3339 can write.
	minYear, maxYear = 1970, 9998
)

// decideCall is a decide call whose form has been checked.
type decideCall struct {
	actorID         actor.ID
	actorType       actor.Type
	place           situation.Place
	signal          *signal.Signal
	payload         map[string]any // as it came
	evaluationPoint string
	key, bodyHash   string
	dryRun, explain bool
	asOf            time.Time
}

// readDecide reads a decide call, or reports everything that is wrong with it: body, query and header, and what was found
// before.
func (s *Server) readDecide(c echo.Context, in input, found []fault.Field) (decideCall, error) {
	place, sig := object(in.object, "context"), object(in.object, "signal")
	withoutNulls(in.object)
	withoutNulls(place)
	withoutNulls(sig)

	var p fault.Problems
	sum := sha256.Sum256(in.raw)
	call := decideCall{
		actorID: actor.ID(text(in.object, "actor_id")), actorType: actor.Type(text(in.object, "actor_type")),
		place: readPlace(&p, place), evaluationPoint: text(in.object, "evaluation_point"),
		key: readKey(&p, c), bodyHash: hex.EncodeToString(sum[:]),
	}
	call.readSwitches(&p, c)
	if sig != nil {
		now := s.deps.Clock.Now()
		if !call.asOf.IsZero() {
			now = call.asOf
		}
		call.signal, call.payload = readSignal(&p, sig, now), object(sig, "payload")
	}
	return call, refuse(merge(found, s.problems(c, in.object), p.Fields()))
}

// readSwitches reads the query: a dry run, its clock, and whether to explain.
func (d *decideCall) readSwitches(p *fault.Problems, c echo.Context) {
	d.dryRun, d.explain = c.QueryParam("dry_run") == "true", c.QueryParam("explain") == "true"
	if !c.QueryParams().Has("at") {
		return
	}
	if !d.dryRun {
		p.Add("at", "is for a dry run only")
		return
	}
	d.asOf = readTime(p, "at", c.QueryParam("at"))
}

func readKey(p *fault.Problems, c echo.Context) string {
	values := c.Request().Header.Values(headerIdempotency)
	if len(values) == 0 {
		return ""
	}
	key := values[0]
	odd := func(r rune) bool { return r < ' ' || r > '~' }
	if len(values) > 1 || key == "" || len(key) > maxIdempotencyKey || strings.ContainsFunc(key, odd) {
		p.Add(headerIdempotency, "must be given once, as 1-%d printable ASCII characters", maxIdempotencyKey)
	}
	return key
}

func readPlace(p *fault.Problems, in map[string]any) situation.Place {
	place := situation.Place{
		RepoID: text(in, "repo_id"), Branch: text(in, "branch"), FilePath: text(in, "file_path"),
		Environment: text(in, "environment"), Surface: intervention.Surface(text(in, "surface")),
	}
	if place.Surface == "" {
		place.Surface = intervention.IDE
	}
	for _, name := range []string{"branch", "file_path", "environment"} {
		if strings.ContainsFunc(text(in, name), unicode.IsControl) {
			p.Add("context."+name, "must not contain control characters")
		}
	}
	return place
}

func readSignal(p *fault.Problems, in map[string]any, now time.Time) *signal.Signal {
	out := &signal.Signal{
		ID: text(in, "signal_id"), Source: text(in, "source"), EventType: text(in, "event_type"),
		Severity: intervention.Info, DedupKey: text(in, "dedup_key"),
	}
	if out.Source == "" {
		out.Source = ingestsignal.DefaultSource
	}
	if word := text(in, "severity"); word != "" {
		severity, err := intervention.ParseSeverity(word)
		if err != nil {
			p.Add("signal.severity", "%v", err)
		}
		out.Severity = severity
	}
	at, ok := signal.ClampTime(readTime(p, "signal.occurred_at", text(in, "occurred_at")), now)
	if !ok {
		p.Add("signal.occurred_at", "must not be more than 5 minutes ahead")
	}
	out.OccurredAt = at
	return out
}

// readTime reads a time; nothing where nothing is given, or where the contract has refused its form.
func readTime(p *fault.Problems, field, given string) time.Time {
	t, err := time.Parse(time.RFC3339, given)
	if err != nil {
		return time.Time{}
	}
	t = t.UTC().Truncate(time.Microsecond) // the finest that every store keeps
	if t.Year() < minYear || t.Year() > maxYear {
		p.Add(field, "must lie between the years %d and %d", minYear, maxYear)
		return time.Time{}
	}
	return t
}

// decideAnswer is the answer to a decide call.
type decideAnswer struct {
	Decision     decisionDTO `json:"decision"`
	DegradedMode bool        `json:"degraded_mode"`
	LatencyMS    float64     `json:"latency_ms"`
}
