package persistence

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"gorm.io/gorm"

	"github.com/zeroui/mmm-engine/domain/fault"
)

const (
	maxQueued = 1024
	maxBatch  = 64
	// commitWithin bounds one batch. It is longer than a dialect waits for a busy database, so that its error is heard first.
	commitWithin = 15 * time.Second
)

var errClosed = errors.New("the recorder is closed")

// recorder writes queued records in batches: whatever is there when it comes round, and never waiting for more.
type recorder struct {
	db   *DB
	now  func() time.Time
	jobs chan *job
	over chan struct{} // closed when the goroutine has ended

	mu     sync.RWMutex // makes submit and close exclude each other
	closed bool
}

func startRecorder(db *DB, now func() time.Time) *recorder {
	r := &recorder{db: db, now: now, jobs: make(chan *job, maxQueued), over: make(chan struct{})}
	go r.run()
	return r
}

func (r *recorder) close() {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.jobs)
	}
	r.mu.Unlock()
	<-r.over
}

// submit queues a job and waits for its fate. A caller who leaves takes the job along as long as it has not begun.
func (r *recorder) submit(ctx context.Context, j *job) error {
	if err := r.enqueue(j); err != nil {
		return err
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		if j.state.CompareAndSwap(queued, dropped) {
			return fmt.Errorf("record decision: %w", ctx.Err())
		}
		return <-j.done // it had begun: what counts is whether it stands
	}
}

func (r *recorder) enqueue(j *job) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.closed {
		return fault.StoreUnavailable(errClosed)
	}
	select {
	case r.jobs <- j:
		return nil
	default:
		return fault.Overloaded("too many decisions wait to be recorded")
	}
}

func (r *recorder) run() {
	defer close(r.over)
	for j := range r.jobs {
		batch := begin(nil, j)
		for full := false; !full && len(batch) < maxBatch; {
			select {
			case next, open := <-r.jobs:
				if open {
					batch = begin(batch, next)
				}
				full = !open
			default:
				full = true
			}
		}
		if len(batch) > 0 {
			r.commit(batch)
		}
	}
}

// begin adds a job to the batch unless its caller has left.
func begin(batch []*job, j *job) []*job {
	if err := j.ctx.Err(); err != nil {
		if j.state.CompareAndSwap(queued, dropped) {
			j.done <- fmt.Errorf("record decision: %w", err)
		}
		return batch
	}
	if j.state.CompareAndSwap(queued, begun) {
		batch = append(batch, j)
	}
	return batch
}

// results is what became of a batch: nil for a job that stands.
type results map[*job]error

// commit writes a batch and tells every caller. A panic below is a bug of one batch and must not end the recorder.
func (r *recorder) commit(batch []*job) {
	out := results{}
	err := func() (err error) {
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("record decisions: panic: %v", p)
			}
		}()
		return r.write(batch, out)
	}()
	for _, j := range batch {
		if own, told := out[j]; told && own != nil {
			j.done <- own
			continue
		}
		j.done <- err
	}
}

// write puts a batch into one transaction. Its own time limit counts as an unavailable store, not as the caller's deadline. Those whose reservation runs out meanwhile are taken out and the rest is written
// again. Rows that break a constraint are found by going one by one.
func (r *recorder) write(batch []*job, out results) error {
	// The callers' contexts do not reach in here: one who leaves must not undo the others' records.
	ctx, cancel := context.WithTimeout(context.Background(), commitWithin)
	defer cancel()
	for {
		batch = r.punctual(batch, out)
		if len(batch) == 0 {
			return nil
		}
		err := r.transaction(ctx, batch, out, insert)
		switch {
		case errors.Is(err, errAgain):
		case err != nil && constraint(err):
			return r.oneByOne(ctx, batch, out)
		default:
			return failure(context.WithoutCancel(ctx), "record decisions", err)
		}
	}
}

// errAgain undoes a transaction in which a reservation ran out.
var errAgain = errors.New("a reservation ran out before the commit")

func (r *recorder) transaction(ctx context.Context, batch []*job, out results, write func(*gorm.DB, []*job) error) error {
	return r.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		// Waiting for the connection may have taken time, and so may writing.
		if len(r.punctual(batch, out)) < len(batch) {
			return errAgain
		}
		if err := write(tx, batch); err != nil {
			return err
		}
		if len(r.punctual(batch, out)) < len(batch) {
			return errAgain
		}
		return nil
	})
}

// punctual gives the jobs whose reservation still holds and refuses the others.
func (r *recorder) punctual(batch []*job, out results) []*job {
	now := r.now()
	in := make([]*job, 0, len(batch))
	for _, j := range batch {
		if j.late(now) {
			out[j] = errLate()
			continue
		}
		in = append(in, j)
	}
	return in
}

// oneByOne writes each job behind a savepoint, so that one that fails does not take its neighbours along. They go in
// ascending order of tenant, for the counters.
func (r *recorder) oneByOne(ctx context.Context, batch []*job, out results) error {
	slices.SortStableFunc(batch, func(a, b *job) int { return strings.Compare(a.decision.TenantID, b.decision.TenantID) })
	for {
		if batch = r.punctual(batch, out); len(batch) == 0 {
			return nil
		}
		err := r.transaction(ctx, batch, out, func(tx *gorm.DB, jobs []*job) error {
			for _, j := range jobs {
				err := r.alone(tx, j)
				if err != nil && !constraint(err) {
					return err
				}
				delete(out, j)
				if err != nil {
					out[j] = failure(context.WithoutCancel(ctx), "record decision", err)
				}
			}
			return nil
		})
		if !errors.Is(err, errAgain) {
			return failure(context.WithoutCancel(ctx), "record decisions", err)
		}
	}
}

const savepoint = "one_record"

// alone writes one job inside a transaction, all of it or nothing. A number it took goes back with the savepoint.
func (r *recorder) alone(tx *gorm.DB, j *job) error {
	if err := tx.SavePoint(savepoint).Error; err != nil {
		return err
	}
	err := freeKey(tx, j)
	if err == nil {
		err = insert(tx, []*job{j})
	}
	if err == nil {
		return nil
	}
	if back := tx.RollbackTo(savepoint).Error; back != nil {
		return errors.Join(back, err)
	}
	return err
}
