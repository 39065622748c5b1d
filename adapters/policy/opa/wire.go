package opa

import (
	"slices"

	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
)

type question struct {
	Input input `json:"input"`
}

type input struct {
	TenantID    string `json:"tenant_id"`
	Environment string `json:"environment,omitempty"`
}

type document struct {
	Result *struct {
		Allowed      *bool     `json:"allowed"`
		Restrictions *[]string `json:"restrictions"`
		SnapshotID   string    `json:"snapshot_id"`
		VersionIDs   []string  `json:"version_ids"`
	} `json:"result"`
}

// undefined is what is wrong with the answer of a document that is not defined for the input.
func undefined() *jsonfields.Error { return jsonfields.Missing("result") }

// Check says whether the answer can be used.
func (d document) Check() error {
	switch {
	case d.Result == nil:
		return undefined()
	case d.Result.Allowed == nil:
		return jsonfields.Missing("result.allowed")
	case d.Result.Restrictions == nil:
		return jsonfields.Missing("result.restrictions")
	}
	_, err := kindsOf(*d.Result.Restrictions)
	return err
}

// kindsOf reads kinds of action, each once and in the engine's order.
func kindsOf(words []string) ([]intervention.Kind, error) {
	var out []intervention.Kind
	for _, word := range words {
		if _, err := intervention.ParseKind(word); err != nil {
			return nil, jsonfields.Unknown("result.restrictions")
		}
	}
	for _, kind := range intervention.Kinds() {
		if slices.Contains(words, string(kind)) {
			out = append(out, kind)
		}
	}
	return out, nil
}
