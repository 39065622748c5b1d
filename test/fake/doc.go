// Package fake holds small programs that stand in for the adapters in tests. They keep what the ports promise, in memory and
// in plain maps, and the contract suites hold them to it. Each can be told to fail: FailNext(err) makes the next call that can
// fail return err, and calls of it queue up.
package fake

import "sync"

// Failing makes a fake fail on demand. The zero value never does.
type Failing struct {
	mu   sync.Mutex
	errs []error
}

// FailNext makes the next call fail with err; a nil err lets one call through.
func (f *Failing) FailNext(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, err)
}

func (f *Failing) next() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.errs) == 0 {
		return nil
	}
	err := f.errs[0]
	f.errs = f.errs[1:]
	return err
}
