package httpapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
)

// readOnly are the fields of a playbook that the server keeps.
var readOnly = []string{
	"playbook_id", "tenant_id", "status", "live_version", "draft_version", "shadow_version", "probation", "created_at", "updated_at",
}

// playbookDTO is the author's document with what the server knows of it.
type playbookDTO struct {
	playbook.Definition

	PlaybookID    string    `json:"playbook_id"`
	TenantID      string    `json:"tenant_id"`
	Status        string    `json:"status"`
	LiveVersion   *int      `json:"live_version"`
	DraftVersion  *int      `json:"draft_version"`
	ShadowVersion *int      `json:"shadow_version"`
	Probation     bool      `json:"probation"`
	CreatedAt     time.Time `json:"created_at"`
	UpdatedAt     time.Time `json:"updated_at"`
}

type validation struct {
	Valid    bool          `json:"valid"`
	Problems []fault.Field `json:"problems"`
}

func playbookOf(p playbook.Playbook) playbookDTO {
	state := p.State()
	out := playbookDTO{
		Definition: p.Shown(), PlaybookID: string(state.ID), TenantID: string(state.Tenant), Status: string(state.Status),
		DraftVersion: number(p.DraftNumber()), ShadowVersion: number(state.Shadow), Probation: state.Probation,
		CreatedAt: state.CreatedAt.UTC(), UpdatedAt: state.UpdatedAt.UTC(),
	}
	if state.Live != nil {
		out.LiveVersion = number(state.Live.Number)
	}
	return out
}

// number gives nil for 0: versions count from 1.
func number(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// definitionOf is the body without the fields that are the server's or ignored: the author's document as it was written.
func definitionOf(in input) ([]byte, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(in.raw, &fields); err != nil {
		return nil, errNotJSON
	}
	for _, name := range slices.Concat(ignored, readOnly) {
		delete(fields, name)
	}
	document, err := json.Marshal(fields)
	if err != nil {
		return nil, fmt.Errorf("write the document again: %w", err)
	}
	return document, nil
}

// notYours names the fields that a new playbook cannot come with; the caller's own tenant is no news.
func notYours(object map[string]any) []fault.Field {
	var p fault.Problems
	for _, name := range readOnly {
		if _, given := object[name]; given && name != "tenant_id" {
			p.Add(name, "is read-only")
		}
	}
	return p.Fields()
}

// changedReadOnly names the read-only fields that a body sends back changed.
func changedReadOnly(object map[string]any, present playbook.Playbook) ([]fault.Field, error) {
	raw, err := json.Marshal(playbookOf(present))
	if err != nil {
		return nil, fmt.Errorf("write the present playbook: %w", err)
	}
	var known map[string]any
	if err := json.Unmarshal(raw, &known); err != nil {
		return nil, fmt.Errorf("read the present playbook: %w", err)
	}
	var p fault.Problems
	for _, name := range readOnly {
		if given, ok := object[name]; ok && !same(given, known[name]) {
			p.Add(name, "is read-only and differs from what is stored")
		}
	}
	return p.Fields(), nil
}

// same compares two JSON values; times are the same when they are the same moment.
func same(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	x, xIsText := a.(string)
	y, yIsText := b.(string)
	if !xIsText || !yIsText {
		return false
	}
	s, err := time.Parse(time.RFC3339, x)
	t, err2 := time.Parse(time.RFC3339, y)
	return err == nil && err2 == nil && s.Equal(t)
}
