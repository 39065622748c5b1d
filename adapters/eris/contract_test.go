package eris_test

import (
	"context"
	"testing"

	"github.com/zeroui/mmm-engine/adapters/eris"
	"github.com/zeroui/mmm-engine/test/contract/neighbours"
	service "github.com/zeroui/mmm-engine/test/simulator/eris"
)

// Each route fails as every neighbour does. The sender's clock stands still but for a long rest between two calls, because it leaves
// a service alone that is too busy.
func TestSender_keepsTheContractOfNeighbours(t *testing.T) {
	t.Parallel()
	for name, route := range map[string]struct {
		path      string
		transport eris.Transport
		receipts  int
		lenient   map[string]bool
	}{
		"single":  {service.ReceiptPath, eris.Single, 1, nil},
		"courier": {service.CourierPath, eris.Courier, 1, nil},
		// What is refused together goes one by one, by the route that is in order.
		"bulk": {service.BulkPath, eris.Single, 2, map[string]bool{"422": true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			neighbours.Run(t, func(t *testing.T) neighbours.Subject {
				t.Helper()
				sim, b, c := start(t, service.Mended()), breaker(t), newClock()
				s := sender(t, sim, by(route.transport), func(config *eris.Config) { config.Breaker, config.Now = b, c.Now })
				rows := rowsOf(t, acme, 1, route.receipts)
				return neighbours.Subject{
					Server: sim.Server, Path: route.path, Breaker: b, Timeout: timeout, Lenient: route.lenient,
					Call: func(ctx context.Context) error {
						c.advance(1000 * timeout)
						_, err := s.Send(ctx, rows)
						return err
					},
				}
			})
		})
	}
}
