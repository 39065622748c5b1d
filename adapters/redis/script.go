package redis

import (
	"context"
	"crypto/sha1" //nolint:gosec // the name that Redis gives a script, not a secret
	_ "embed"
	"encoding/hex"
	"errors"

	goredis "github.com/redis/go-redis/v9"
)

var (
	//go:embed lua/common.lua
	commonLua string
	//go:embed lua/take.lua
	takeLua string
	//go:embed lua/count.lua
	countLua string
	//go:embed lua/reserve.lua
	reserveLua string
	//go:embed lua/remember.lua
	rememberLua string
	//go:embed lua/close.lua
	closeLua string
	//go:embed lua/yield.lua
	yieldLua string
)

// script is a program that Redis runs in one step, and the name it is called by once Redis knows it.
type script struct{ source, sha string }

func newScript(source string) script {
	sum := sha1.Sum([]byte(source)) //nolint:gosec // see above
	return script{source: source, sha: hex.EncodeToString(sum[:])}
}

// call is one run of a script.
type call struct {
	script script
	keys   []string
	args   []any
}

// run runs the calls in one round trip, in any order, and gives their answers. A server that does not know a script (it is new,
// or was emptied) is sent its text.
func (c *Client) run(ctx context.Context, calls ...call) ([]any, error) {
	wait, cancel := context.WithTimeout(ctx, c.enough)
	defer cancel()
	cmds := make([]*goredis.Cmd, len(calls))
	if len(calls) == 1 {
		cmds[0] = c.redis.EvalSha(wait, calls[0].script.sha, calls[0].keys, calls[0].args...)
	} else {
		pipe := c.redis.Pipeline()
		for i, k := range calls {
			cmds[i] = pipe.EvalSha(wait, k.script.sha, k.keys, k.args...)
		}
		_, _ = pipe.Exec(wait) // each command has its own error
	}
	out := make([]any, len(calls))
	var failed error
	for i, cmd := range cmds { // one for each call
		v, err := cmd.Result()
		if goredis.HasErrorPrefix(err, "NOSCRIPT") {
			v, err = c.redis.Eval(wait, calls[i].script.source, calls[i].keys, calls[i].args...).Result() //nolint:gosec // there is one command for each call
		}
		if err != nil {
			failed = errors.Join(failed, err)
		}
		out[i] = v
	}
	if failed != nil {
		return nil, unreachable(ctx, failed)
	}
	return out, nil
}
