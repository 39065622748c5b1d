package httpapi_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	httpapi "github.com/zeroui/mmm-engine/adapters/http"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/decision"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/fake"
)

// frame is one server-sent event, or a comment.
type frame struct {
	id, event, data string
	comment         bool
}

func (f frame) actionID(tb testing.TB) string {
	tb.Helper()
	var a struct {
		ActionID string `json:"action_id"`
	}
	require.NoError(tb, json.Unmarshal([]byte(f.data), &a), f.data)
	return a.ActionID
}

// listener reads one stream.
type listener struct {
	body   io.ReadCloser
	frames *bufio.Scanner
}

// listen opens a stream on a real connection.
func (h *house) listen(tb testing.TB, root, token, path, last string) *listener {
	tb.Helper()
	r, err := http.NewRequestWithContext(tb.Context(), http.MethodGet, root+base+path, nil)
	require.NoError(tb, err)
	r.Header.Set("Authorization", "Bearer "+token)
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	res, err := http.DefaultClient.Do(r)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = res.Body.Close() })
	require.Equal(tb, http.StatusOK, res.StatusCode)
	require.NoError(tb, h.contract.CheckResponse(http.MethodGet, "/actors/{actor_id}/actions/stream", res.StatusCode, res.Header, []byte{}))
	s := bufio.NewScanner(res.Body)
	s.Buffer(nil, 1<<20)
	s.Split(func(data []byte, end bool) (int, []byte, error) {
		if i := strings.Index(string(data), "\n\n"); i >= 0 {
			return i + 2, data[:i], nil
		}
		if end && len(data) > 0 {
			return 0, nil, fmt.Errorf("the stream broke off within a frame: %q", data)
		}
		return 0, nil, nil
	})
	return &listener{res.Body, s}
}

// next gives the next frame; false at the end of the stream.
func (l *listener) next(tb testing.TB) (frame, bool) {
	tb.Helper()
	if !l.frames.Scan() {
		return frame{}, false
	}
	text := l.frames.Text()
	if strings.HasPrefix(text, ":") {
		return frame{comment: true}, true
	}
	lines := strings.Split(text, "\n")
	require.Len(tb, lines, 3, "%q", text)
	var f frame
	for i, into := range []struct {
		prefix string
		value  *string
	}{{"id: ", &f.id}, {"event: ", &f.event}, {"data: ", &f.data}} {
		value, ok := strings.CutPrefix(lines[i], into.prefix)
		require.True(tb, ok, "%q", text)
		*into.value = value
	}
	return f, true
}

// action gives the next event that is no comment.
func (l *listener) action(tb testing.TB) frame {
	tb.Helper()
	for {
		f, ok := l.next(tb)
		require.True(tb, ok, "the stream ended: %v", l.frames.Err())
		if !f.comment {
			require.Equal(tb, "action", f.event)
			return f
		}
	}
}

// ends reads to the end, which must be a clean one.
func (l *listener) ends(tb testing.TB) {
	tb.Helper()
	for {
		if _, ok := l.next(tb); !ok {
			break
		}
	}
	require.NoError(tb, l.frames.Err())
}

// serve puts the server on a real port and gives its root.
func (h *house) serve(tb testing.TB) string {
	tb.Helper()
	srv := httptest.NewServer(h.handler)
	tb.Cleanup(srv.Close)
	tb.Cleanup(h.server.Drain) // before Close, which waits for what is answered
	return srv.URL
}

const devStream = "/actors/dev1/actions/stream"

func TestStream_firstWhatIsOpenAndThenWhatComes(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.serve(t)
	d, a := h.shown(t, "dev1", "multiplier")
	l := h.listen(t, root, plain, devStream, "")
	first := l.action(t)
	decided := h.run(t, scenario{path: "/decisions/" + d, token: plain, status: 200}).get(t, "decision", "actions", 0).(map[string]any)
	decided["decision_id"] = d
	want, err := json.Marshal(decided)
	require.NoError(t, err)
	require.JSONEq(t, string(want), first.data)
	require.Equal(t, a, first.actionID(t))

	h.shown(t, "dev2", "mirror")
	_, b := h.shown(t, "dev1", "mirror")
	require.Equal(t, b, l.action(t).actionID(t), "another's is not among them")
	_, c := h.shown(t, "dev1", "mirror")
	require.Equal(t, c, l.action(t).actionID(t))
}

func TestStream_resumesBehindTheLastEvent(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.serve(t)
	h.shown(t, "dev1", "mirror")
	dTwo, two := h.shown(t, "dev1", "mirror")
	_, three := h.shown(t, "dev1", "mirror")
	l := h.listen(t, root, plain, devStream, "")
	first := l.action(t)
	require.NoError(t, l.body.Close())

	again := h.listen(t, root, plain, devStream, first.id)
	require.Equal(t, two, again.action(t).actionID(t))
	require.Equal(t, three, again.action(t).actionID(t))

	h.run(t, report(dTwo, two, "accepted", ""))
	answered := h.listen(t, root, plain, devStream, first.id)
	require.Equal(t, three, answered.action(t).actionID(t), "what was answered meanwhile is quiet")
}

func TestStream_neverHoldsReplays(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.serve(t)
	d, _ := h.shown(t, "dev1", "mirror")
	l := h.listen(t, root, plain, devStream, "")
	l.action(t)
	h.replay(t, d)
	_, live := h.shown(t, "dev1", "mirror")
	require.Equal(t, live, l.action(t).actionID(t))
}

// replay stores a copy of a decision as a replayed one, and rings for it.
func (h *house) replay(tb testing.TB, id string) {
	tb.Helper()
	stored, err := h.store.Decisions.ByID(tb.Context(), "acme", decision.ID(id))
	require.NoError(tb, err)
	d := stored.Decision
	d.ID, d.Replay, d.Actions = "replayed", true, slices.Clone(d.Actions)
	d.Actions[0].ID = "replayed"
	require.NoError(tb, h.store.Transactor.Within(tb.Context(), func(ctx context.Context) error {
		_, err := h.store.Decisions.Record(ctx, "acme", ports.Record{Decision: d, Receipt: h.proof(tb), Now: noon})
		return err
	}))
	h.bell.Ring("acme", "dev1")
}

func TestStream_narrowsToASurface(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.serve(t)
	h.once(t, strings.NewReplacer(`"ide","ci"`, `"ide"`, "show.mirror", "show.here").Replace(shows("mirror", "")))
	here := h.decide(t, "dev1", "here", "")
	require.Len(t, here.get(t, "decision", "actions"), 1)
	_, a := h.shown(t, "dev1", "mentor")
	l := h.listen(t, root, plain, devStream+"?surface=ci", "")
	require.Equal(t, a, l.action(t).actionID(t))
}

func TestStream_whoMayFollow(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.server.Drain()
	h.shown(t, "dev1", "mirror")
	h.shown(t, "bot7", "mirror")
	look := func(who, token string, status int, contains ...string) scenario {
		s := told(token+" of "+who, scenario{path: "/actors/" + who + "/actions/stream"}, token, status)
		s.contains = contains
		return s
	}
	h.inOrder(t, []scenario{
		look("dev1", plain, 200, "event: action"),
		look("dev1", delegate, 200, "event: action"),
		look("bot7", human, 200, "event: action"),
		look("bot7", "bot", 200, "event: action"),
		look("dev1", other, 403),
		look("dev1", human, 403),
		look("dev1", manager, 403),
		look("dev1", operator, 403),
		look("dev1", noScope, 403),
		look("a%20b", delegate, 422),
		look("dev1", none, 401),
	})
	require.Zero(t, h.bell.Listeners())
}

func TestStream_refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.server.Drain()
	for _, last := range []string{"x", "-1-0", "1", "1-", "01-0", "1-0 ", "1-0-0", "9223372036854775808-0", strings.Repeat("1", 300)} {
		h.run(t, scenario{
			name: last, path: devStream, token: plain, headers: map[string]string{"Last-Event-ID": last}, status: 422, code: "VALIDATION_FAILED",
			contains: []string{`"field":"Last-Event-ID"`},
		})
	}
	h.run(t, scenario{path: devStream + "?surface=tv", token: plain, status: 422, code: "VALIDATION_FAILED"})
	h.store.OpenActions.FailNext(fault.StoreUnavailable(nil))
	h.run(t, scenario{path: devStream, token: plain, status: 503, code: "STORE_UNAVAILABLE"})
	require.Zero(t, h.bell.Listeners())
}

func TestStream_saysThatItLivesAndLooksAgain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(_ *httpapi.Deps, c *httpapi.Config) { c.Heartbeat = 5 * time.Millisecond })
	// The deadlines of the server are shorter than the stream.
	srv := httptest.NewUnstartedServer(h.handler)
	srv.Config.WriteTimeout, srv.Config.ReadTimeout = 40*time.Millisecond, 40*time.Millisecond
	srv.Start()
	t.Cleanup(srv.Close)
	t.Cleanup(h.server.Drain)
	l := h.listen(t, srv.URL, plain, devStream, "")
	for range 40 {
		f, ok := l.next(t)
		require.True(t, ok, "it outlives the deadlines: %v", l.frames.Err())
		require.True(t, f.comment)
	}
	// Another replica recorded this one: the store has it, and nobody rang.
	d, _ := h.shown(t, "dev2", "mirror")
	stored, err := h.store.Decisions.ByID(t.Context(), "acme", decision.ID(d))
	require.NoError(t, err)
	elsewhere := stored.Decision
	elsewhere.ID, elsewhere.Actor, elsewhere.Actions = "elsewhere", "dev1", slices.Clone(elsewhere.Actions)
	elsewhere.Actions[0].ID = "elsewhere"
	_, err = h.store.Decisions.Record(t.Context(), "acme", ports.Record{Decision: elsewhere, Receipt: h.proof(t), Now: noon})
	require.NoError(t, err)
	require.Equal(t, "elsewhere", l.action(t).actionID(t))
}

func TestStream_endsWithTheToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.serve(t)
	require.NoError(t, h.identity.Know("brief", caller.Claims{
		Subject: "dev1", Tenant: "acme", Scopes: []string{"mmm.read"}, ExpiresAt: noon.Add(50 * time.Millisecond),
	}))
	h.listen(t, root, "brief", devStream, "").ends(t)
}

func TestStream_endsWhenTheServerStops(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	srv := h.server.HTTPServer(l.Addr().String())
	stopped := make(chan error, 1)
	go func() { stopped <- srv.Serve(l) }()
	_, a := h.shown(t, "dev1", "mirror")
	stream := h.listen(t, "http://"+l.Addr().String(), plain, devStream, "")
	require.Equal(t, a, stream.action(t).actionID(t))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	require.NoError(t, srv.Shutdown(ctx), "the stream does not hold the server up")
	require.ErrorIs(t, <-stopped, http.ErrServerClosed)
	stream.ends(t)
}

func TestStream_leavesRoomForOthers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(_ *httpapi.Deps, c *httpapi.Config) { c.MaxInFlight, c.MaxStreams = 1, 1 })
	root := h.serve(t)
	_, a := h.shown(t, "dev1", "mirror")
	l := h.listen(t, root, plain, devStream, "")
	require.Equal(t, a, l.action(t).actionID(t))
	h.shown(t, "dev1", "mirror") // the one place for requests is free
	h.run(t, scenario{path: devStream, token: plain, status: 503, code: "OVERLOADED"})
}

// Eight writers show actions while a reader breaks off and comes back again and again: it sees each once.
func TestStream_missesNothingAndRepeatsNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	root := h.serve(t)
	h.shown(t, "dev2", "mirror") // publishes the playbook
	const writers, each = 8, 10
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		want = map[string]int{}
	)
	for range writers {
		all.Go(func() {
			for range each {
				_, id := h.shown(t, "dev1", "mirror")
				mu.Lock()
				want[id] = 1
				mu.Unlock()
			}
		})
	}
	got, last := map[string]int{}, ""
	for n := 0; n < writers*each; {
		l := h.listen(t, root, plain, devStream, last)
		for range min(7, writers*each-n) {
			f := l.action(t)
			got[f.actionID(t)]++
			last = f.id
			n++
		}
		require.NoError(t, l.body.Close())
	}
	all.Wait()
	require.Equal(t, want, got)
}

// proof gives a receipt that no other has.
func (h *house) proof(tb testing.TB) receipt.Signed {
	tb.Helper()
	doc, err := receipt.New(receipt.Draft{
		ID: h.ids.NewID(), Tenant: "acme", Kind: receipt.KindDecision, At: noon, Point: receipt.PreCommit, Status: receipt.Pass,
		ActorType: receipt.ActorHuman,
	})
	require.NoError(tb, err)
	signed, err := fake.NewSigner().Sign(tb.Context(), doc)
	require.NoError(tb, err)
	return signed
}
