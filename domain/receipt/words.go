package receipt

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/intervention"
)

// The fixed words of every receipt.
const (
	GateID        = "mmm"
	SchemaVersion = "1.0.0"
	UnknownRepo   = "unknown" // stands where there is no repository
)

// Kind says what a receipt attests. It is carried as inputs.kind.
type Kind string

// The closed list of kinds.
const (
	KindDecision  Kind = "decision"
	KindOutcome   Kind = "outcome"
	KindApproval  Kind = "approval"
	KindGrant     Kind = "grant"
	KindAdmin     Kind = "admin"
	KindAccess    Kind = "access"
	KindErasure   Kind = "erasure"
	KindHold      Kind = "hold"
	KindProbation Kind = "probation"
	KindBreaker   Kind = "breaker"
)

// Kinds lists all kinds.
func Kinds() []Kind {
	return []Kind{
		KindDecision, KindOutcome, KindApproval, KindGrant, KindAdmin,
		KindAccess, KindErasure, KindHold, KindProbation, KindBreaker,
	}
}

func (k Kind) known() bool {
	switch k {
	case KindDecision, KindOutcome, KindApproval, KindGrant, KindAdmin,
		KindAccess, KindErasure, KindHold, KindProbation, KindBreaker:
		return true
	}
	return false
}

// EvaluationPoint is where in the life of a change the receipt belongs. The evidence service knows these four and no others.
type EvaluationPoint string

// The evaluation points.
const (
	PreCommit  EvaluationPoint = "pre-commit"
	PreMerge   EvaluationPoint = "pre-merge"
	PreDeploy  EvaluationPoint = "pre-deploy"
	PostDeploy EvaluationPoint = "post-deploy"
)

// ParseEvaluationPoint reads an evaluation point.
func ParseEvaluationPoint(s string) (EvaluationPoint, error) {
	switch p := EvaluationPoint(s); p {
	case PreCommit, PreMerge, PreDeploy, PostDeploy:
		return p, nil
	}
	return "", fmt.Errorf("must be one of pre-commit, pre-merge, pre-deploy, post-deploy")
}

// PointFor gives the evaluation point of a decision: the caller's own if it named a valid one, else the one that fits the
// surface. Admin and privacy receipts have no surface and get pre-deploy.
func PointFor(given string, surface intervention.Surface) EvaluationPoint {
	if p, err := ParseEvaluationPoint(given); err == nil {
		return p
	}
	switch surface {
	case intervention.IDE:
		return PreCommit
	case intervention.CI:
		return PreMerge
	case intervention.Alert:
		return PostDeploy
	}
	return PreDeploy
}

// Status is decision.status of the wire form. The evidence service also knows two blocking words; this engine enforces no
// gate, so it has no name for them.
type Status string

// The statuses.
const (
	Pass Status = "pass"
	Warn Status = "warn"
)

// StatusFor gives warn for a decision that was degraded, made on stale policy, or refused for policy; silence is a pass.
func StatusFor(degraded, stale, refusedForPolicy bool) Status {
	if degraded || stale || refusedForPolicy {
		return Warn
	}
	return Pass
}

// ActorType is the sort of actor as the evidence service spells it.
type ActorType string

// The actor types. Service is for automation and for the engine's own jobs.
const (
	ActorHuman   ActorType = "human"
	ActorAIAgent ActorType = "ai_agent"
	ActorService ActorType = "service"
)

// ActorTypeOf maps an actor's type to the receipt's word for it; what is neither human nor agent is a service.
func ActorTypeOf(t actor.Type) ActorType {
	switch t {
	case actor.Human:
		return ActorHuman
	case actor.AIAgent:
		return ActorAIAgent
	case actor.Automation:
	}
	return ActorService
}

func (t ActorType) known() bool {
	switch t {
	case ActorHuman, ActorAIAgent, ActorService:
		return true
	}
	return false
}

// ActorRef names an actor in receipts and events without naming the person: hex HMAC-SHA-256 of the id under the actor's own
// salt. Erasure destroys the salt, and with it the way back.
func ActorRef(salt []byte, actorID string) string {
	mac := hmac.New(sha256.New, salt)
	mac.Write([]byte(actorID))
	return hex.EncodeToString(mac.Sum(nil))
}

// SnapshotHash is the wire form of a policy snapshot's identity: "sha256:" and 64 hex digits. A receipt that was made
// without a snapshot hashes the empty text.
func SnapshotHash(snapshotID string) string {
	sum := sha256.Sum256([]byte(snapshotID))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// FormatTime writes a time as receipts carry it: RFC 3339, UTC with Z, exactly three fractional digits (later digits are cut).
// Neighbours reject or lose other widths.
func FormatTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// MonotonicMS turns the time since process start into the receipt's counter: milliseconds modulo 2^31, because the evidence
// service keeps it in 32 bits. A negative duration counts as zero.
func MonotonicMS(sinceStart time.Duration) int64 {
	return max(sinceStart.Milliseconds(), 0) % (1 << 31)
}
