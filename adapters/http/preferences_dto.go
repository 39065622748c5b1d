package httpapi

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

type surface = intervention.Surface

// preferencesReadOnly are the fields of preferences that the server keeps.
var preferencesReadOnly = []string{"preference_id", "tenant_id", "actor_id", "created_at", "updated_at"}

// preferencesDTO is what an actor has chosen. Before anything was chosen, what is not a list is null.
type preferencesDTO struct {
	PreferenceID      *string    `json:"preference_id"`
	TenantID          string     `json:"tenant_id"`
	ActorID           string     `json:"actor_id"`
	OptOutCategories  []string   `json:"opt_out_categories"`
	PreferredSurfaces []surface  `json:"preferred_surfaces"`
	SnoozeUntil       *time.Time `json:"snooze_until"`
	Timezone          *string    `json:"timezone"`
	CreatedAt         *time.Time `json:"created_at"`
	UpdatedAt         *time.Time `json:"updated_at"`
}

func preferencesOf(t tenant.ID, a actor.ID, p ports.StoredPreferences) preferencesDTO {
	return preferencesDTO{
		PreferenceID: nullable(p.ID), TenantID: string(t), ActorID: string(a),
		OptOutCategories:  append([]string{}, p.Preferences.OptOut...),
		PreferredSurfaces: append([]surface{}, p.Preferences.Surfaces...),
		SnoozeUntil:       moment(p.Preferences.SnoozeUntil), Timezone: p.Preferences.Timezone,
		CreatedAt: moment(p.CreatedAt), UpdatedAt: moment(p.UpdatedAt),
	}
}

// moment gives nil for the zero time.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// wordsOf gives the texts of a list.
func wordsOf[T ~string](list []any) []T {
	out := make([]T, 0, len(list))
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, T(s))
		}
	}
	return out
}

// changedPreference names the read-only fields that a body sends back changed.
func changedPreference(object map[string]any, present preferencesDTO) ([]fault.Field, error) {
	raw, err := json.Marshal(present)
	if err != nil {
		return nil, fmt.Errorf("write the present preferences: %w", err)
	}
	var known map[string]any
	if err := json.Unmarshal(raw, &known); err != nil {
		return nil, fmt.Errorf("read the present preferences: %w", err)
	}
	var p fault.Problems
	for _, name := range preferencesReadOnly {
		if given, ok := object[name]; ok && !same(given, known[name]) {
			p.Add(name, "is read-only and differs from what is stored")
		}
	}
	return p.Fields(), nil
}
