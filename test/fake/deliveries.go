package fake

import (
	"context"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

type deliveryKey struct {
	actionKey
	surface intervention.Surface
}

// Deliveries is ports.Deliveries over the actions of a Store.
type Deliveries struct {
	Failing
	s *Store
}

// State implements ports.Deliveries.
func (x *Deliveries) State(
	ctx context.Context, t tenant.ID, id action.ID, s intervention.Surface,
) (state ports.DeliveryState, known bool, err error) {
	err = x.s.read(ctx, &x.Failing, func(db *tables) error {
		k := actionKey{t, string(id)}
		if state, known = db.deliveries[deliveryKey{k, s}]; known {
			state.Returned = db.returned[k]
		}
		return nil
	})
	return state, known, err
}

// Save implements ports.Deliveries.
func (x *Deliveries) Save(
	ctx context.Context, t tenant.ID, id action.ID, s intervention.Surface, state ports.DeliveryState, _ time.Time,
) error {
	return x.s.use(ctx, &x.Failing, func(db *tables) error {
		if _, _, ok := db.action(t, id); !ok {
			return fault.NotFoundf("there is no such action")
		}
		k := actionKey{t, string(id)}
		db.deliveries[deliveryKey{k, s}] = state
		db.returned[k] = state.Returned
		return nil
	})
}

// Surface is a ports.SurfaceDispatcher that takes everything, or answers as it is told. The zero value is ready.
type Surface struct {
	mu      sync.Mutex
	answers []error
	tried   []ports.Delivery
	taken   []ports.Delivery
}

// AnswerNext makes the next deliveries end with these errors, in order; nil takes one.
func (x *Surface) AnswerNext(errs ...error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.answers = append(x.answers, errs...)
}

// Deliver implements ports.SurfaceDispatcher.
func (x *Surface) Deliver(ctx context.Context, d ports.Delivery) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.tried = append(x.tried, d)
	if len(x.answers) > 0 {
		err := x.answers[0]
		if x.answers = x.answers[1:]; err != nil {
			return err
		}
	}
	x.taken = append(x.taken, d)
	return nil
}

// Tried is what was delivered, or was to be.
func (x *Surface) Tried() []ports.Delivery {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]ports.Delivery(nil), x.tried...)
}

// Taken is what was delivered.
func (x *Surface) Taken() []ports.Delivery {
	x.mu.Lock()
	defer x.mu.Unlock()
	return append([]ports.Delivery(nil), x.taken...)
}

// DeliveryMeter counts what it is told. The zero value is ready.
type DeliveryMeter struct {
	mu     sync.Mutex
	counts map[string]int
}

// ActionDelivered implements ports.DeliveryMeter.
func (m *DeliveryMeter) ActionDelivered(tenant, surface, result string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.counts == nil {
		m.counts = map[string]int{}
	}
	m.counts[tenant+" "+surface+" "+result]++
}

// Delivered is how often a tenant's actions ended with a result on a surface.
func (m *DeliveryMeter) Delivered(tenant, surface, result string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts[tenant+" "+surface+" "+result]
}
