package ids_test

import (
	"regexp"
	"sync"
	"testing"

	"github.com/zeroui/mmm-engine/infrastructure/ids"
)

var v7 = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

func TestNew_isAVersion7UUIDAndRises(t *testing.T) {
	t.Parallel()
	last := ""
	for range 10_000 {
		id := ids.UUIDv7{}.NewID()
		if !v7.MatchString(id) {
			t.Fatalf("New() = %q; want a UUID of version 7", id)
		}
		if id <= last {
			t.Fatalf("New() = %q after %q; want it greater", id, last)
		}
		last = id
	}
}

func TestNew_isUniqueOverGoroutines(t *testing.T) {
	t.Parallel()
	var seen sync.Map
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			for range 1000 {
				if id := (ids.UUIDv7{}).NewID(); !first(&seen, id) {
					t.Errorf("New() = %q twice", id)
				}
			}
		})
	}
	group.Wait()
}

func first(seen *sync.Map, id string) bool {
	_, loaded := seen.LoadOrStore(id, true)
	return !loaded
}
