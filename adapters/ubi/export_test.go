package ubi

import (
	"fmt"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// Kept gives all that is remembered of an actor, in words; false where there is nothing.
func (c *Client) Kept(t tenant.ID, a actor.ID) (string, bool) {
	v, ok := c.history.Peek(whose{t, a})
	return fmt.Sprintf("%#v", v), ok
}
