package postgres_test

import (
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/test/servers"
)

func TestMain(m *testing.M) {
	// What is compared with SQLite leaves GORM's cache of prepared statements behind, whose goroutine nobody can end.
	gorm := goleak.IgnoreAnyFunction("gorm.io/gorm/internal/lru.NewLRU[...].func1")
	goleak.VerifyTestMain(m, gorm, goleak.Cleanup(func(code int) {
		servers.Stop()
		os.Exit(code)
	}))
}
