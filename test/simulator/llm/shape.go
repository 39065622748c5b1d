package llm

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"unicode/utf8"

	"github.com/zeroui/mmm-engine/test/simulator"
)

var requestID = regexp.MustCompile(`^[A-Za-z0-9_-]{12,59}$`)

// checker collects what is wrong with a request.
type checker struct{ found []simulator.Problem }

func (c *checker) bad(loc []any, kind, format string, args ...any) {
	c.found = append(c.found, simulator.Problem{Loc: append([]any{"body"}, loc...), Msg: fmt.Sprintf(format, args...), Type: kind})
}

func (c *checker) text(in map[string]any, least int, loc ...any) string {
	name, _ := loc[len(loc)-1].(string)
	v, there := in[name]
	s, ok := v.(string)
	switch {
	case !there:
		c.bad(loc, "missing", "Field required")
	case !ok:
		c.bad(loc, "string_type", "Input should be a valid string")
	case utf8.RuneCountInString(s) < least:
		c.bad(loc, "string_too_short", "String should have at least %d characters", least)
	}
	return s
}

func (c *checker) word(in map[string]any, words []string, loc ...any) {
	if s := c.text(in, 0, loc...); s != "" && !slices.Contains(words, s) {
		c.bad(loc, "enum", "Input should be one of %v", words)
	}
}

func (c *checker) texts(in map[string]any, least int, required bool, loc ...any) {
	name, _ := loc[len(loc)-1].(string)
	v, there := in[name]
	list, ok := v.([]any)
	switch {
	case !there && !required:
		return
	case !there:
		c.bad(loc, "missing", "Field required")
	case !ok:
		c.bad(loc, "list_type", "Input should be a valid list")
	}
	for i, e := range list {
		if s, ok := e.(string); !ok || utf8.RuneCountInString(s) < least {
			c.bad(append(slices.Clone(loc), i), "string_too_short", "String should have at least %d characters", least)
		}
	}
}

func (c *checker) number(in map[string]any, low, high float64, whole, required bool, loc ...any) {
	name, _ := loc[len(loc)-1].(string)
	v, there := in[name]
	n, ok := v.(float64)
	switch {
	case !there && !required:
	case !there:
		c.bad(loc, "missing", "Field required")
	case !ok || n < low || n > high || whole && n != math.Trunc(n):
		c.bad(loc, "number_type", "Input should be from %v to %v", low, high)
	}
}

func (c *checker) object(in map[string]any, required bool, name string) map[string]any {
	v, there := in[name]
	o, ok := v.(map[string]any)
	switch {
	case !there && required:
		c.bad([]any{name}, "missing", "Field required")
	case there && !ok:
		c.bad([]any{name}, "dict_type", "Input should be a valid dictionary")
	}
	return o
}

// problemsOf says what the gateway does not like about a request.
func problemsOf(body map[string]any) []simulator.Problem {
	c := &checker{}
	if id := c.text(body, 8, "request_id"); id != "" && !requestID.MatchString(id) {
		c.bad([]any{"request_id"}, "string_pattern_mismatch", "String should match pattern %s", requestID)
	}
	c.word(body, []string{"v1"}, "schema_version")
	if actor := c.object(body, true, "actor"); actor != nil {
		c.text(actor, 3, "actor", "actor_id")
		c.word(actor, []string{"human", "agent", "service"}, "actor", "actor_type")
		c.texts(actor, 2, true, "actor", "roles")
		c.texts(actor, 2, true, "actor", "capabilities")
		c.texts(actor, 2, false, "actor", "scopes")
	}
	if tenant := c.object(body, true, "tenant"); tenant != nil {
		c.text(tenant, 3, "tenant", "tenant_id")
		c.text(tenant, 3, "tenant", "region")
	}
	c.text(body, 3, "logical_model_id")
	c.text(body, 3, "system_prompt_id")
	c.word(body, []string{"chat", "completion", "embedding", "tool_suggest", "classification", "custom"}, "operation_type")
	c.word(body, []string{"low", "medium", "high"}, "sensitivity_level")
	c.text(body, 1, "user_prompt")
	c.text(body, 8, "policy_snapshot_id")
	c.texts(body, 4, true, "policy_version_ids")
	if budget := c.object(body, true, "budget"); budget != nil {
		c.number(budget, 1, 32768, true, true, "budget", "max_tokens")
		c.number(budget, 100, 120000, true, true, "budget", "timeout_ms")
		c.word(budget, []string{"low", "normal", "high", "critical"}, "budget", "priority")
		c.number(budget, 0, 2, false, false, "budget", "temperature")
		c.number(budget, 0, 1, false, false, "budget", "top_p")
	}
	if overrides := c.object(body, false, "safety_overrides"); overrides != nil {
		if _, ok := overrides["fail_open_allowed"].(bool); !ok {
			c.bad([]any{"safety_overrides", "fail_open_allowed"}, "bool_type", "Input should be a valid boolean")
		}
		c.word(overrides, []string{"default", "prefer_backup", "simulation_only"}, "safety_overrides", "degradation_mode")
		c.word(overrides, []string{"strict", "balanced", "permissive"}, "safety_overrides", "risk_tolerance")
	}
	if _, there := body["task_type"]; there {
		c.word(body, []string{"code", "text", "retrieval", "planning", "summarise"}, "task_type")
	}
	if segments, there := body["context_segments"]; there {
		if list, ok := segments.([]any); !ok || len(list) > 50 {
			c.bad([]any{"context_segments"}, "list_type", "List should have at most 50 items")
		}
	}
	return c.found
}
