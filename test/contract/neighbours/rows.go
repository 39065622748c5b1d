package neighbours

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/test/simulator"
)

const (
	// slack is what a call may take beyond its timeouts: waits between attempts, and a machine with other things to do.
	slack = 5 * time.Second
	// most is what a call may take, whatever its timeouts.
	most = 10 * time.Second
	// threshold is after how many failures in a row a breaker opens.
	threshold = 5
)

// complaints collects what is wrong.
type complaints struct {
	said []string
	// late says that a call which should have been quick took so long that the adapter's timeout may have played a part.
	late bool
}

func (c *complaints) add(format string, args ...any) {
	c.said = append(c.said, fmt.Sprintf(format, args...))
}

// onFault is the row of a fault: one call while it lasts, one after it.
func onFault(f simulator.Named, begin func(Subject) error) func(func() Subject) complaints {
	return func(fresh func() Subject) complaints {
		var out complaints
		s := fresh()
		if err := begin(s); err != nil {
			out.add("the fault could not be made: %v", err)
			return out
		}
		attempts := max(1, s.Attempts[f.Name])
		returned, err := call(context.Background(), &out, s, attempts)
		if !returned {
			return out
		}
		survived := err == nil && s.Lenient[f.Name]
		if !survived {
			out.judge(s, err)
		}
		if got := s.Server.Calls(s.Path); f.Name != Refused && got != attempts {
			out.add("it made %d attempts, not %d", got, attempts)
		}
		status := s.Breaker.Status()
		switch counts := f.Kind != simulator.Status4xx && !survived; {
		case counts && (status.Failures < 1 || status.Failures > attempts):
			out.add("the breaker counted %d failures of %d attempts", status.Failures, attempts)
		case !counts && (status.Failures > 0 || !status.LastFailureAt.IsZero()):
			out.add("the breaker counted what is no failure of the neighbour")
		}
		out.afterwards(s)
		return out
	}
}

// redirected is the row of a redirect: it is an error, and nobody goes there.
func redirected(fresh func() Subject) complaints {
	var out complaints
	s := fresh()
	const elsewhere = "/elsewhere"
	s.Server.Break(simulator.StatusWith(http.StatusTemporaryRedirect, "", "", map[string]string{"Location": s.Server.URL() + elsewhere}), s.Path)
	if returned, err := call(context.Background(), &out, s, max(1, s.Attempts[Redirect])); returned {
		out.judge(s, err)
	}
	if s.Server.Calls(elsewhere) > 0 {
		out.add("it followed a redirect")
	}
	out.afterwards(s)
	return out
}

// opens is the row of the breaker: five failures of different kinds open it, and then nobody is asked.
func opens(fresh func() Subject) complaints {
	var out complaints
	s := fresh()
	for i, f := range []simulator.Fault{
		simulator.ServerError(), simulator.Reset(), simulator.SlowHeaders(), simulator.Unavailable(http.StatusServiceUnavailable), simulator.HTMLError(),
	} {
		if s.Breaker.State() != resilience.Closed {
			break // several attempts in one call
		}
		s.Server.Break(f, s.Path)
		if returned, err := call(context.Background(), &out, s, threshold); !returned || err == nil {
			out.add("call %d did not fail", i+1)
			return out
		}
	}
	if got := s.Breaker.State(); got != resilience.Open {
		out.add("after %d failures the breaker is %s", threshold, got)
		return out
	}
	s.Server.Mend()
	asked := s.Server.Calls()
	if returned, err := call(context.Background(), &out, s, 1); returned {
		out.judge(s, err)
	}
	if s.Server.Calls() != asked {
		out.add("the neighbour was asked while the breaker was open")
	}
	return out
}

// canceled is the row of a caller who does not wait.
func canceled(fresh func() Subject) complaints {
	var out complaints
	s := fresh()
	ctx, leave := context.WithCancel(context.Background())
	defer leave()
	s.Server.Break(simulator.Arriving(leave, simulator.SlowHeaders()), s.Path)
	switch returned, err := call(ctx, &out, s, 1); {
	case !returned:
	case ctx.Err() == nil:
		out.add("the neighbour was not asked on %s", s.Path)
	case err == nil:
		out.add("a caller who went away got a success")
	}
	if status := s.Breaker.Status(); status.Failures > 0 || !status.LastFailureAt.IsZero() {
		out.add("the breaker counted that the caller went away")
	}
	out.afterwards(s)
	return out
}

// judge looks at an error as a caller of the adapter does.
func (c *complaints) judge(s Subject, err error) {
	if err == nil {
		c.add("it succeeded")
		return
	}
	var known *fault.Error
	if !errors.As(err, &known) {
		c.add("its error is foreign, of %T: %v", err, err)
		return
	}
	if known.Kind == fault.Internal {
		c.add("its error says that the engine itself is broken: %v", err)
	}
	if address, parsed := url.Parse(s.Server.URL()); parsed == nil && strings.Contains(known.Detail, address.Host) {
		c.add("what callers are told has the neighbour's address in it: %s", known.Detail)
	}
}

// afterwards sees that the neighbour is called again once it is back.
func (c *complaints) afterwards(s Subject) {
	s.Server.Mend()
	if s.Breaker.State() != resilience.Closed {
		c.add("one call opened the breaker")
		return
	}
	if returned, err := call(context.Background(), c, s, 1); returned && err != nil {
		c.add("once the neighbour is back, it fails: %v", err)
	}
}

// call makes a call and complains if it takes too long. It gives up on one that does not return.
func call(ctx context.Context, out *complaints, s Subject, attempts int) (returned bool, err error) {
	allowed := min(most, time.Duration(attempts)*s.Timeout+slack)
	done := make(chan error, 1)
	started := time.Now()
	go func() { done <- s.Call(ctx) }()
	select {
	case err = <-done:
	case <-time.After(allowed + slack):
		s.Server.Close() // ends what it waits for, if it waits for that
		out.add("it did not return within %s", allowed+slack)
		out.late = false
		return false, nil
	}
	took := time.Since(started)
	out.late = out.late || took > s.Timeout/2
	if took > allowed {
		out.add("it took %s, more than %s", took, allowed)
	}
	return true, err
}
