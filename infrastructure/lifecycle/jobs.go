package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"time"
)

// Job is work that is done again and again in the background.
type Job struct {
	// Name is for messages.
	Name string
	// Every is the time between the end of one run and the start of the next; it must be longer than 0.
	Every time.Duration
	// Wake, if not nil, starts a run at once for each value received from it. It must not be closed.
	Wake <-chan struct{}
	// Run does the work once. Its context ends when the jobs are stopped; it must then return soon, leaving nothing half done.
	Run func(ctx context.Context) error
}

// Jobs runs jobs, each in its own goroutine and never twice at a time. A job that fails or panics is logged and run again at
// its next turn: one bad row must not end the process. Make one with NewJobs.
type Jobs struct {
	log    *slog.Logger
	jobs   []Job
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// NewJobs makes a runner for jobs. It returns an error for a job without a name, a Run, or a positive Every.
func NewJobs(log *slog.Logger, jobs ...Job) (*Jobs, error) {
	for _, job := range jobs {
		if job.Name == "" || job.Run == nil || job.Every <= 0 {
			return nil, fmt.Errorf("job %q needs a name, a run and a time between runs", job.Name)
		}
	}
	return &Jobs{log: log, jobs: jobs}, nil
}

// Part is the runner as a part of a Manager. It is stopped when all runs have returned.
func (j *Jobs) Part() Part {
	return Part{Name: "jobs", Start: j.start, Stop: j.stop}
}

func (j *Jobs) start(ctx context.Context) error {
	// The jobs live as long as the process, not as long as its start.
	ctx, j.cancel = context.WithCancel(context.WithoutCancel(ctx))
	for _, job := range j.jobs {
		j.done.Go(func() { j.loop(ctx, job) })
	}
	return nil
}

func (j *Jobs) stop(ctx context.Context) error {
	if j.cancel == nil {
		return nil // never started
	}
	j.cancel()
	done := make(chan struct{})
	go func() {
		j.done.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (j *Jobs) loop(ctx context.Context, job Job) {
	failing := false
	timer := time.NewTimer(job.Every)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-job.Wake:
		}
		err := runSafely(ctx, job)
		if ctx.Err() != nil {
			return
		}
		j.report(ctx, job, err, failing)
		failing = err != nil
		timer.Reset(job.Every)
	}
}

// report logs the change from well to failing and back, not each failure: a database that is down for an hour is one line.
// A panic is a bug and always logged.
func (j *Jobs) report(ctx context.Context, job Job, err error, failing bool) {
	var panicked *panicError
	switch {
	case errors.As(err, &panicked):
		j.log.ErrorContext(ctx, "background job panicked", "job", job.Name, "error", err, "stack", panicked.stack)
	case err != nil && !failing:
		j.log.WarnContext(ctx, "background job fails", "job", job.Name, "error", err)
	case err == nil && failing:
		j.log.InfoContext(ctx, "background job works again", "job", job.Name)
	}
}

// panicError carries what a job panicked with.
type panicError struct {
	value any
	stack string
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

func runSafely(ctx context.Context, job Job) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicError{value: value, stack: string(debug.Stack())}
		}
	}()
	return job.Run(ctx)
}
