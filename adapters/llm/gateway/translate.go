package gateway

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zeroui/mmm-engine/adapters/llm"
	domainactor "github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/ports"
)

// maxTokens is room for a text of safety.MaxLength characters.
const maxTokens = 512

// requestForm is what the gateway takes as a request id and also gives back whole.
var requestForm = regexp.MustCompile(`^[A-Za-z0-9_-]{12,59}$`)

func (c *Client) request(p ports.ContentPrompt) (chatRequest, error) {
	user, err := llm.User(p)
	if err != nil {
		return chatRequest{}, err
	}
	versions := make([]string, 0, len(p.PolicyVersionIDs))
	for _, v := range p.PolicyVersionIDs {
		versions = append(versions, atLeast(4, "version", v))
	}
	return chatRequest{
		RequestID: requestID(p.ID), SchemaVersion: "v1",
		Actor: actor{
			ID: atLeast(3, "actor", p.ActorRef), Type: actorType(p.ActorType), Roles: []string{"mmm_engine"},
			Capabilities: []string{"llm.invoke"}, Scopes: []string{"llm." + opChat},
		},
		Tenant:         tenant{ID: atLeast(3, "tenant", string(p.Tenant)), Region: atLeast(3, "region", cmp.Or(p.Region, c.config.Region))},
		LogicalModelID: atLeast(3, "model", c.config.Model), SystemPromptID: atLeast(3, "prompt", cmp.Or(p.SystemPromptID, defaultPrompt)),
		OperationType: opChat, SensitivityLevel: "medium", UserPrompt: llm.System(p) + "\n\n" + user,
		PolicySnapshotID: atLeast(8, "snapshot", p.PolicySnapshotID), PolicyVersionIDs: versions,
		Budget:          budget{MaxTokens: maxTokens, TimeoutMS: c.config.Generation.Milliseconds(), Priority: "low"},
		SafetyOverrides: overrides{DegradationMode: "default", RiskTolerance: "strict"},
		TaskType:        "text",
	}, nil
}

// atLeast makes an id long enough for the gateway. What is put before a short one ends in a character that none of our ids
// holds, so no two ids become one.
func atLeast(n int, what, id string) string {
	if utf8.RuneCountInString(id) >= n {
		return id
	}
	return what + "|" + id
}

// requestID names an attempt in the form that the gateway takes; an id of another form is hashed.
func requestID(id string) string {
	if full := "mmm-" + id; requestForm.MatchString(full) {
		return full
	}
	sum := sha256.Sum256([]byte(id))
	return "mmm-" + hex.EncodeToString(sum[:16])
}

// actorType maps our types of actor to the gateway's.
func actorType(t domainactor.Type) string {
	switch t {
	case domainactor.Human:
		return "human"
	case domainactor.AIAgent:
		return "agent"
	case domainactor.Automation:
	}
	return "service"
}

// decisions are the gateway's words and what follows from each besides the rest of the answer.
var decisions = map[string][]safety.Flag{
	"ALLOWED":     nil,
	"BLOCKED":     {safety.Blocked},
	"TRANSFORMED": {safety.Transformed},
	"DEGRADED":    {safety.Degraded},
}

// classes are the gateway's kinds of risk, which we keep as flags under their own names.
var classes = []string{"R1", "R2", "R3", "R4", "R5"}

// scores give the risk of a flag by its severity, per mille.
var scores = map[string]int{"INFO": 200, "WARN": 500, "CRITICAL": 900}

// stages are the ways in which the gateway may have got its answer; all but the first are no ordinary ones.
var stages = []string{"NONE", "DETECTED", "REROUTED", "FAIL_SAFE"}

// contentOf gives the text with the verdict that the gateway's answer amounts to. An answer to another request, without a
// decision or with a word that is not known is no verdict, and so a fail.
func contentOf(a chatAnswer, requestID string) ports.Content {
	if a.RequestID != requestID || a.Decision == nil {
		return ports.Content{Verdict: safety.Flagged(safety.NoVerdict)}
	}
	flags, known := decisions[*a.Decision]
	if !known {
		return ports.Content{Verdict: safety.Flagged(safety.NoVerdict)}
	}
	text := ""
	if a.Output != nil && a.Output.Content != nil {
		text = strings.TrimSpace(*a.Output.Content)
	}
	all := []safety.Verdict{safety.Flagged(flags...)}
	if text == "" && *a.Decision != "BLOCKED" { // a block has no text
		all = append(all, safety.Flagged(safety.Empty))
	}
	if a.FailOpen != nil && *a.FailOpen {
		all = append(all, safety.Flagged(safety.FailOpen))
	}
	if s := a.DegradationStage; s != nil {
		switch at := slices.Index(stages, *s); {
		case at < 0:
			all = append(all, safety.Flagged(safety.NoVerdict))
		case at > 0:
			all = append(all, safety.Flagged(safety.Degraded))
		}
	}
	for _, r := range a.RiskFlags {
		score, known := scores[r.Severity]
		if !known || !slices.Contains(classes, r.Class) {
			all = append(all, safety.Flagged(safety.NoVerdict))
			continue
		}
		all = append(all, safety.Verdict{Result: safety.Warn, Score: score, Flags: []safety.Flag{safety.Flag(r.Class)}})
	}
	v := safety.Worst(all...)
	if v.Result == safety.Fail {
		text = ""
	}
	return ports.Content{Text: text, Verdict: v}
}
