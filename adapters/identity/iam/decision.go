package iam

import (
	"context"
	"errors"

	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
)

type question struct {
	Subject  subject `json:"subject"`
	Action   string  `json:"action"`
	Resource string  `json:"resource"`
}

type subject struct {
	Sub   string   `json:"sub"`
	Roles []string `json:"roles"`
}

type decision struct {
	Decision string `json:"decision"`
}

// words are all that the service decides, and whether it means yes. Elevation and break-glass are no: what they grant is for
// people who ask for it, and we ask for neither.
var words = map[string]bool{
	"ALLOW": true, "DENY": false, "ELEVATION_REQUIRED": false, "ELEVATION_GRANTED": false, "BREAK_GLASS_GRANTED": false,
}

// Check implements what the client asks of an answer.
func (d decision) Check() error {
	if _, known := words[d.Decision]; !known {
		return errors.New("an unknown decision")
	}
	return nil
}

// Allows asks the service whether the caller may do an action (read, write, execute, admin) on a resource. It is a further
// reason to deny, never one to permit: the service knows none of the engine's own roles. A caller without roles may nothing
// and is not asked about. It is Unavailable (IAM_UNAVAILABLE) where the service gives no usable answer. Nothing is cached.
func (v *Verifier) Allows(ctx context.Context, who caller.Caller, action, resource string) (bool, error) {
	roles := who.Roles()
	if !who.Valid() || len(roles) == 0 {
		return false, nil
	}
	var said decision
	// No time of day in the question: at night the service denies whatever it is.
	err := v.client.JSON(ctx, httpclient.Call{Op: opDecision, Path: v.config.Paths[opDecision], Body: question{
		Subject: subject{Sub: string(who.Subject()), Roles: roles}, Action: action, Resource: resource,
	}, Retry: onceMore()}, &said)
	if err != nil {
		return false, unavailable(err)
	}
	return words[said.Decision], nil
}
