package postgres_test

import (
	"os"
	"testing"

	"github.com/zeroui/mmm-engine/test/servers"
)

func TestMain(m *testing.M) {
	code := m.Run()
	servers.Stop()
	os.Exit(code)
}
