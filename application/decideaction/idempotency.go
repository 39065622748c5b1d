package decideaction

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// claimWait is how long a repeat waits for the first call before it is asked to come back.
const claimWait = 5 * time.Second

// HashDedupKey hides a signal's dedup key: callers may put anything into it, and it is only ever compared.
func HashDedupKey(h ports.KeyedHash, t tenant.ID, key string) string {
	if key == "" {
		return ""
	}
	return h.Hash("dedup|" + string(t) + "|" + key)
}

// key gives the keyed hash of the call's idempotency key, empty where it has none. No id can hold "|", and the caller's own
// key comes last, so different parts never give the same text.
func (u *UseCase) key(req Request) string {
	switch {
	case req.DryRun:
		return ""
	case req.Key != "":
		return u.floor.Hash.Hash("header|" + string(req.Tenant) + "|" + string(req.Caller) + "|" + string(req.Actor.ID) + "|" + req.Key)
	case req.Signal != nil && req.Signal.ID != "":
		return u.floor.Hash.Hash("signal|" + string(req.Tenant) + "|" + string(req.Actor.ID) + "|" + req.Signal.Source + "|" + req.Signal.ID)
	}
	return ""
}

// claim takes the call's key before anything else is done, or finds the decision that an equal call was given.
func (u *UseCase) claim(ctx context.Context, req Request) (key string, release func(), earlier *ports.Stored, err error) {
	key = u.key(req)
	if key == "" {
		return "", func() {}, nil, nil
	}
	hash := ""
	if req.Key != "" {
		hash = req.BodyHash
	}
	wait, cancel := context.WithTimeout(ctx, claimWait)
	defer cancel()
	release, err = u.rec.Claims.Claim(wait, key, hash)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return "", nil, nil, fault.Overloaded("the same call is still being decided")
		}
		return "", nil, nil, err
	}
	earlier, err = u.earlier(ctx, req, key)
	if err != nil {
		release()
		return "", nil, nil, err
	}
	return key, release, earlier, nil
}

func (u *UseCase) earlier(ctx context.Context, req Request, key string) (*ports.Stored, error) {
	first, err := u.rec.Decisions.ByKey(ctx, req.Tenant, key, u.floor.Clock.Now().Add(-ports.KeyLife))
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, nil //nolint:nilnil // nothing was decided yet, and that is no error
	case err != nil:
		return nil, fmt.Errorf("look for an earlier answer: %w", err)
	case req.Key != "" && first.BodyHash != req.BodyHash:
		return nil, fault.Conflictf("this Idempotency-Key was used with another body")
	}
	return &first, nil
}
