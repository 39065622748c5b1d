package persistence

import (
	"context"

	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// lookedDoc is one playbook version that was tried.
type lookedDoc struct {
	Playbook string `json:"p"`
	Number   int    `json:"n"`
	Shadow   bool   `json:"s,omitempty"`
	Verdict  string `json:"v"`
}

func lookedDocument(all []ports.Looked) (string, error) {
	docs := make([]lookedDoc, len(all))
	for i, l := range all {
		docs[i] = lookedDoc{string(l.Playbook), l.Number, l.Shadow, string(l.Verdict)}
	}
	return document(docs)
}

// Knowledge gives what one decision knew and tried.
func (s *Decisions) Knowledge(ctx context.Context, t tenant.ID, id decision.ID) (ports.Knowledge, error) {
	var row decisionRow
	if err := of(s.db.reader(ctx), t).Where("decision_id = ?", string(id)).Take(&row).Error; err != nil {
		return ports.Knowledge{}, missing(ctx, "decision", err)
	}
	sit, err := restoreSituation(row)
	if err != nil {
		return ports.Knowledge{}, err
	}
	out := ports.Knowledge{Situation: sit}
	var docs []lookedDoc
	if err := parse(row.Looked, &docs); err != nil {
		return ports.Knowledge{}, err
	}
	for _, d := range docs {
		out.Looked = append(out.Looked, ports.Looked{
			Playbook: playbook.ID(d.Playbook), Number: d.Number, Shadow: d.Shadow, Verdict: playbook.Verdict(d.Verdict),
		})
	}
	return out, nil
}
