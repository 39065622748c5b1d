package config

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Breaker says when a dependency counts as down, and when it is tried again. In a dependency's own section 0 means the usual
// value.
type Breaker struct {
	// FailureThreshold is how many failures in a row open the breaker.
	FailureThreshold int `yaml:"failure_threshold"`
	// SuccessThreshold is how many successful probes in a row close it again.
	SuccessThreshold int `yaml:"success_threshold"`
	// Delay is how long it stays open before the first probe.
	Delay time.Duration `yaml:"delay"`
}

// Neighbour is how one service is reached. O are the options that only this one has.
type Neighbour[O any] struct {
	// BaseURL is scheme, host, port and an optional prefix; empty: the service is not used.
	BaseURL string `yaml:"base_url"`
	// Timeout bounds one call.
	Timeout time.Duration `yaml:"timeout"`
	// Token is the bearer token of calls; TokenFile is a file that holds it and may be replaced at any time. At most one.
	Token     Secret `yaml:"token"`
	TokenFile string `yaml:"token_file"`
	// ClientID names this replica to the service, as X-Client-Id; empty: a name made from the host's for those that count calls by
	// client (iam, policy, standards), and none for the others.
	ClientID string `yaml:"client_id"`
	// Headers are sent with each call.
	Headers map[string]Secret `yaml:"headers"`
	// Breaker differs from the usual one where it says so.
	Breaker Breaker `yaml:"breaker"`
	// Paths replace the usual path of an operation, by the operation's name.
	Paths map[string]string `yaml:"paths"`
	// Options are what only this service has.
	Options O `yaml:"options"`
}

// Used reports whether the service is configured.
func (n Neighbour[O]) Used() bool { return n.BaseURL != "" }

// Guarded is a dependency of which only the breaker is set here.
type Guarded struct {
	Breaker Breaker `yaml:"breaker"`
}

// Neighbours are the services that the engine asks or tells.
type Neighbours struct {
	IAM        Neighbour[IAM]        `yaml:"iam"`
	Policy     Neighbour[PolicyAsk]  `yaml:"policy"`
	Standards  Neighbour[Standards]  `yaml:"standards"`
	Governance Neighbour[Governance] `yaml:"governance"`
	UBI        Neighbour[UBI]        `yaml:"ubi"`
	Health     Neighbour[NoOptions]  `yaml:"health"`
	LLM        Neighbour[LLMCall]    `yaml:"llm"`
	ERIS       Neighbour[ERIS]       `yaml:"eris"`
	Alerting   Neighbour[Alerting]   `yaml:"alerting"`
	Database   Guarded               `yaml:"database"`
	Redis      Guarded               `yaml:"redis"`
}

// NoOptions is for a service that has none.
type NoOptions struct{}

// IAM is what only the identity service has.
type IAM struct {
	// VerifyTTL is the longest time for which a token that was not revoked is believed, at most 60 s.
	VerifyTTL time.Duration `yaml:"verify_ttl"`
	// SubHasTenant lets a subject of the form tenant:user name the tenant.
	SubHasTenant bool `yaml:"sub_has_tenant"`
}

// PolicyAsk is what only the policy service has.
type PolicyAsk struct {
	// PolicyID is the policy that is evaluated.
	PolicyID string `yaml:"policy_id"`
	// TenantUUIDs give the service's own ids of tenants.
	TenantUUIDs map[string]string `yaml:"tenant_uuids"`
	// Environment is sent where it is set; a policy may be for one environment only.
	Environment string `yaml:"environment"`
	// UseCurrent asks for the snapshot's id where the service has it.
	UseCurrent bool `yaml:"use_current"`
}

// Standards is what only the gold standards have.
type Standards struct {
	// Framework is the collection that our standards are in.
	Framework string `yaml:"framework"`
	// TenantUUIDs give the service's own ids of tenants.
	TenantUUIDs map[string]string `yaml:"tenant_uuids"`
}

// Governance is what only the governance service has.
type Governance struct {
	// Categories give the service's names of mmm_decisions and mmm_outcomes.
	Categories map[string]string `yaml:"categories"`
}

// UBI is what only the behaviour service has.
type UBI struct {
	// Window is how far back is asked.
	Window time.Duration `yaml:"window"`
	// Keep is how many signals of an actor count.
	Keep int `yaml:"keep"`
	// TenantTokens are the tokens of tenants, because the service binds a token to one; others use the common one.
	TenantTokens map[string]Secret `yaml:"tenant_tokens"`
}

// LLMCall is what only the language model has.
type LLMCall struct {
	// LogicalModelID is the gateway's name of the model.
	LogicalModelID string `yaml:"logical_model_id"`
	// Region is used for tenants that name none.
	Region string `yaml:"region"`
	// GenerationTimeout is what the model itself is given.
	GenerationTimeout time.Duration `yaml:"generation_timeout"`
}

// ERIS is what only the evidence service has.
type ERIS struct {
	// Transport is auto, single or courier.
	Transport string `yaml:"transport"`
	// BatchMax is how many receipts travel together at most.
	BatchMax int `yaml:"batch_max"`
	// RatePerSecond is how many calls this process makes at most; the service counts all its clients together.
	RatePerSecond int `yaml:"rate_per_second"`
}

// Alerting is what only the alerting service has.
type Alerting struct {
	// Severity gives the service's words for critical and high.
	Severity map[string]string `yaml:"severity"`
	// Plane and ComponentID say where alerts come from.
	Plane       string `yaml:"plane"`
	ComponentID string `yaml:"component_id"`
}

// quick is for dependencies without which hardly anything works: they are tried again soon.
const quick = time.Second

func defaultNeighbours() Neighbours {
	const s, ms = time.Second, time.Millisecond
	return Neighbours{
		IAM:        neighbour(2*s, IAM{VerifyTTL: 60 * s}),
		Policy:     neighbour(500*ms, PolicyAsk{PolicyID: "mmm", TenantUUIDs: map[string]string{}}),
		Standards:  neighbour(500*ms, Standards{Framework: "custom", TenantUUIDs: map[string]string{}}),
		Governance: neighbour(500*ms, Governance{Categories: map[string]string{}}),
		UBI:        neighbour(s, UBI{Window: 24 * time.Hour, Keep: 10, TenantTokens: map[string]Secret{}}),
		Health:     neighbour(500*ms, NoOptions{}),
		LLM:        neighbour(3*s, LLMCall{LogicalModelID: "default_chat", Region: "global", GenerationTimeout: 2500 * ms}),
		ERIS:       neighbour(2*s, ERIS{Transport: "auto", BatchMax: 100, RatePerSecond: 80}),
		Alerting: neighbour(2*s, Alerting{
			Severity: map[string]string{"critical": "P1", "high": "P2"}, Plane: "product_cloud", ComponentID: "mmm-engine",
		}),
		Database: Guarded{Breaker: Breaker{Delay: quick}},
		Redis:    Guarded{Breaker: Breaker{Delay: quick}},
	}
}

func neighbour[O any](timeout time.Duration, options O) Neighbour[O] {
	return Neighbour[O]{Timeout: timeout, Headers: map[string]Secret{}, Paths: map[string]string{}, Options: options}
}

func (n Neighbours) check(r *report) {
	checkNeighbour(r, "iam", n.IAM, "verify")
	checkNeighbour(r, "policy", n.Policy, "evaluate", "current")
	checkNeighbour(r, "standards", n.Standards, "standards")
	checkNeighbour(r, "governance", n.Governance, "retention")
	checkNeighbour(r, "ubi", n.UBI, "signals")
	checkNeighbour(r, "health", n.Health, "safe_to_act", "tenant")
	checkNeighbour(r, "llm", n.LLM, "chat")
	checkNeighbour(r, "eris", n.ERIS, "receipt", "bulk", "courier_batch", "search")
	checkNeighbour(r, "alerting", n.Alerting, "alerts")
	checkBreaker(r, "neighbours.database.breaker", n.Database.Breaker, 0)
	checkBreaker(r, "neighbours.redis.breaker", n.Redis.Breaker, 0)
	if t := n.IAM.Options.VerifyTTL; t <= 0 || t > time.Minute {
		r.add("neighbours.iam.options.verify_ttl", "must be longer than 0 and at most 60s")
	}
	if n.UBI.Options.Window <= 0 || n.UBI.Options.Window > 7*24*time.Hour {
		r.add("neighbours.ubi.options.window", "must be longer than 0 and at most 168h")
	}
	if n.UBI.Options.Keep < 1 || n.UBI.Options.Keep > 1000 {
		r.add("neighbours.ubi.options.keep", "must be from 1 to 1000")
	}
	if n.LLM.Options.GenerationTimeout < 100*time.Millisecond || n.LLM.Options.GenerationTimeout > n.LLM.Timeout {
		r.add("neighbours.llm.options.generation_timeout", "must be at least 100ms, and not longer than neighbours.llm.timeout (%s)", n.LLM.Timeout)
	}
	r.choice("neighbours.eris.options.transport", n.ERIS.Options.Transport, []string{"auto", "single", "courier"}, nil)
	if m := n.ERIS.Options.BatchMax; m < 1 || m > 100 {
		r.add("neighbours.eris.options.batch_max", "must be from 1 to 100")
	}
	if n.ERIS.Options.RatePerSecond < 1 {
		r.add("neighbours.eris.options.rate_per_second", "must be at least 1")
	}
	if n.Alerting.Token.IsSet() || n.Alerting.TokenFile != "" {
		r.add("neighbours.alerting.token", "is not used: the engine makes its own tokens, with alert.jwt_secret")
	}
	for _, word := range slices.Sorted(maps.Keys(n.Alerting.Options.Severity)) {
		if word != "critical" && word != "high" {
			r.add("neighbours.alerting.options.severity."+word, "only critical and high are sent")
		}
	}
	for _, word := range slices.Sorted(maps.Keys(n.Governance.Options.Categories)) {
		if word != "mmm_decisions" && word != "mmm_outcomes" {
			r.add("neighbours.governance.options.categories."+word, "must be mmm_decisions or mmm_outcomes")
		}
	}
}

func checkNeighbour[O any](r *report, name string, n Neighbour[O], operations ...string) {
	key := "neighbours." + name
	r.webURL(key+".base_url", n.BaseURL)
	if n.Timeout <= 0 {
		r.add(key+".timeout", "must be longer than 0")
	}
	if n.Token.IsSet() && n.TokenFile != "" {
		r.add(key+".token_file", "must not be given together with %s.token", key)
	}
	r.readable(key+".token_file", n.TokenFile)
	checkBreaker(r, key+".breaker", n.Breaker, 0)
	for _, op := range slices.Sorted(maps.Keys(n.Paths)) {
		switch {
		case !slices.Contains(operations, op):
			r.add(key+".paths."+op, "must be one of: %s", strings.Join(operations, ", "))
		case !strings.HasPrefix(n.Paths[op], "/"):
			r.add(key+".paths."+op, "must begin with /")
		}
	}
}

func checkBreaker(r *report, key string, b Breaker, least int) {
	if b.FailureThreshold < least {
		r.add(key+".failure_threshold", "must be at least %d", least)
	}
	if b.SuccessThreshold < least {
		r.add(key+".success_threshold", "must be at least %d", least)
	}
	if b.Delay < 0 || least > 0 && b.Delay == 0 {
		r.add(key+".delay", "must be longer than 0")
	}
}
