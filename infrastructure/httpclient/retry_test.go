package httpclient_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
)

// series answers with one handler after the other and then with the last, and notes when.
func series(t *testing.T, config httpclient.Config, handlers ...http.HandlerFunc) (rig, *[]time.Duration) {
	t.Helper()
	var n atomic.Int32
	var at []time.Duration
	begun := time.Now()
	_, transport := serveInMemory(t, func(w http.ResponseWriter, r *http.Request) {
		at = append(at, time.Since(begun))
		handlers[min(int(n.Add(1)), len(handlers))-1](w, r)
	})
	config.BaseURL, config.Transport = "http://iam.test", transport
	return newRig(t, config), &at
}

func between(t *testing.T, got, least, most time.Duration) {
	t.Helper()
	require.GreaterOrEqual(t, got, least)
	require.LessOrEqual(t, got, most)
}

func TestRetry_waitsLongerEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, at := series(t, httpclient.Config{}, answer(500, jsonType, ""))
		err := r.client.Do(t.Context(), httpclient.Call{Body: 1, Retry: httpclient.Retry{Attempts: 5}}, nil)
		require.Equal(t, 500, asError(t, err).Status)
		require.Len(t, *at, 5)
		for i, base := range []time.Duration{500, 1000, 2000, 2000} {
			wait := ((*at)[i+1] - (*at)[i]).Milliseconds()
			between(t, time.Duration(wait), base*8/10, base*12/10)
		}
		require.Equal(t, 5, r.breaker.Status().Failures, "each attempt has its own ticket")
		err = r.client.Do(t.Context(), httpclient.Call{Retry: httpclient.Retry{Attempts: 5}}, nil)
		require.Equal(t, httpclient.KindOpen, asError(t, err).Kind)
		require.Len(t, *at, 5, "an open breaker is not asked again")
	})
}

func TestRetry_aLaterSuccessIsASuccess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, at := series(t, httpclient.Config{}, answer(200, jsonType, `{"id":"a","size":5`), answer(200, jsonType, `{"id":"b"}`))
		var out profile
		malformed := func(e *httpclient.Error) bool { return e.Kind == httpclient.KindMalformed }
		err := r.client.JSON(t.Context(), httpclient.Call{Retry: httpclient.Retry{Attempts: 2, On: malformed, First: time.Second}}, &out)
		require.NoError(t, err)
		require.Equal(t, profile{ID: "b"}, out, "nothing is left of the first attempt")
		require.Len(t, *at, 2)
		between(t, (*at)[1], 800*time.Millisecond, 1200*time.Millisecond)
		require.Equal(t, 1, r.breaker.Status().Successes)
	})
}

func TestRetry_sendsTheBodyAgain(t *testing.T) {
	t.Parallel()
	var bodies []string
	var got sent
	keep := echo(t, &got)
	n := 0
	r := newRig(t, httpclient.Config{BaseURL: keep})
	err := r.client.Do(t.Context(), httpclient.Call{
		Raw: []byte(`{"a":1}`), Retry: httpclient.Retry{Attempts: 2, First: time.Nanosecond, On: func(*httpclient.Error) bool { return true }},
	}, func(httpclient.Response) error {
		bodies = append(bodies, got.body)
		if n++; n == 1 {
			return context.DeadlineExceeded
		}
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{`{"a":1}`, `{"a":1}`}, bodies)
}

func TestRetry_honoursRetryAfter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header string
		least  time.Duration
		most   time.Duration
	}{
		"seconds": {"3", 3 * time.Second, 3 * time.Second},
		"at once": {"0", 100 * time.Millisecond, 100 * time.Millisecond},
		// Virtual time begins at midnight of 2000-01-01.
		"a date":  {"Sat, 01 Jan 2000 00:00:07 GMT", 7 * time.Second, 7 * time.Second},
		"missing": {"", 400 * time.Millisecond, 600 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, at := series(t, httpclient.Config{}, answer(429, jsonType, "", "Retry-After", c.header), answer(204, "", ""))
				require.NoError(t, r.client.Do(t.Context(), httpclient.Call{Retry: httpclient.Retry{Attempts: 3}}, nil))
				require.Len(t, *at, 2)
				between(t, (*at)[1], c.least, c.most)
			})
		})
	}
}

func TestRetry_neverWaitsBeyondTheDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, at := series(t, httpclient.Config{}, answer(429, jsonType, "", "Retry-After", "3"))
		short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		begun := time.Now()
		err := r.client.Do(short, httpclient.Call{Retry: httpclient.Retry{Attempts: 3}}, nil)
		require.Equal(t, 429, asError(t, err).Status)
		require.Zero(t, time.Since(begun), "it does not wait for what cannot be")
		require.Len(t, *at, 1)

		r, at = series(t, httpclient.Config{}, answer(503, jsonType, "", "Retry-After", "3600"))
		err = r.client.Do(t.Context(), httpclient.Call{Retry: httpclient.Retry{Attempts: 3}}, nil)
		require.Equal(t, time.Hour, asError(t, err).RetryAfter)
		require.Len(t, *at, 1, "an hour is for a later job")

		r, _ = series(t, httpclient.Config{}, answer(503, jsonType, ""))
		gone, leave := context.WithCancel(t.Context())
		time.AfterFunc(100*time.Millisecond, leave)
		begun = time.Now()
		err = r.client.Do(gone, httpclient.Call{Retry: httpclient.Retry{Attempts: 3}}, nil)
		require.Equal(t, 503, asError(t, err).Status)
		require.Equal(t, 100*time.Millisecond, time.Since(begun))
	})
}

func TestRetry_onlyWhatIsWorthIt(t *testing.T) {
	t.Parallel()
	always := func(*httpclient.Error) bool { return true }
	never := func(*httpclient.Error) bool { return false }
	for name, c := range map[string]struct {
		server http.HandlerFunc
		on     func(*httpclient.Error) bool
		want   int
	}{
		"500":        {answer(500, "", ""), nil, 3},
		"429":        {answer(429, "", ""), nil, 3},
		"400":        {answer(400, "", ""), nil, 1},
		"a redirect": {answer(302, "", ""), nil, 1},
		"too large":  {answer(200, "", "12345678901"), nil, 1},
		"closed": {func(w http.ResponseWriter, _ *http.Request) {
			hijacked(w, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", false)
		}, nil, 3},
		"slow":                   {hang, nil, 3},
		"400 if asked for":       {answer(400, "", ""), always, 3},
		"too large if asked for": {answer(200, "", "12345678901"), always, 3},
		"500 unless":             {answer(500, "", ""), never, 1},
		"slow unless":            {hang, never, 1},
		"success":                {answer(200, "", ""), always, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, at := series(t, httpclient.Config{MaxBody: 10, Timeout: time.Second}, c.server)
				_ = r.client.Do(t.Context(), httpclient.Call{Raw: []byte("1"), Retry: httpclient.Retry{Attempts: 3, On: c.on}}, nil)
				synctest.Wait() // for a server that was left waiting
				require.Len(t, *at, c.want)
				require.Zero(t, r.bodies.open.Load())
			})
		})
	}
}

func TestClient_aNeighbourThatComesBackIsFoundByAProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		network, transport := serveInMemory(t, answer(200, jsonType, `{"id":"a"}`))
		r := newRig(t, httpclient.Config{BaseURL: "http://iam.test", Transport: transport})
		network.down.Store(true)
		for range 5 {
			require.Equal(t, httpclient.KindTransport, asError(t, r.client.JSON(t.Context(), httpclient.Call{}, &profile{})).Kind)
		}
		network.down.Store(false)
		require.Equal(t, httpclient.KindOpen, asError(t, r.client.JSON(t.Context(), httpclient.Call{}, &profile{})).Kind)
		time.Sleep(time.Minute)
		gone, leave := context.WithCancel(t.Context())
		leave()
		require.Equal(t, httpclient.KindCanceled, asError(t, r.client.JSON(gone, httpclient.Call{}, &profile{})).Kind)
		for range 2 {
			require.NoError(t, r.client.JSON(t.Context(), httpclient.Call{}, &profile{}))
		}
		require.EqualValues(t, "closed", r.breaker.State())
	})
}
