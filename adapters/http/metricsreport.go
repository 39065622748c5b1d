package httpapi

import (
	"maps"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/application/reportmetrics"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/outcome"
	"github.com/zeroui/mmm-engine/domain/suppression"
	"github.com/zeroui/mmm-engine/ports"
)

// defaultDays is how many days a report covers where nothing is said, the last one included.
const defaultDays = 30

type metricsDTO struct {
	TenantID   string        `json:"tenant_id"`
	Period     periodDTO     `json:"period"`
	Aggregates aggregatesDTO `json:"aggregates"`
	Groups     []groupDTO    `json:"groups"`
}

type periodDTO struct {
	Start string `json:"start"`
	End   string `json:"end"`
}

type groupDTO struct {
	Key        string         `json:"key"`
	Withheld   bool           `json:"withheld"`
	Aggregates *aggregatesDTO `json:"aggregates"`
}

type aggregatesDTO struct {
	DecisionsTotal       int64                        `json:"decisions_total"`
	ActionsTotal         int64                        `json:"actions_total"`
	ActionsByType        map[intervention.Kind]int64  `json:"actions_by_type"`
	OutcomesTotal        int64                        `json:"outcomes_total"`
	OutcomesByResult     map[outcome.Result]int64     `json:"outcomes_by_result"`
	SuppressionsByReason map[suppression.Reason]int64 `json:"suppressions_by_reason"`
}

// getTenantMetrics answers GET /tenants/{tenant_id}/metrics.
func (s *Server) getTenantMetrics(c echo.Context) error {
	t, err := pathTenant(c)
	if err != nil {
		return err
	}
	if !callerOf(c).AdminOf(t) {
		return fault.Forbiddenf("the path names another tenant than the token")
	}
	if err := refuse(s.contract.QueryProblems(c.Request().Method, c.Path(), c.QueryParams())); err != nil {
		return err
	}
	shown, period, err := s.period(c)
	if err != nil {
		return err
	}
	r, err := s.deps.Reports.Report(c.Request().Context(), callerOf(c), t, period, ports.Grouping(c.QueryParam("group_by")))
	if err != nil {
		return err
	}
	out := metricsDTO{TenantID: string(t), Period: shown, Aggregates: aggregatesOf(r.Totals), Groups: make([]groupDTO, len(r.Groups))}
	for i, g := range r.Groups {
		out.Groups[i] = groupDTO{Key: g.Key, Withheld: g.Totals == nil}
		if g.Totals != nil {
			a := aggregatesOf(*g.Totals)
			out.Groups[i].Aggregates = &a
		}
	}
	return answer(c, http.StatusOK, out)
}

// period gives the time that is asked for, its last day or moment included.
func (s *Server) period(c echo.Context) (periodDTO, reportmetrics.Period, error) {
	var (
		p       fault.Problems
		query   = c.QueryParams()
		y, m, d = s.deps.Clock.Now().UTC().Date()
		end     = instant{at: time.Date(y, m, d, 0, 0, 0, 0, time.UTC), day: true}
	)
	if query.Has("end_date") {
		end = readInstant(&p, "end_date", query.Get("end_date"))
	}
	start := instant{at: end.at.AddDate(0, 0, 1-defaultDays), day: end.day}
	if query.Has("start_date") {
		start = readInstant(&p, "start_date", query.Get("start_date"))
	}
	out := reportmetrics.Period{From: start.at, To: end.after()}
	if len(p.Fields()) == 0 && !out.From.Before(out.To) {
		p.Add("start_date", "must not be after the end")
	}
	return periodDTO{start.String(), end.String()}, out, refuse(p.Fields())
}

// instant is a day in UTC or a moment, as the caller wrote it.
type instant struct {
	at  time.Time
	day bool
}

func readInstant(p *fault.Problems, field, word string) instant {
	if t, err := time.Parse(time.DateOnly, word); err == nil {
		return instant{t, true}
	}
	return instant{readTime(p, field, word), false}
}

// after is the first moment that no longer belongs to it; times are kept in microseconds.
func (i instant) after() time.Time {
	if i.day {
		return i.at.AddDate(0, 0, 1)
	}
	return i.at.Add(time.Microsecond)
}

// String writes it as it was written, moments in UTC.
func (i instant) String() string {
	if i.day {
		return i.at.Format(time.DateOnly)
	}
	return i.at.UTC().Format(time.RFC3339Nano)
}

// aggregatesOf shows totals: every kind of action and every result, and the reasons there were.
func aggregatesOf(t ports.Totals) aggregatesDTO {
	out := aggregatesDTO{
		DecisionsTotal: t.Decisions, ActionsByType: map[intervention.Kind]int64{}, OutcomesByResult: map[outcome.Result]int64{},
		SuppressionsByReason: map[suppression.Reason]int64{},
	}
	for _, k := range intervention.Kinds() {
		out.ActionsByType[k] = t.Actions[k]
		out.ActionsTotal += t.Actions[k]
	}
	for _, r := range outcome.Results() {
		out.OutcomesByResult[r] = t.Outcomes[r]
		out.OutcomesTotal += t.Outcomes[r]
	}
	maps.Copy(out.SuppressionsByReason, t.Suppressed)
	return out
}
