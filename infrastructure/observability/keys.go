package observability

// The keys that every log line has, whether or not its writer knew them, so that a query need not ask for existence.
const (
	KeyTimestamp  = "timestamp"
	KeyLevel      = "level"
	KeyService    = "service"
	KeyTenant     = "tenant_id"
	KeyActorHash  = "actor_hash"
	KeyDecision   = "decision_id"
	KeyTrace      = "trace_id"
	KeyEventType  = "event_type"
	KeyMessage    = "message"
	KeyError      = "error"
	KeyDegraded   = "degraded_mode"
	KeyRequest    = "request_id"
	KeyComponent  = "component"
	KeyDependency = "dependency"
)

// lineKeys are those of the keys above that each line carries besides time, level and message. Order is that of the line.
var lineKeys = [...]string{
	KeyService, KeyTenant, KeyActorHash, KeyDecision, KeyTrace, KeyEventType, KeyError, KeyDegraded,
}

// masked are keys whose values never reach a log, at any depth: ids of people, credentials, and what people wrote.
var masked = map[string]bool{
	"actor_id": true, "approver_id": true, "user_id": true, "responsible_human": true, "sub": true,
	"authorization": true, "token": true, "secret": true, "password": true, "grant": true, "cookie": true,
	"payload": true, "body": true, "email": true,
}
