package simulator_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator"
)

func TestWhatACallerGetsOfAFault(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault simulator.Fault
		want  answer
	}{
		"a status":            {simulator.Status(http.StatusForbidden, `{"detail":"no"}`), answer{status: 403, body: `{"detail":"no"}`}},
		"500":                 {simulator.ServerError(), answer{status: 500, body: `{"detail":"Internal server error"}`}},
		"502":                 {simulator.Unavailable(http.StatusBadGateway), answer{status: 502}},
		"429":                 {simulator.TooMany(""), answer{status: 429, header: http.Header{"Retry-After": nil}}},
		"429 with a wait":     {simulator.TooMany("7"), answer{status: 429, header: http.Header{"Retry-After": {"7"}}}},
		"500 page":            {simulator.HTMLError(), answer{status: 500, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}}},
		"page":                {simulator.HTML(), answer{status: 200, header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}}},
		"another answer":      {simulator.Answer(`null`), answer{status: 200, body: `null`, header: http.Header{"Content-Type": {"application/json"}}}},
		"another form":        {simulator.ContentType("text/plain"), answer{status: 200, body: real, header: http.Header{"Content-Type": {"text/plain"}}}},
		"half an answer":      {simulator.Truncated(), answer{status: 200, body: real[:len(real)/2], header: http.Header{"Content-Type": {"application/json"}}}},
		"every type is wrong": {simulator.WrongTypes(), answer{status: 200, body: `{"items":["wrong","wrong","wrong"],"name":7,"sound":"wrong"}`}},
		"a changed answer": {
			simulator.Rewrite(func(b []byte) []byte { return []byte(strings.ReplaceAll(string(b), "true", "1")) }),
			answer{status: 200, body: strings.ReplaceAll(real, "true", "1")},
		},
		"with headers": {
			simulator.StatusWith(http.StatusTeapot, "text/plain", "no", map[string]string{"X-A": "b"}),
			answer{status: 418, body: "no", header: http.Header{"X-A": {"b"}, "Content-Type": {"text/plain"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, neighbour())
			s.Break(tc.fault)
			got := get(t, s.URL())
			require.NoError(t, got.err)
			require.Equal(t, tc.want.status, got.status)
			if tc.want.body != "" {
				require.Equal(t, tc.want.body, got.body)
			}
			for name, want := range tc.want.header {
				require.Equal(t, want, got.header[name], name)
			}
			s.Mend()
			require.JSONEq(t, real, get(t, s.URL()).body)
		})
	}
}

func TestWhoeverWantsToKnowIsToldOfAnArrival(t *testing.T) {
	t.Parallel()
	s := start(t, neighbour())
	arrived := 0
	s.BreakNext(1, simulator.Arriving(func() { arrived++ }, simulator.ServerError()))
	require.Equal(t, http.StatusInternalServerError, get(t, s.URL()).status)
	require.Equal(t, 1, arrived)
}

func TestAHugeAnswerIsSoundButTooLong(t *testing.T) {
	t.Parallel()
	for _, body := range []string{real, `{}`, `[]`, ``} {
		s := start(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		s.Break(simulator.Huge())
		got := get(t, s.URL())
		require.NoError(t, got.err)
		require.Greater(t, len(got.body), 2<<20)
		require.True(t, json.Valid([]byte(got.body)), "%q", body)
		require.Equal(t, body == real, strings.Contains(got.body, `"sound":true`), "what was in it is still in it")
	}
}

func TestAResetComesInTheMiddleOfTheAnswer(t *testing.T) {
	t.Parallel()
	s := start(t, neighbour())
	s.Break(simulator.Reset())
	got := get(t, s.URL())
	require.Equal(t, http.StatusOK, got.status, "the headers have come")
	require.NotEmpty(t, got.body, "and some of the body")
	require.Less(t, len(got.body), len(real))
	require.True(t, errors.Is(got.err, syscall.ECONNRESET) || errors.Is(got.err, io.ErrUnexpectedEOF), "%v", got.err)
}

func TestACallIsHeldUntilMended(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault     simulator.Fault
		firstByte bool
	}{"headers": {simulator.SlowHeaders(), false}, "body": {simulator.Trickle(), true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, neighbour())
			s.Break(tc.fault)

			gone, leave := context.WithCancel(t.Context())
			done := held(gone, t, s, "/", tc.firstByte)
			leave()
			require.ErrorIs(t, (<-done).err, context.Canceled, "whoever goes away is let go")

			done = held(t.Context(), t, s, "/", tc.firstByte)
			s.Mend()
			got := <-done
			require.NoError(t, got.err)
			require.JSONEq(t, real, got.body, "after Mend the real answer comes")
		})
	}
}

func TestWhichCallsAreBroken(t *testing.T) {
	t.Parallel()
	status := func(s *simulator.Server, path string) int { return get(t, s.URL()+path).status }

	t.Run("the next n", func(t *testing.T) {
		t.Parallel()
		s := start(t, neighbour())
		s.BreakNext(2, simulator.ServerError(), "/a")
		s.BreakNext(0, simulator.ServerError())
		require.Equal(t, 200, status(s, "/b"))
		require.Equal(t, 500, status(s, "/a"))
		require.Equal(t, 500, status(s, "/a"))
		require.Equal(t, 200, status(s, "/a"))
		require.Equal(t, 3, s.Calls("/a"), "a broken call counts")
	})
	t.Run("only these paths, until mended", func(t *testing.T) {
		t.Parallel()
		s := start(t, neighbour())
		s.Break(simulator.ServerError(), "/a", "/b")
		for range 3 {
			require.Equal(t, 500, status(s, "/a"))
			require.Equal(t, 500, status(s, "/b"))
			require.Equal(t, 200, status(s, "/c"))
		}
		s.Mend()
		require.Equal(t, 200, status(s, "/a"))
	})
	t.Run("the newest first", func(t *testing.T) {
		t.Parallel()
		s := start(t, neighbour())
		s.Break(simulator.ServerError())
		s.BreakNext(1, simulator.TooMany(""))
		require.Equal(t, 429, status(s, "/"))
		require.Equal(t, 500, status(s, "/"))
	})
}

func TestTheTableHasEveryKindOnceByName(t *testing.T) {
	t.Parallel()
	names, kinds := map[string]bool{}, map[string]int{}
	for _, row := range simulator.AllFaults() {
		require.False(t, names[row.Name], row.Name)
		names[row.Name] = true
		kinds[row.Kind]++
	}
	require.Equal(t, map[string]int{
		simulator.Transport: 1, simulator.Timeout: 2, simulator.Status5xx: 5, simulator.Status4xx: 8, simulator.Malformed: 8,
	}, kinds)
}
