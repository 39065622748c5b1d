package neighbours_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/test/contract/neighbours"
	"github.com/zeroui/mmm-engine/test/simulator"
)

// tidy closes the connections that are kept for a next call, which there is not.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer httpclient.CloseIdle()
	defer http.DefaultClient.CloseIdleConnections()
	return m.M.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(tidy{m}) }

const (
	path    = "/v1/thing"
	timeout = 200 * time.Millisecond
)

// thing is an answer with fields that are needed.
type thing struct {
	Name  string `json:"name"`
	Sound *bool  `json:"sound"`
}

// Check implements the check of httpclient.
func (a thing) Check() error {
	if a.Name == "" || a.Sound == nil {
		return errors.New("a field is missing")
	}
	return nil
}

// unchecked is the same answer, whatever is missing.
type unchecked thing

var errUnavailable = fault.New(fault.Unavailable, "", "the neighbour cannot be asked")

// start gives a neighbour and a breaker for it.
func start(t *testing.T) (*simulator.Server, *resilience.Breaker) {
	t.Helper()
	mux := simulator.NewMux()
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		mux.Handle(method, path, func(w http.ResponseWriter, _ *http.Request) {
			simulator.WriteJSON(w, http.StatusOK, map[string]any{"name": "n", "sound": true, "new": 1})
		})
	}
	server, err := simulator.Start("thing", mux)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	m, err := resilience.NewManager([]string{"thing"}, resilience.Thresholds{Failures: 5, Successes: 2, Delay: time.Minute}, nil, time.Now)
	require.NoError(t, err)
	breaker, err := m.Breaker("thing")
	require.NoError(t, err)
	return server, breaker
}

// adapter is a sound adapter, or one that is changed to be bad.
type adapter struct {
	client *httpclient.Client
	call   httpclient.Call
	out    func() any
}

func (a adapter) do(ctx context.Context) error {
	if err := a.client.JSON(ctx, a.call, a.out()); err != nil {
		return errUnavailable.Because(err)
	}
	return nil
}

// onClient makes a subject of an adapter on the house's client; change makes the adapter a bad one.
func onClient(change func(*neighbours.Subject, *adapter)) func(t *testing.T) neighbours.Subject {
	return func(t *testing.T) neighbours.Subject {
		t.Helper()
		server, breaker := start(t)
		client, err := httpclient.New(httpclient.Config{Name: "thing", BaseURL: server.URL(), Timeout: timeout, Breaker: breaker})
		require.NoError(t, err)
		a := adapter{client: client, call: httpclient.Call{Op: "get", Path: path}, out: func() any { return &thing{} }}
		s := neighbours.Subject{Server: server, Path: path, Breaker: breaker, Timeout: timeout}
		change(&s, &a)
		if s.Call == nil {
			s.Call = a.do
		}
		return s
	}
}

func sound(*neighbours.Subject, *adapter) {}

func TestRun_aSoundAdapterPasses(t *testing.T) {
	t.Parallel()
	neighbours.Run(t, onClient(sound))
}

func TestRun_soDoesOneThatTriesAgainAndSaysSo(t *testing.T) {
	t.Parallel()
	neighbours.Run(t, onClient(func(s *neighbours.Subject, a *adapter) {
		a.call.Retry = httpclient.Retry{Attempts: 2, First: time.Millisecond}
		s.Attempts = map[string]int{
			neighbours.Refused:  2,
			"reset in mid-body": 2, "slow headers": 2, "trickling body": 2, "500": 2, "500 page": 2, "502": 2, "503": 2, "504": 2,
			"429 zero": 2, "429 bare": 2, "429 seconds": 2,
		}
	}))
}

func TestRun_soDoesOneThatMayBeLenient(t *testing.T) {
	t.Parallel()
	neighbours.Run(t, onClient(func(s *neighbours.Subject, a *adapter) {
		a.out = func() any { return &unchecked{} }
		s.Lenient = map[string]bool{"empty object": true}
	}))
}

func TestRun_catchesBadAdapters(t *testing.T) {
	t.Parallel()
	five := []string{"500", "500 page", "502", "503", "504"}
	four := []string{"401", "403", "404", "422", "429 seconds", "429 date", "429 zero", "429 bare"}
	for name, tc := range map[string]struct {
		change func(*neighbours.Subject, *adapter)
		rows   []string // that catch it
		says   string
	}{
		"it takes an empty object for a success": {
			func(_ *neighbours.Subject, a *adapter) { a.out = func() any { return &unchecked{} } },
			[]string{"empty object"},
			"it succeeded",
		},
		"it answers from nowhere": {
			func(s *neighbours.Subject, a *adapter) {
				s.Call = func(ctx context.Context) error {
					_ = a.do(ctx)
					return nil
				}
			},
			append([]string{neighbours.Refused, neighbours.Canceled, neighbours.Redirect, "huge", "null"}, four...), "succe",
		},
		"it tries again": {
			func(_ *neighbours.Subject, a *adapter) {
				a.call.Retry = httpclient.Retry{Attempts: 2, First: time.Millisecond}
			},
			append([]string{"slow headers"}, five...), "it made 2 attempts, not 1",
		},
		"its error is the client's": {
			func(s *neighbours.Subject, a *adapter) {
				s.Call = func(ctx context.Context) error { return a.client.JSON(ctx, a.call, a.out()) }
			},
			append([]string{neighbours.Refused, neighbours.Opens, "null"}, four...), "its error is foreign",
		},
		"it blames the engine": {
			func(s *neighbours.Subject, a *adapter) {
				s.Call = func(ctx context.Context) error {
					if err := a.do(ctx); err != nil {
						return fault.New(fault.Internal, fault.CodeInternal, "something is wrong")
					}
					return nil
				}
			},
			append([]string{neighbours.Refused, neighbours.Opens}, five...), "the engine itself",
		},
		"it tells everybody where the neighbour lives": {
			func(s *neighbours.Subject, a *adapter) {
				s.Call = func(ctx context.Context) error {
					if err := a.do(ctx); err != nil {
						return fault.New(fault.Unavailable, "", "no answer from %s", s.Server.URL())
					}
					return nil
				}
			},
			append([]string{neighbours.Refused, neighbours.Opens}, four...), "the neighbour's address",
		},
		"it asks nobody": {
			func(s *neighbours.Subject, _ *adapter) {
				s.Call = func(context.Context) error { return errUnavailable }
			},
			[]string{neighbours.Refused, neighbours.Canceled, "500"},
			"",
		},
		"its breaker hears nothing": {
			deaf,
			append([]string{neighbours.Refused, neighbours.Opens, "slow headers", "truncated JSON", "wrong types"}, five...), "breaker",
		},
		"its breaker counts the neighbour's refusals": {
			countAll, four, "no failure of the neighbour",
		},
		"its breaker counts callers who go away": {
			countAll, []string{neighbours.Canceled}, "the caller went away",
		},
		"it goes where it is sent": {naive(t, closes, timeout), []string{neighbours.Redirect}, "it followed a redirect"},
		"it leaves bodies open":    {naive(t, keeps, time.Hour), []string{"401"}, "it left goroutines behind"},
		"it waits for ever":        {naive(t, closes, time.Hour), []string{"slow headers"}, "it did not return"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := neighbours.Check(t, onClient(tc.change), tc.rows...)
			for _, row := range tc.rows {
				require.NotEmpty(t, found[row], row)
				require.Contains(t, strings.Join(found[row], "\n"), tc.says, row)
			}
		})
	}
}

// deaf makes an adapter that never asks its breaker.
func deaf(s *neighbours.Subject, a *adapter) {
	a.client, _ = httpclient.New(httpclient.Config{Name: "thing", BaseURL: s.Server.URL(), Timeout: timeout})
}

// countAll makes an adapter whose breaker takes every error for a failure of the neighbour.
func countAll(s *neighbours.Subject, a *adapter) {
	deaf(s, a)
	quiet, breaker := *a, s.Breaker
	s.Call = func(ctx context.Context) error {
		ticket, err := breaker.Acquire()
		if err != nil {
			return errUnavailable.Because(err)
		}
		err = quiet.do(ctx)
		verdict := resilience.Success
		if err != nil {
			verdict = resilience.Failure
		}
		breaker.Done(ticket, verdict)
		return err
	}
}

// What becomes of the bodies of naive.
const (
	closes = true
	keeps  = false
)

// naive makes adapters on the standard client, which follows redirects, is bounded in no way and asks no breaker. What they
// keep is let go of when the test ends.
func naive(t *testing.T, closing bool, wait time.Duration) func(*neighbours.Subject, *adapter) {
	t.Helper()
	return func(s *neighbours.Subject, _ *adapter) {
		address := s.Server.URL() + path
		s.Call = func(ctx context.Context) error {
			ctx, cancel := context.WithTimeout(ctx, wait)
			if closing {
				defer cancel()
			} else {
				t.Cleanup(cancel)
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
			if err != nil {
				return err
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				return errUnavailable.Because(err)
			}
			if closing {
				defer func() { _ = resp.Body.Close() }()
			} else {
				t.Cleanup(func() { _ = resp.Body.Close() })
			}
			if resp.StatusCode != http.StatusOK {
				return errUnavailable
			}
			raw, err := io.ReadAll(resp.Body)
			if err != nil || json.Unmarshal(raw, &thing{}) != nil {
				return errUnavailable
			}
			return nil
		}
	}
}
