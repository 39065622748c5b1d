package expression

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/situation"
)

const minWindow = time.Minute

var errWindow = errors.New("the window must be a text from '1m' to '7d', such as '30m', '24h' or '1d12h'")

// parseWindow reads a duration that may start with whole days.
func parseWindow(s string) (time.Duration, error) {
	var out time.Duration
	if days, rest, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 8)
		if err != nil {
			return 0, errWindow
		}
		out, s = time.Duration(n)*24*time.Hour, rest
		if s == "" {
			s = "0s"
		} else if s[0] == '-' || s[0] == '+' {
			return 0, errWindow
		}
	}
	rest, err := time.ParseDuration(s)
	if err != nil || rest > situation.MaxWindow { // keeps the sum from overflowing
		return 0, errWindow
	}
	if out += rest; out < minWindow || out > situation.MaxWindow {
		return 0, errWindow
	}
	return out, nil
}
