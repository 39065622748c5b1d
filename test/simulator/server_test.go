package simulator_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator"
)

func TestAServerAnswersByItsHandlerAndRemembersWhatItWasAsked(t *testing.T) {
	t.Parallel()
	s := start(t, neighbour())
	require.Equal(t, "neighbour", s.Name())
	before := time.Now()

	got := call(t.Context(), http.MethodPost, s.URL()+"/a/b?x=1&x=2", strings.NewReader("hello"))
	require.NoError(t, got.err)
	require.Equal(t, http.StatusOK, got.status)
	require.JSONEq(t, real, got.body)
	require.Equal(t, "hello", got.header.Get("X-Read"), "the handler reads the body too")
	get(t, s.URL()+"/other")

	require.Equal(t, 2, s.Calls())
	require.Equal(t, 1, s.Calls("/other"))
	require.Equal(t, 2, s.Calls("/other", "/a/b"))
	require.Zero(t, s.Calls("/a"), "only the exact path")
	require.Len(t, s.Requests(), 2)

	asked := s.Requests("/a/b")[0]
	require.Equal(t, http.MethodPost, asked.Method)
	require.Equal(t, "/a/b", asked.Path)
	require.Equal(t, []string{"1", "2"}, asked.Query["x"])
	require.Equal(t, "hello", string(asked.Body))
	require.Equal(t, "Go-http-client/1.1", asked.Header.Get("User-Agent"))
	require.WithinRange(t, asked.At, before, time.Now())

	asked.Header.Set("User-Agent", "changed")
	asked.Query.Set("x", "3")
	asked.Body[0] = 'j'
	again := s.Requests("/a/b")[0]
	require.Equal(t, "Go-http-client/1.1", again.Header.Get("User-Agent"), "what is given out is a copy")
	require.Equal(t, "1", again.Query.Get("x"))
	require.Equal(t, "hello", string(again.Body))

	s.Forget()
	require.Zero(t, s.Calls())
	require.Empty(t, s.Requests())
}

func TestTheFirstMiBOfABodyIsRemembered(t *testing.T) {
	t.Parallel()
	var read int64
	s := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var all bytes.Buffer
		read, _ = all.ReadFrom(r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	got := call(t.Context(), http.MethodPost, s.URL()+"/", bytes.NewReader(make([]byte, 3<<20)))
	require.NoError(t, got.err)
	require.EqualValues(t, 3<<20, read, "the handler reads all of it")
	require.Len(t, s.Requests()[0].Body, 1<<20)
}

func TestARefusedCallerComesBackToTheSameAddress(t *testing.T) {
	t.Parallel()
	s := start(t, neighbour())
	url := s.URL()
	require.NoError(t, s.Refuse())
	require.NoError(t, s.Refuse(), "twice is no error")
	require.ErrorContains(t, get(t, url).err, "refused")
	require.Zero(t, s.Calls(), "it never arrived")

	require.NoError(t, s.Accept())
	require.NoError(t, s.Accept(), "twice is no error")
	require.Equal(t, url, s.URL())
	require.JSONEq(t, real, get(t, url).body)

	require.NoError(t, s.Refuse())
	s.Mend()
	require.JSONEq(t, real, get(t, url).body, "Mend listens again")
}

func TestRefusingEndsTheCallsUnderWay(t *testing.T) {
	t.Parallel()
	s := start(t, neighbour())
	s.Break(simulator.SlowHeaders())
	done := held(t.Context(), t, s, "/", false)
	require.NoError(t, s.Refuse())
	require.Error(t, (<-done).err)
}

func TestAClosedServerIsGoneForGood(t *testing.T) {
	t.Parallel()
	s := start(t, neighbour())
	s.Break(simulator.SlowHeaders(), "/slow")
	s.Break(simulator.Trickle(), "/trickle")
	slow := held(t.Context(), t, s, "/slow", false)
	trickle := held(t.Context(), t, s, "/trickle", true)
	s.Close()
	s.Close()
	require.Error(t, (<-slow).err, "a held call ends")
	require.Error(t, (<-trickle).err, "a held call ends")
	require.Error(t, get(t, s.URL()).err)
	require.Error(t, s.Accept())
	s.Mend()
	require.Error(t, get(t, s.URL()).err, "Mend does not bring it back")
}

func TestAServerStartsOnAGivenAddressOrSaysWhyNot(t *testing.T) {
	t.Parallel()
	s := start(t, neighbour())
	addr := strings.TrimPrefix(s.URL(), "http://")
	_, err := simulator.StartOn("second", addr, neighbour())
	require.ErrorContains(t, err, "second")

	s.Close()
	again, err := simulator.StartOn("second", addr, neighbour())
	require.NoError(t, err)
	defer again.Close()
	require.Equal(t, s.URL(), again.URL())
	require.JSONEq(t, real, get(t, again.URL()).body)
}

func TestAServerIsUsedByManyAtOnce(t *testing.T) {
	t.Parallel()
	s := start(t, neighbour())
	ctx, cancel := context.WithCancel(t.Context())
	var callers, breakers sync.WaitGroup
	for i := range 4 {
		callers.Go(func() {
			for range 50 {
				call(ctx, http.MethodPost, fmt.Sprintf("%s/%d", s.URL(), i), strings.NewReader("x"))
				s.Requests()
			}
		})
	}
	breakers.Go(func() {
		for ctx.Err() == nil {
			for _, row := range simulator.AllFaults() {
				s.BreakNext(1, row.Fault, "/1")
				s.Calls("/1")
			}
			_ = s.Refuse()
			s.Mend()
			s.Forget()
		}
	})
	callers.Wait()
	cancel()
	breakers.Wait()
	s.Mend()
	require.JSONEq(t, real, get(t, s.URL()+"/1").body)
}
