package iam

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// What a decision says.
const (
	Allow             = "ALLOW"
	Deny              = "DENY"
	ElevationRequired = "ELEVATION_REQUIRED"
	ElevationGranted  = "ELEVATION_GRANTED"
	BreakGlass        = "BREAK_GLASS_GRANTED"
)

const (
	elevatedFor = 4 * time.Hour
	mostRisk    = 0.8
	nightFrom   = 23
	nightTo     = 5
)

// may is what each role may do; aliases say which other words mean one of them.
var (
	may = map[string][]string{
		"admin": {"read", "write", "execute", "admin"}, "developer": {"read", "write", "execute"},
		"viewer": {"read"}, "ci_bot": {"read", "execute"},
	}
	aliases = map[string]string{
		"executive": "admin", "lead": "developer", "individual_contributor": "developer", "ai_agent": "ci_bot",
	}
)

type question struct {
	Subject *struct {
		Sub        *string        `json:"sub"`
		Roles      []string       `json:"roles"`
		Attributes map[string]any `json:"attributes"`
	} `json:"subject"`
	Action   *string `json:"action"`
	Resource *string `json:"resource"`
	Context  struct {
		Time          *time.Time `json:"time"`
		DevicePosture *string    `json:"device_posture"`
		RiskScore     *float64   `json:"risk_score"`
		Location      *string    `json:"location"`
		CrisisMode    bool       `json:"crisis_mode"`
	} `json:"context"`
	Elevation struct {
		Request  bool     `json:"request"`
		Scope    []string `json:"scope"`
		Duration string   `json:"duration"`
	} `json:"elevation"`
}

// DenyExplicitly adds a rule to the policy of a resource, which wins over every role.
func (s *IAM) DenyExplicitly(resource, action string) {
	s.set(func() { s.denied[resource+"\x00"+action] = true })
}

// AllowBreakGlass adds or removes the policy that crisis mode asks for.
func (s *IAM) AllowBreakGlass(on bool) { s.set(func() { s.breakGlass = on }) }

func (s *IAM) answerDecision(w http.ResponseWriter, r *http.Request) {
	var q question
	in := json.NewDecoder(r.Body)
	in.DisallowUnknownFields()
	if err := in.Decode(&q); err != nil {
		simulator.Reject422(w, simulator.Problem{Msg: "Input should be a valid decision request", Type: "model_type"})
		return
	}
	if problems := q.problems(); len(problems) > 0 {
		simulator.Reject422(w, problems...)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.receipts++
	word, reason := s.decide(q)
	answer := map[string]any{"decision": word, "reason": reason, "expires_at": nil, "receipt_id": "iam-receipt-" + strconv.Itoa(s.receipts)}
	if word == ElevationGranted {
		answer["expires_at"] = s.now().Add(elevatedFor).UTC().Format("2006-01-02T15:04:05")
	}
	simulator.WriteJSON(w, http.StatusOK, answer)
}

func (q question) problems() []simulator.Problem {
	var out []simulator.Problem
	switch {
	case q.Subject == nil:
		out = append(out, missing("subject"))
	case q.Subject.Sub == nil:
		out = append(out, missing("subject", "sub"))
	case len(q.Subject.Roles) == 0:
		out = append(out, simulator.Problem{Loc: []any{"body", "subject", "roles"}, Msg: "List should have at least 1 item", Type: "too_short"})
	}
	if q.Action == nil {
		out = append(out, missing("action"))
	}
	if q.Resource == nil {
		out = append(out, missing("resource"))
	}
	if p := q.Context.DevicePosture; p != nil && !slices.Contains([]string{"secure", "unknown", "insecure"}, *p) {
		out = append(out, simulator.Problem{Loc: []any{"body", "context", "device_posture"}, Msg: "Unknown value", Type: "enum"})
	}
	if risk := q.Context.RiskScore; risk != nil && (*risk < 0 || *risk > 1) {
		out = append(out, simulator.Problem{Loc: []any{"body", "context", "risk_score"}, Msg: "Out of range", Type: "range"})
	}
	return out
}

// decide requires the lock.
func (s *IAM) decide(q question) (word, reason string) {
	switch {
	case q.Context.CrisisMode && s.breakGlass:
		return BreakGlass, "crisis mode"
	case q.Context.CrisisMode:
		return Deny, "no policy for crisis mode"
	case q.Elevation.Request && slices.Contains(q.Elevation.Scope, "admin"):
		return ElevationRequired, "admin needs an approval"
	case q.Elevation.Request:
		return ElevationGranted, "elevated"
	case s.denied[*q.Resource+"\x00"+*q.Action]:
		return Deny, "denied by policy-" + *q.Resource
	case !slices.ContainsFunc(q.Subject.Roles, func(role string) bool { return roleMay(role, *q.Action) }):
		return Deny, "no role allows it"
	case q.Context.RiskScore != nil && *q.Context.RiskScore > mostRisk:
		return Deny, "risk"
	case q.Context.DevicePosture != nil && *q.Context.DevicePosture == "insecure":
		return Deny, "device"
	case q.Context.Time != nil && (q.Context.Time.Hour() >= nightFrom || q.Context.Time.Hour() < nightTo):
		return Deny, "time of day"
	}
	return Allow, "role allows it"
}

func roleMay(role, action string) bool {
	role = strings.ToLower(role)
	if meant, there := aliases[role]; there {
		role = meant
	}
	return slices.Contains(may[role], action)
}
