package eris_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/eris"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/simulator"
	service "github.com/zeroui/mmm-engine/test/simulator/eris"
)

func sendAll(t *testing.T, s *eris.Sender, rows []ports.OutboxRow) {
	t.Helper()
	n, err := s.Send(t.Context(), rows)
	require.NoError(t, err)
	require.Equal(t, len(rows), n)
}

func TestSender_deliversByEachWay(t *testing.T) {
	t.Parallel()
	noTenant := service.Mended()
	noTenant.NoTenant = true
	governed := service.Mended()
	governed.Governed = true
	for name, tc := range map[string]struct {
		quirks                 service.Quirks
		transport              eris.Transport
		single, bulk, couriers int
	}{
		"as it is today":          {service.Usual(), eris.Auto, 1, 0, 3},
		"without tenants":         {noTenant, eris.Auto, 1, 0, 3},
		"with a broken scan":      {governed, eris.Auto, 1, 0, 3},
		"mended":                  {service.Mended(), eris.Auto, 1, 3, 0},
		"by courier only":         {service.Usual(), eris.Courier, 0, 0, 3},
		"by the single ways only": {service.Mended(), eris.Single, 0, 3, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := start(t, tc.quirks)
			rows := rowsOf(t, acme, 1, 250)
			sendAll(t, sender(t, sim, by(tc.transport)), rows)
			require.Equal(t, ids(rows), kept(sim, acme), "in order, each once")
			require.Zero(t, sim.Lost())
			require.Equal(t, tc.single, sim.Calls(service.ReceiptPath))
			require.Equal(t, tc.bulk, sim.Calls(service.BulkPath))
			require.Equal(t, tc.couriers, sim.Calls(service.CourierPath))
			for i, k := range sim.Kept("acme") {
				require.Equal(t, rows[i].Body, string(k.Raw), "the bytes that were signed")
			}
			for _, r := range sim.Requests() {
				require.Equal(t, "Bearer "+service.Token, r.Header.Get("Authorization"))
				require.Equal(t, "acme", r.Header.Get("X-Tenant-ID"))
				require.NotEmpty(t, r.Header.Get("traceparent"))
				require.NotEmpty(t, r.Header.Get("X-Request-ID"))
				require.LessOrEqual(t, len(r.Body), 512<<10)
			}
		})
	}
}

func TestSender_triesTheSingleWayAgain(t *testing.T) {
	t.Parallel()
	sim, c := start(t, service.Usual()), newClock()
	s := sender(t, sim, func(config *eris.Config) { config.Now = c.Now })
	n := 0
	next := func() {
		n++
		sendAll(t, s, rowsOf(t, acme, n, n))
	}
	next()
	c.advance(10*time.Minute - time.Second)
	next()
	require.Equal(t, 1, sim.Calls(service.ReceiptPath), "not before ten minutes")
	c.advance(time.Second)
	next()
	next()
	require.Equal(t, 2, sim.Calls(service.ReceiptPath), "and once")
	require.Equal(t, 4, sim.Calls(service.CourierPath))

	c.advance(10 * time.Minute)
	sim.Break(simulator.ServerError(), service.ReceiptPath)
	next()
	require.Equal(t, 3, sim.Calls(service.ReceiptPath))
	require.Equal(t, 5, sim.Calls(service.CourierPath), "a trial that fails otherwise leaves what works")
	sim.Mend()

	sim.Behave(service.Mended())
	c.advance(10 * time.Minute)
	next()
	next()
	require.Equal(t, 5, sim.Calls(service.ReceiptPath), "mended: it stays")
	require.Equal(t, 5, sim.Calls(service.CourierPath))
	sim.Behave(service.Usual())
	next()
	require.Equal(t, 6, sim.Calls(service.CourierPath), "and back at once")
	require.Len(t, kept(sim, acme), n)
}

func TestSender_doesNotSwitchForAnythingElse(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]simulator.Fault{
		"another 400":         simulator.Status(400, `{"detail":{"error":{"code":"VALIDATION_ERROR","message":"receipt too old"}}}`),
		"another code":        simulator.Status(400, `{"detail":{"error":{"code":"OTHER","message":"Schema not found"}}}`),
		"another status":      simulator.Status(403, `{"detail":{"error":{"code":"TENANT_ID_MISSING","message":"x"}}}`),
		"500":                 simulator.Status(500, `{"detail":{"error":{"code":"TENANT_ID_MISSING","message":"x"}}}`),
		"an unusable success": simulator.Answer(`{"receipt_id":"01930000-0000-7000-8000-000000000002","status":"ingested"}`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := start(t, service.Mended())
			s := sender(t, sim)
			sim.BreakNext(1, answer, service.ReceiptPath)
			n, err := s.Send(t.Context(), rowsOf(t, acme, 1, 1))
			require.Zero(t, n)
			require.Error(t, err)
			sendAll(t, s, rowsOf(t, acme, 1, 1))
			require.Zero(t, sim.Calls(service.CourierPath))
		})
	}
}

func TestSender_saysWhatBecomesOfAReceipt(t *testing.T) {
	t.Parallel()
	refused := func(status int) simulator.Fault {
		return simulator.Status(status, `{"detail":{"error":{"code":"NO_WAY","message":"because"}}}`)
	}
	for _, transport := range []eris.Transport{eris.Single, eris.Courier} {
		for name, tc := range map[string]struct {
			fault  simulator.Fault
			kind   fault.Kind
			wait   time.Duration
			detail string
		}{
			"500":          {simulator.ServerError(), fault.Unavailable, 0, "status 500"},
			"503 page":     {simulator.Unavailable(503), fault.Unavailable, 0, "status 503"},
			"401":          {refused(401), fault.Unauthenticated, 0, "status 401, code NO_WAY, because"},
			"403":          {refused(403), fault.Forbidden, 0, "status 403, code NO_WAY, because"},
			"404":          {refused(404), fault.NotFound, 0, "status 404, code NO_WAY, because"},
			"409":          {refused(409), fault.Invalid, 0, "status 409, code NO_WAY, because"},
			"422":          {refused(422), fault.Invalid, 0, "status 422, code NO_WAY, because"},
			"429":          {simulator.TooMany("7"), fault.Exhausted, 7 * time.Second, "status 429"},
			"429 zero":     {simulator.TooMany("0"), fault.Exhausted, 100 * time.Millisecond, "status 429"},
			"429 bare":     {simulator.TooMany(""), fault.Exhausted, 100 * time.Millisecond, "status 429"},
			"429 for ever": {simulator.TooMany("Fri, 31 Dec 2100 23:59:59 GMT"), fault.Exhausted, 5 * time.Minute, "status 429"},
			"a page":       {simulator.HTML(), fault.Unavailable, 0, "malformed"},
			"a redirect":   {simulator.StatusWith(302, "", "", map[string]string{"Location": "/x"}), fault.Unavailable, 0, "status 302"},
			"another word": {
				simulator.Rewrite(func(b []byte) []byte {
					return []byte(strings.NewReplacer("ingested", "queued", "completed", "partial").Replace(string(b)))
				}), fault.Unavailable, 0, "status 201",
			},
		} {
			t.Run(string(transport)+" "+name, func(t *testing.T) {
				t.Parallel()
				sim, c := start(t, service.Mended()), newClock()
				s := sender(t, sim, by(transport), func(config *eris.Config) { config.Now = c.Now })
				sim.BreakNext(1, tc.fault)
				n, err := s.Send(t.Context(), rowsOf(t, acme, 1, 1))
				require.Zero(t, n)
				known, ok := errors.AsType[*fault.Error](err)
				require.True(t, ok, "%v", err)
				require.Equal(t, tc.kind, known.Kind)
				require.Equal(t, tc.wait, known.RetryAfter)
				require.Contains(t, known.Detail, tc.detail)
				require.Equal(t, tc.wait == 0, s.Ready())
				if tc.wait > 0 {
					_, err = s.Send(t.Context(), rowsOf(t, "other", 2, 2))
					require.True(t, fault.Is(err, fault.Exhausted), "the limit is everybody's")
					require.Equal(t, 1, sim.Calls())
				}
				c.advance(tc.wait)
				require.True(t, s.Ready())
				sendAll(t, s, rowsOf(t, acme, 1, 1))
				require.Len(t, kept(sim, acme), 1)
			})
		}
	}
}

func TestSender_isNotReadyWhileTheBreakerIsOpen(t *testing.T) {
	t.Parallel()
	sim, b := start(t, service.Mended()), breaker(t)
	s := sender(t, sim, func(c *eris.Config) { c.Breaker = b })
	sim.Break(simulator.ServerError())
	for range 5 {
		require.True(t, s.Ready())
		_, err := s.Send(t.Context(), rowsOf(t, acme, 1, 1))
		require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
	}
	require.False(t, s.Ready())
	_, err := s.Send(t.Context(), rowsOf(t, acme, 1, 1))
	require.True(t, fault.Retryable(err))
	require.Equal(t, 5, sim.Calls())
}

func TestSender_keepsToItsRate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rate = 80
		p := eris.NewPace(rate, time.Now)
		began := time.Now()
		var (
			all   sync.WaitGroup
			mu    sync.Mutex
			after []time.Duration
		)
		for range 4 { // tenants
			all.Go(func() {
				for range 2 * rate {
					if p.Wait(t.Context()) != nil {
						return
					}
					mu.Lock()
					after = append(after, time.Since(began))
					mu.Unlock()
				}
			})
		}
		all.Wait()
		require.InDelta(t, 8, time.Since(began).Seconds(), 0.2, "640 requests at 80 a second")
		window := 0
		for i := range after {
			for after[i]-after[window] >= 10*time.Second {
				window++
			}
			require.Less(t, i-window, 1000)
		}
	})
}

func TestSender_parksWhatIsNoReceipt(t *testing.T) {
	t.Parallel()
	set := func(name string, v any) func(map[string]any) {
		return func(wire map[string]any) {
			at := wire
			path := strings.Split(name, ".")
			for _, p := range path[:len(path)-1] {
				at = at[p].(map[string]any)
			}
			if last := path[len(path)-1]; v == nil {
				delete(at, last)
			} else {
				at[last] = v
			}
		}
	}
	for name, change := range map[string]func(map[string]any){
		"receipt_id": set("receipt_id", "x"), "another id": set("receipt_id", idOf(77)), "tenant": set("tenant_id", "globex"),
		"gate": set("gate_id", strings.Repeat("x", 256)), "schema": set("schema_version", strings.Repeat("1", 51)),
		"policies": set("policy_version_ids", []any{1}), "no policies": set("policy_version_ids", nil), "snapshot": set("snapshot_hash", "sha256:00"),
		"two digits": set("timestamp_utc", "2026-11-21T10:00:00.12Z"), "an offset": set("timestamp_utc", "2026-11-21T10:00:00.123+00:00"),
		"no such day": set("timestamp_utc", "2026-02-30T10:00:00.123Z"), "monotonic": set("timestamp_monotonic_ms", int64(1)<<31),
		"negative": set("timestamp_monotonic_ms", -1), "point": set("evaluation_point", "pre-lunch"), "inputs": set("inputs", []any{}),
		"result": set("result", "x"), "status": set("decision.status", "maybe"), "rationale": set("decision.rationale", 7),
		"badges": set("decision.badges", "x"), "repo": set("actor.repo_id", ""), "actor type": set("actor.type", "robot"),
		"handles": set("evidence_handles", []any{map[string]any{"url": "u"}}), "degraded": set("degraded", "no"),
		"signature": set("signature", "sig-ed25519:k1:AAAA"), "kid": set("kid", nil), "half": set("inputs.n", 0.5),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := start(t, service.Usual())
			s := sender(t, sim)
			rows := []ports.OutboxRow{rowOf(t, acme, 1), rowOf(t, acme, 2), rowOf(t, acme, 3, change), rowOf(t, acme, 4)}
			n, err := s.Send(t.Context(), rows)
			require.Equal(t, 2, n, "those before it go")
			require.True(t, fault.Is(err, fault.Invalid), "%v", err)
			require.Contains(t, err.Error(), "cannot be sent")
			sendAll(t, s, rows[3:])
			require.Equal(t, []string{idOf(1), idOf(2), idOf(4)}, kept(sim, acme))
			require.Zero(t, sim.Lost())
		})
	}
	bad := rowOf(t, acme, 1)
	for _, body := range []string{``, `null`, `[]`, `{`, bad.Body + bad.Body, "\"\xff\""} {
		bad.Body = body
		_, err := sender(t, start(t, service.Usual())).Send(t.Context(), []ports.OutboxRow{bad})
		require.True(t, fault.Is(err, fault.Invalid), body)
	}
}

func TestSender_bulkIsLookedAtReceiptByReceipt(t *testing.T) {
	t.Parallel()
	sim := start(t, service.Mended())
	s := sender(t, sim, by(eris.Single))
	rows := rowsOf(t, acme, 1, 6)
	rows[3] = rowOf(t, acme, 4, func(w map[string]any) { w["inputs"] = map[string]any{"kind": "decision", "tokens_in": "1"} })
	n, err := s.Send(t.Context(), rows)
	require.Equal(t, 3, n, "the prefix that is stored")
	require.True(t, fault.Is(err, fault.Invalid), "%v", err)
	require.Contains(t, err.Error(), "Payload validation failed", "the single route says why")
	sendAll(t, s, rows[4:])
	require.ElementsMatch(t, []string{idOf(1), idOf(2), idOf(3), idOf(5), idOf(6)}, kept(sim, acme))

	for name, change := range map[string]func(results []any) any{
		"a result is missing": func(r []any) any { return r[:len(r)-1] },
		"an unknown word":     func(r []any) any { r[1].(map[string]any)["status"] = "maybe"; return r },
		"none":                func([]any) any { return []any{} },
	} {
		sim := start(t, service.Mended())
		sim.BreakNext(1, simulator.Rewrite(func(b []byte) []byte {
			var answer map[string]any
			_ = json.Unmarshal(b, &answer)
			answer["results"] = change(answer["results"].([]any))
			b, _ = json.Marshal(answer)
			return b
		}), service.BulkPath)
		rows := rowsOf(t, acme, 1, 3)
		n, err := sender(t, sim, by(eris.Single)).Send(t.Context(), rows)
		require.Less(t, n, 3, name)
		require.True(t, fault.Is(err, fault.Unavailable), "%s: %v", name, err)
	}
}

func TestSender_aBatchThatIsRefusedIsTakenApart(t *testing.T) {
	t.Parallel()
	mismatch := simulator.Status(400, `{"detail":{"error":{"code":"VALIDATION_ERROR","message":"Merkle root mismatch","details":null,"retryable":false}}}`)
	t.Run("a root that does not match parks at once", func(t *testing.T) {
		t.Parallel()
		sim := start(t, service.Usual())
		s := sender(t, sim, by(eris.Courier))
		sim.BreakNext(1, mismatch)
		n, err := s.Send(t.Context(), rowsOf(t, acme, 1, 1))
		require.Zero(t, n)
		require.True(t, fault.Is(err, fault.Invalid), "%v", err)
		require.Contains(t, err.Error(), "Merkle root mismatch")
		require.Equal(t, 1, sim.Calls())

		sim.Break(mismatch)
		n, err = s.Send(t.Context(), rowsOf(t, acme, 1, 8))
		require.Zero(t, n)
		require.True(t, fault.Is(err, fault.Invalid))
		require.Equal(t, 1+4, sim.Calls(), "down to the one that is parked")
	})
	t.Run("another 400 has three attempts", func(t *testing.T) {
		t.Parallel()
		sim := start(t, service.Usual())
		s := sender(t, sim, by(eris.Courier))
		rows := rowsOf(t, acme, 1, 1)
		sim.FailStorage(2)
		for range 2 {
			_, err := s.Send(t.Context(), rows)
			require.True(t, fault.Is(err, fault.Unavailable), "%v", err)
			require.Contains(t, err.Error(), "status 400, code VALIDATION_ERROR")
		}
		sendAll(t, s, rows)
		sim.FailStorage(99)
		rows = rowsOf(t, acme, 2, 2)
		for range 2 {
			_, err := s.Send(t.Context(), rows)
			require.True(t, fault.Retryable(err), "%v", err)
		}
		_, err := s.Send(t.Context(), rows)
		require.True(t, fault.Is(err, fault.Invalid), "%v", err)
		_, err = s.Send(t.Context(), rowsOf(t, acme, 3, 3))
		require.True(t, fault.Retryable(err), "the next one has three of its own: %v", err)
	})
	t.Run("one bad receipt does not take the others along", func(t *testing.T) {
		t.Parallel()
		sim := start(t, service.Usual())
		// A service that refuses every batch with this receipt in it.
		poison := idOf(37)
		picky := simulator.NewMux()
		picky.Handle(http.MethodPost, service.CourierPath, func(w http.ResponseWriter, r *http.Request) {
			var b struct {
				BatchID  string `json:"batch_id"`
				Receipts []struct {
					ID string `json:"receipt_id"`
				} `json:"receipts"`
			}
			_ = json.NewDecoder(r.Body).Decode(&b)
			for _, x := range b.Receipts {
				if x.ID == poison {
					simulator.Detail(w, 422, "no")
					return
				}
			}
			simulator.WriteJSON(w, 201, map[string]any{"batch_id": b.BatchID, "status": "completed"})
		})
		server, err := simulator.Start("picky", picky)
		require.NoError(t, err)
		t.Cleanup(server.Close)
		s := sender(t, sim, by(eris.Courier), func(c *eris.Config) { c.BaseURL = server.URL() + "/v1/evidence/" })
		n, err := s.Send(t.Context(), rowsOf(t, acme, 1, 100))
		require.Equal(t, 36, n)
		require.True(t, fault.Is(err, fault.Invalid), "%v", err)
		sendAll(t, s, rowsOf(t, acme, 38, 100))
	})
}

func TestSender_namesABatchByItsBytes(t *testing.T) {
	t.Parallel()
	sim := start(t, service.Usual())
	s := sender(t, sim, by(eris.Courier))
	names := func(rows []ports.OutboxRow) string {
		sim.Forget()
		_, _ = s.Send(t.Context(), rows)
		var b struct {
			BatchID  string   `json:"batch_id"`
			Sequence []string `json:"sequence_numbers"`
			Tenant   string   `json:"tenant_id"`
			Emitter  string   `json:"emitter_service"`
			At       string   `json:"timestamp"`
		}
		require.NoError(t, json.Unmarshal(sim.Requests()[0].Body, &b))
		require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, b.BatchID)
		require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`, b.At)
		require.Equal(t, "mmm", b.Emitter)
		require.Equal(t, string(rows[0].Tenant), b.Tenant)
		for i, r := range rows {
			require.Equal(t, r.Topic, b.Sequence[i])
		}
		return b.BatchID
	}
	first := names(rowsOf(t, acme, 1, 3))
	require.Equal(t, first, names(rowsOf(t, acme, 1, 3)), "the same again")
	seen := map[string]bool{first: true}
	for _, rows := range [][]ports.OutboxRow{rowsOf(t, acme, 1, 2), rowsOf(t, acme, 1, 4), rowsOf(t, acme, 2, 4), rowsOf(t, "other", 1, 3)} {
		id := names(rows)
		require.False(t, seen[id])
		seen[id] = true
	}
	require.Equal(t, []string{idOf(1), idOf(2), idOf(3), idOf(4)}, kept(sim, acme), "whatever is sent again is kept once")
}

func TestSender_batchesAreBounded(t *testing.T) {
	t.Parallel()
	sim := start(t, service.Usual())
	var rows []ports.OutboxRow
	for i := range 20 {
		rows = append(rows, rowOf(t, acme, i+1, func(w map[string]any) {
			w["inputs"] = map[string]any{"kind": "decision", "x": strings.Repeat("y", 100<<10)}
		}))
	}
	unhurried := func(c *eris.Config) { c.Timeout = time.Minute } // two megabytes, on a busy machine
	sendAll(t, sender(t, sim, by(eris.Courier), unhurried), rows)
	require.Equal(t, 4, sim.Calls())
	sendAll(t, sender(t, sim, by(eris.Courier), func(c *eris.Config) { c.BatchMax = 10 }), rowsOf(t, "other", 100, 124))
	require.Equal(t, 4+3, sim.Calls())
}

func TestNew_refusesAConfigurationThatCannotWork(t *testing.T) {
	t.Parallel()
	sound := eris.Config{BaseURL: "http://eris:8007", Now: time.Now}
	_, err := eris.New(sound)
	require.NoError(t, err)
	for says, change := range map[string]func(*eris.Config){
		"transport": func(c *eris.Config) { c.Transport = "pigeon" },
		"batch_max": func(c *eris.Config) { c.BatchMax = 101 },
		"rate":      func(c *eris.Config) { c.Rate = -1 },
		"clock":     func(c *eris.Config) { c.Now = nil },
		"operation": func(c *eris.Config) { c.Paths = map[string]string{"nope": "/x"} },
		"begin":     func(c *eris.Config) { c.Paths = map[string]string{"bulk": "x"} },
		"base URL":  func(c *eris.Config) { c.BaseURL = "eris" },
	} {
		c := sound
		change(&c)
		_, err := eris.New(c)
		require.ErrorContains(t, err, says)
	}
}

func TestSender_usesConfiguredPaths(t *testing.T) {
	t.Parallel()
	var paths sync.Map
	server, err := simulator.Start("elsewhere", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		paths.Store(r.URL.Path, r.Header.Get("X-Team"))
		simulator.WriteJSON(w, 201, map[string]string{"receipt_id": idOf(1), "status": "ingested"})
	}))
	require.NoError(t, err)
	t.Cleanup(server.Close)
	s, err := eris.New(eris.Config{
		BaseURL: server.URL(), Now: time.Now, Paths: map[string]string{"receipt": "/proxy/{tenant_id}/receipts"}, Header: map[string]string{"X-Team": "mmm"},
	})
	require.NoError(t, err)
	sendAll(t, s, []ports.OutboxRow{rowOf(t, tenant.ID("a:b"), 1)})
	team, found := paths.Load("/proxy/a:b/receipts")
	require.True(t, found)
	require.Equal(t, "mmm", team)
}
