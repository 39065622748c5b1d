package clock_test

import (
	"testing"
	"time"

	"github.com/zeroui/mmm-engine/infrastructure/clock"
)

func TestNow_survivesBeingWrittenAndReadBack(t *testing.T) {
	t.Parallel()
	before := time.Now().Add(-time.Microsecond)
	now := clock.System{}.Now()
	after := time.Now()

	if back := time.UnixMicro(now.UnixMicro()).UTC(); now != back {
		t.Errorf("Now() = %#v; read back from microseconds it is %#v", now, back)
	}
	if now.Before(before) || now.After(after) {
		t.Errorf("Now() = %s; want it between %s and %s", now, before, after)
	}
}
