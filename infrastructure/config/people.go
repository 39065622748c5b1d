package config

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Intake lets one tenant's repositories at one provider send webhooks.
type Intake struct {
	// Tenant is whose signals they become.
	Tenant string `yaml:"tenant"`
	// Provider is github or gitlab.
	Provider string `yaml:"provider"`
	// Repos are full names such as acme/shop; * stands for any run of characters within one path segment, as in path.Match.
	Repos []string `yaml:"repos"`
	// SecretFile holds the secret that the provider proves itself with.
	SecretFile string `yaml:"secret_file"`
}

// Actor says who somebody is: which person, agent or automation stands behind a provider's account.
type Actor struct {
	// Tenant is the tenant in which this holds.
	Tenant string `yaml:"tenant"`
	// Provider and UserID are the account, both or neither. UserID is the provider's stable id, not the login.
	Provider string `yaml:"provider,omitempty"`
	UserID   string `yaml:"user_id,omitempty"`
	// ActorID is the id inside the engine.
	ActorID string `yaml:"actor_id"`
	// ActorType is human (also when empty), ai_agent or automation.
	ActorType string `yaml:"actor_type,omitempty"`
	// ResponsibleHuman is the actor id of the person who answers for an agent or automation.
	ResponsibleHuman string `yaml:"responsible_human,omitempty"`
}

const human = "human"

var (
	idPattern   = regexp.MustCompile(`^[A-Za-z0-9._:@/+\[\]-]{1,200}$`)
	repoPattern = regexp.MustCompile(`^[A-Za-z0-9._*-]+(/[A-Za-z0-9._*-]+)+$`)
)

func (r *report) id(key, value string) {
	if !idPattern.MatchString(value) || strings.Contains(value, "..") {
		r.add(key, "must be 1 to 200 of A-Z a-z 0-9 . _ : @ / + [ ] - and must not contain '..'")
	}
}

// checkIntake also refuses a repository that two tenants claim: its deliveries would be one tenant's data in the other's hands.
func checkIntake(r *report, entries []Intake) {
	type claim struct{ key, tenant, provider, pattern string }
	var claims []claim
	for i, e := range entries {
		at := fmt.Sprintf("intake[%d]", i)
		r.id(at+".tenant", e.Tenant)
		r.choice(at+".provider", e.Provider, []string{"github", "gitlab"}, nil)
		if e.SecretFile == "" {
			r.add(at+".secret_file", "must name a file with the webhook secret")
		}
		r.readable(at+".secret_file", e.SecretFile)
		if len(e.Repos) == 0 {
			r.add(at+".repos", "must name at least one repository, such as acme/shop or 'acme/*'")
		}
		for j, pattern := range e.Repos {
			key := fmt.Sprintf("%s.repos[%d]", at, j)
			if !repoPattern.MatchString(pattern) {
				r.add(key, "must be a full name such as acme/shop, where * stands for any part of a segment")
				continue
			}
			// Both providers ignore case in names.
			c := claim{key, e.Tenant, e.Provider, strings.ToLower(pattern)}
			for _, other := range claims {
				if other.provider == c.provider && other.tenant != c.tenant && overlap(other.pattern, c.pattern) {
					r.add(key, "a repository may be in one tenant only, and %s claims it for %s", other.key, other.tenant)
				}
			}
			claims = append(claims, c)
		}
	}
}

// overlap reports whether some name matches both patterns.
func overlap(a, b string) bool {
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	return slices.EqualFunc(as, bs, segmentsOverlap)
}

func segmentsOverlap(a, b string) bool {
	switch {
	case a == "" && b == "":
		return true
	case strings.HasPrefix(a, "*"):
		return segmentsOverlap(a[1:], b) || (b != "" && segmentsOverlap(a, b[1:]))
	case strings.HasPrefix(b, "*"):
		return segmentsOverlap(b, a)
	default:
		return a != "" && b != "" && a[0] == b[0] && segmentsOverlap(a[1:], b[1:])
	}
}

// checkActors also refuses two answers to one question: who stands behind an account, and what an actor is.
func checkActors(r *report, actors []Actor) {
	type account struct{ tenant, provider, userID string }
	type name struct{ tenant, actorID string }
	accounts := map[account]int{}
	first := map[name]int{}
	for i, a := range actors {
		at := fmt.Sprintf("actors[%d]", i)
		r.id(at+".tenant", a.Tenant)
		r.id(at+".actor_id", a.ActorID)
		if a.ActorType != "" {
			r.choice(at+".actor_type", a.ActorType, []string{human, "ai_agent", "automation"}, nil)
		}
		if (a.Provider == "") != (a.UserID == "") {
			r.add(at+".user_id", "must be given together with provider")
		}
		if a.Provider != "" {
			r.choice(at+".provider", a.Provider, []string{"github", "gitlab"}, nil)
			acc := account{a.Tenant, a.Provider, a.UserID}
			if j, taken := accounts[acc]; taken {
				r.add(at+".user_id", "actors[%d] already says who this account is", j)
			} else {
				accounts[acc] = i
			}
		}
		n := name{a.Tenant, a.ActorID}
		if j, seen := first[n]; !seen {
			first[n] = i
		} else if actors[j].kind() != a.kind() || actors[j].ResponsibleHuman != a.ResponsibleHuman {
			r.add(at+".actor_id", "actors[%d] gives the same actor another actor_type or responsible_human", j)
		}
	}
	for i, a := range actors {
		if a.ResponsibleHuman == "" {
			continue
		}
		key := fmt.Sprintf("actors[%d].responsible_human", i)
		r.id(key, a.ResponsibleHuman)
		if a.kind() == human {
			r.add(key, "is for actor_type ai_agent and automation only")
		} else if j, known := first[name{a.Tenant, a.ResponsibleHuman}]; a.ResponsibleHuman == a.ActorID || known && actors[j].kind() != human {
			r.add(key, "must be a human")
		}
	}
}

func (a Actor) kind() string { return cmp.Or(a.ActorType, human) }
