package gateway

import "errors"

// chatRequest is what the gateway is asked.
type chatRequest struct {
	RequestID        string    `json:"request_id"`
	SchemaVersion    string    `json:"schema_version"`
	Actor            actor     `json:"actor"`
	Tenant           tenant    `json:"tenant"`
	LogicalModelID   string    `json:"logical_model_id"`
	SystemPromptID   string    `json:"system_prompt_id"`
	OperationType    string    `json:"operation_type"`
	SensitivityLevel string    `json:"sensitivity_level"`
	UserPrompt       string    `json:"user_prompt"`
	PolicySnapshotID string    `json:"policy_snapshot_id"`
	PolicyVersionIDs []string  `json:"policy_version_ids"`
	Budget           budget    `json:"budget"`
	SafetyOverrides  overrides `json:"safety_overrides"`
	TaskType         string    `json:"task_type"`
}

type actor struct {
	ID           string   `json:"actor_id"`
	Type         string   `json:"actor_type"`
	Roles        []string `json:"roles"`
	Capabilities []string `json:"capabilities"`
	Scopes       []string `json:"scopes"`
}

type tenant struct {
	ID     string `json:"tenant_id"`
	Region string `json:"region"`
}

type budget struct {
	MaxTokens   int    `json:"max_tokens"`
	TimeoutMS   int64  `json:"timeout_ms"`
	Priority    string `json:"priority"`
	Temperature int    `json:"temperature"`
}

type overrides struct {
	FailOpenAllowed bool   `json:"fail_open_allowed"`
	DegradationMode string `json:"degradation_mode"`
	RiskTolerance   string `json:"risk_tolerance"`
}

// chatAnswer is what the gateway says. A field that decides over a verdict is a pointer, so that its absence is seen.
type chatAnswer struct {
	ResponseID       string  `json:"response_id"`
	RequestID        string  `json:"request_id"`
	Decision         *string `json:"decision"`
	Output           *output `json:"output"`
	RiskFlags        []risk  `json:"risk_flags"`
	FailOpen         *bool   `json:"fail_open"`
	DegradationStage *string `json:"degradation_stage"`
}

type output struct {
	Content *string `json:"content"`
}

type risk struct {
	Class    string `json:"risk_class"`
	Severity string `json:"severity"`
}

// Check implements the client's check of an answer: without an id it is none of the gateway's. What it lacks besides is a
// missing verdict, and that is a verdict too.
func (a *chatAnswer) Check() error {
	if a.ResponseID == "" && a.RequestID == "" {
		return errors.New("the answer has neither a response nor a request id")
	}
	return nil
}
