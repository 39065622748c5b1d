package persistence

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	over sync.WaitGroup // until the goroutine has ended

	mu     sync.RWMutex // makes submit and close exclude each other
	closed bool
}

func startRecorder(db *DB, now func() time.Time) *recorder {
	r := &recorder{db: db, now: now, jobs: make(chan *job, maxQueued)}
	r.over.Go(r.run)
	return r
}

func (r *recorder) close() {
	r.mu.Lock()
	if !r.closed {
		r.closed = true
		close(r.jobs)
	}
	r.mu.Unlock()
	r.over.Wait()
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

// write puts a batch into one transaction. Its own time limit counts as an unavailable store, not as the caller's deadline. All
// rows go together first. Where that breaks a constraint each job goes behind a savepoint, so that one that fails does not take its
// neighbours along, and numbers are given last to those that stand. Where it is a receipt that cannot stand, each job takes its
// number behind its savepoint too.
func (r *recorder) write(batch []*job, out results) error {
	// The callers' contexts do not reach in here: one who leaves must not undo the others' records.
	ctx, cancel := context.WithTimeout(context.Background(), commitWithin)
	defer cancel()
	together := func(tx *gorm.DB, jobs []*job, _ results) error { return r.db.insert(tx, jobs) }
	var err error
	for _, way := range []func(*gorm.DB, []*job, results) error{together, r.numbersLast, r.eachWhole} {
		if err = r.repeated(ctx, batch, out, way); err == nil || !constraint(err) {
			break
		}
	}
	return failure(context.WithoutCancel(ctx), "record decisions", err)
}

// maxUndone is how often a batch is written again that the database has undone.
const maxUndone = 4

// repeated writes a batch until it stands or fails for good. It is written again, whole, without those whose reservation ran out
// meanwhile, and where the database has undone it before the commit. A commit that fails is not repeated: it may stand.
func (r *recorder) repeated(ctx context.Context, batch []*job, out results, write func(*gorm.DB, []*job, results) error) error {
	for undone := 0; ; {
		in := r.punctual(batch, out)
		if len(in) == 0 {
			return nil
		}
		again, err := r.transaction(ctx, in, out, write)
		if err != nil && errors.Is(err, ErrUndone) {
			undone++
		}
		if !again || undone > maxUndone {
			return err
		}
	}
}

// errAgain undoes a transaction in which a reservation ran out.
var errAgain = errors.New("a reservation ran out before the commit")

// transaction reports also whether it is safe and of use to do it again.
func (r *recorder) transaction(
	ctx context.Context, batch []*job, out results, write func(*gorm.DB, []*job, results) error,
) (again bool, err error) {
	err = r.db.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		// Waiting for the connection may have taken time, and so may writing.
		if again = len(r.punctual(batch, out)) < len(batch); again {
			return errAgain
		}
		if err := write(tx, batch, out); err != nil {
			again = errors.Is(err, ErrUndone)
			return err
		}
		if again = len(r.punctual(batch, out)) < len(batch); again {
			return errAgain
		}
		return nil
	})
	return again, err
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

// numbersLast writes the rows of each job behind a savepoint and then numbers those that stand.
func (r *recorder) numbersLast(tx *gorm.DB, jobs []*job, out results) error {
	standing, err := r.oneByOne(tx, jobs, out, insertRows)
	if err != nil {
		return err
	}
	return r.db.number(tx, standing)
}

// eachWhole writes each job behind a savepoint, with its number.
func (r *recorder) eachWhole(tx *gorm.DB, jobs []*job, out results) error {
	_, err := r.oneByOne(tx, jobs, out, r.db.insert)
	return err
}

// oneByOne writes each job behind a savepoint and gives those that stand. They go in ascending order of tenant, for the counters,
// and of key.
func (r *recorder) oneByOne(tx *gorm.DB, jobs []*job, out results, write func(*gorm.DB, []*job) error) ([]*job, error) {
	standing := make([]*job, 0, len(jobs))
	for _, j := range slices.SortedStableFunc(slices.Values(jobs), func(a, b *job) int { return compareKeys(&a.decision, &b.decision) }) {
		err := alone(tx, j, write)
		if err != nil && !constraint(err) {
			return nil, err
		}
		delete(out, j)
		if err != nil {
			out[j] = failure(context.Background(), "record decision", err)
			continue
		}
		standing = append(standing, j)
	}
	return standing, nil
}

const savepoint = "one_record"

// alone writes one job inside a transaction, all of it or nothing. A number it took goes back with the savepoint.
func alone(tx *gorm.DB, j *job, write func(*gorm.DB, []*job) error) error {
	if err := tx.SavePoint(savepoint).Error; err != nil {
		return err
	}
	err := freeKey(tx, j)
	if err == nil {
		err = write(tx, []*job{j})
	}
	if err == nil || !constraint(err) {
		return err
	}
	if back := tx.RollbackTo(savepoint).Error; back != nil {
		return back
	}
	return err
}
