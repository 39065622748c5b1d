package phrase

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"

	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

const (
	// Timeout is how long one generation may take, and how long a patient decision waits for it at most.
	Timeout = 3 * time.Second
	// PerHour is how many generations a tenant gets within an hour, failed ones included.
	PerHour = 60

	hour = time.Hour
	// lease is how long a claim holds: longer than a generation and the writing of its text.
	lease = 10 * time.Second
	// workers bounds the calls to the model at a time, waiting what is asked for meanwhile.
	workers, waiting = 4, 64
	// settling bounds the writing of what became of a generation, also while the process stops.
	settling = 2 * time.Second
)

// Ask is one text that a decision wants, and what the model's gateway has to know of it.
type Ask struct {
	Wish             action.Wish
	Tenant           tenant.ID
	Settings         tenant.LLM
	Actor            actor.ID
	ActorType        actor.Type
	PolicySnapshotID string
	PolicyVersionIDs []string
}

// Manner is how much may be done to get a text.
type Manner int

// The manners. The zero value costs nothing.
const (
	LookUp  Manner = iota // take what is there
	Prepare               // take what is there, and have the rest written for later
	Wait                  // as Prepare, and wait for it, up to Timeout
)

// Answer is what there is of a text. Said is not Ready where it was not written yet; Down says that this is because the model
// cannot be had, and not only because nobody asked before.
type Answer struct {
	Said action.Said
	Down bool
}

// Floor is time, chance, hiding and counting.
type Floor struct {
	Clock ports.Clock
	IDs   ports.IDs
	Hash  ports.KeyedHash
	// Looked is told whether the cache knew a text; nil tells nobody.
	Looked func(hit bool)
}

// UseCase looks texts up and has them written. Make one with New; without Start nothing is ever written.
type UseCase struct {
	model  ports.ContentGenerator
	texts  ports.PreparedTexts
	floor  Floor
	log    *slog.Logger
	tracer trace.Tracer
	cache  cache
	down   atomic.Bool // the last attempt failed

	mu     sync.Mutex
	queue  chan *job // nil unless started
	under  map[string]*job
	capped map[tenant.ID]time.Time
	done   sync.WaitGroup
	cancel context.CancelFunc
}

// New makes the use case. The clock must be the real one.
func New(model ports.ContentGenerator, texts ports.PreparedTexts, floor Floor, log *slog.Logger) *UseCase {
	return &UseCase{
		model: model, texts: texts, floor: floor, log: log,
		tracer: otel.Tracer("github.com/zeroui/mmm-engine/phrase"),
		under:  map[string]*job{}, capped: map[tenant.ID]time.Time{},
	}
}

// Start begins to write texts.
func (u *UseCase) Start(ctx context.Context) error {
	// Generations live as long as the process, not as long as its start.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	u.mu.Lock()
	defer u.mu.Unlock()
	queue := make(chan *job, waiting)
	u.queue, u.cancel = queue, cancel
	for range workers {
		u.done.Go(func() {
			for j := range queue {
				u.write(ctx, j)
			}
		})
	}
	return nil
}

// Stop takes nothing more, drops what has not begun, and lets the generations under way end. It returns when ctx ends at the
// latest; what is under way is broken off then.
func (u *UseCase) Stop(ctx context.Context) error {
	u.mu.Lock()
	queue := u.queue
	u.queue = nil
	u.mu.Unlock()
	if queue == nil {
		return nil // not started
	}
	for dropped := true; dropped; {
		select {
		case j := <-queue:
			u.finish(j, action.Said{}, false)
		default:
			dropped = false
		}
	}
	close(queue)
	ended := make(chan struct{})
	go func() {
		u.done.Wait()
		close(ended)
	}()
	defer u.cancel()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		u.cancel()
		<-ended
		return ctx.Err()
	}
}

// Texts gives an answer for each ask. It never fails: a text that cannot be had is not there. Only with Wait does it take
// longer than looking into the store.
func (u *UseCase) Texts(ctx context.Context, how Manner, asks ...Ask) []Answer {
	out := make([]Answer, len(asks))
	jobs := make([]*job, len(asks))
	for i, a := range asks {
		key := u.key(a)
		c, state := u.find(ctx, a.Tenant, key)
		switch {
		case state == ports.TextReady:
			out[i] = Answer{Said: a.Wish.Look(c.Text, c.Verdict)}
			continue
		case how != LookUp:
			jobs[i] = u.start(ctx, a, key, state)
		}
		out[i].Down = u.down.Load()
	}
	if how != Wait {
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	for i, j := range jobs {
		if j == nil {
			continue
		}
		select {
		case <-j.done:
			out[i] = Answer{Said: j.said, Down: j.failed}
		case <-ctx.Done():
			out[i].Down = true
		}
	}
	return out
}

// find looks into the cache and then into the store. A store that cannot be read has nothing.
func (u *UseCase) find(ctx context.Context, t tenant.ID, key string) (ports.Content, ports.TextState) {
	now := u.floor.Clock.Now()
	c, hit := u.cache.get(key, now)
	if u.floor.Looked != nil {
		u.floor.Looked(hit)
	}
	if hit {
		return c, ports.TextReady
	}
	found, err := u.texts.Find(ctx, t, key, now)
	if err != nil {
		if ctx.Err() == nil {
			u.log.WarnContext(ctx, "generated texts cannot be read", "tenant_id", string(t), "error", err)
		}
		return ports.Content{}, ports.TextClaimed // not the time to begin anything
	}
	if found.State == ports.TextReady {
		u.cache.put(key, found.Content, found.Until)
	}
	return found.Content, found.State
}

// start gives the job that writes the text, a new one unless there is one; nil where none can begin now.
func (u *UseCase) start(ctx context.Context, a Ask, key string, state ports.TextState) *job {
	u.mu.Lock()
	defer u.mu.Unlock()
	if j := u.under[key]; j != nil {
		return j
	}
	if state != ports.TextNone || u.queue == nil || u.floor.Clock.Now().Before(u.capped[a.Tenant]) {
		return nil
	}
	j := &job{ask: a, key: key, span: trace.SpanContextFromContext(ctx), done: make(chan struct{})}
	select {
	case u.queue <- j:
		u.under[key] = j
		return j
	default:
		return nil // the next decision asks again
	}
}
