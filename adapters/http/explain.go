package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/application/explaindecision"
	"github.com/zeroui/mmm-engine/domain/decision"
)

// explainDecision answers GET /decisions/{id}/explain.
func (s *Server) explainDecision(c echo.Context) error {
	id, err := pathID(c)
	if err != nil {
		return err
	}
	e, err := s.deps.Explain.ExplainDecision(c.Request().Context(), callerOf(c), decision.ID(id))
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, explanationOf(e))
}

type explanationDTO struct {
	DecisionID string         `json:"decision_id"`
	Playbooks  []explainedDTO `json:"playbooks"`
}

type explainedDTO struct {
	PlaybookID      string          `json:"playbook_id"`
	PlaybookVersion int             `json:"playbook_version"`
	Name            string          `json:"name"`
	Verdict         string          `json:"verdict"`
	Stage           *string         `json:"stage"`
	Reason          *string         `json:"reason"`
	Comparisons     []comparisonDTO `json:"comparisons"`
	WouldPassIf     *string         `json:"would_pass_if"`
}

type comparisonDTO struct {
	What     string `json:"what"`
	Observed any    `json:"observed"`
	Wanted   any    `json:"wanted"`
}

func explanationOf(e explaindecision.Explanation) explanationDTO {
	out := explanationDTO{DecisionID: string(e.Decision), Playbooks: make([]explainedDTO, len(e.Playbooks))}
	for i, p := range e.Playbooks {
		dto := explainedDTO{
			PlaybookID: string(p.ID), PlaybookVersion: p.Number, Name: p.Name, Verdict: string(p.Verdict),
			Stage: nullable(string(p.Stage)), Reason: nullable(string(p.Reason)), Comparisons: make([]comparisonDTO, len(p.Comparisons)),
			WouldPassIf: nullable(p.WouldPassIf),
		}
		for j, cmp := range p.Comparisons {
			dto.Comparisons[j] = comparisonDTO{What: cmp.What, Observed: cmp.Observed, Wanted: cmp.Wanted}
		}
		out.Playbooks[i] = dto
	}
	return out
}
