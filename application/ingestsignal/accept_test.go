package ingestsignal_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/test/fake"
)

func red(id string) string {
	return `{"signal_id":"` + id + `","actor_id":"dev1","source":"ci","event_type":"ci.run.failed","repo_id":"shop"}`
}

func TestAccept_judgesEachElementByItself(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	got := h.accept(t,
		red("s1"),
		`{"signal_id":"s2","tenant_id":"globex","event_type":"a.b"}`,
		`{"signal_id":"s3","event_type":"a.b","payload":{"note":"password=Xk29fQpw81mZ"}}`,
		`{"signal_id":"s4","event_type":"a.b","occurred_at":"`+now().Add(5*time.Minute+time.Second).Format(time.RFC3339)+`"}`,
		`7`,
		`{"signal_id":"s6"}`,
		red("s1"),
		`{"signal_id":"s7","tenant_id":"acme","event_type":"a.b"}`,
		`{"signal_id":"../s8","event_type":"a.b"}`,
	)
	fates := []ingestsignal.Status{}
	codes, ids := []string{}, []string{}
	for _, v := range got {
		fates, ids = append(fates, v.Status), append(ids, v.SignalID)
		if v.Problem != nil {
			codes = append(codes, v.Problem.Code)
			require.NotContains(t, v.Problem.Error(), "Xk29fQpw81mZ")
		}
		require.Equal(t, v.Status == ingestsignal.Rejected, v.Problem != nil)
	}
	const a, d, r = ingestsignal.Accepted, ingestsignal.Repeated, ingestsignal.Rejected
	require.Equal(t, []ingestsignal.Status{a, r, r, r, r, r, d, a, r}, fates)
	require.Equal(t, []string{
		fault.CodeForbidden, fault.CodeSecret, fault.CodeValidation, fault.CodeValidation, fault.CodeValidation, fault.CodeValidation,
	}, codes)
	require.Equal(t, []string{"s1", "s2", "s3", "s4", "", "s6", "s1", "s7", ""}, ids)
	require.Equal(t, "payload.note", got[2].Problem.Fields[0].Field)
	require.Equal(t, "occurred_at", got[3].Problem.Fields[0].Field)
	require.Equal(t, "event_type", got[5].Problem.Fields[0].Field)

	require.Equal(t, ingestsignal.Repeated, h.accept(t, red("s1"))[0].Status)
	waiting := h.waiting(t)
	require.Len(t, waiting, 1, "s7 has no actor: kept, not decided")
	seen, err := h.store.Signals.Seen(t.Context(), acme, ingestsignal.DefaultSource, "s7")
	require.NoError(t, err)
	require.True(t, seen)
	require.Equal(t, 1, h.meter.Count("signal", "acme", "ci", "ci.run.failed"), "each is counted once, a repeat never")
	require.Equal(t, 1, h.meter.Count("signal", "acme", "api", "other"), "types of a caller's own are one label")
}

func TestAccept_keepsOnlyWhatItMay(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	settings := tenant.Defaults()
	settings.PayloadKeys = []string{"squad"}
	require.NoError(t, h.store.TenantSettings.Put(t.Context(), acme, settings, 0, now()))
	h.accept(t, `{"signal_id":"s1","actor_id":"dev1","event_type":"ci.run.failed","dedup_key":"pr:12/jane",
		"payload":{"run_attempt":2,"title":"words of a person","squad":"blue","other":1}}`)
	got := h.waiting(t)[0].Signal
	require.Equal(t, signal.Payload{"run_attempt": int64(2), "squad": "blue"}, got.Payload)
	require.Equal(t, decideaction.HashDedupKey(fake.KeyedHash{}, acme, "pr:12/jane"), got.DedupKey)
}

func TestAccept_refusesTheWhole(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	_, err := h.acceptor().AcceptSignals(t.Context(), collector(t, "mmm.decide", "mmm.delegate"), elements(red("s1")))
	require.Equal(t, fault.Forbidden, fault.KindOf(err))
	many := make([]string, ingestsignal.MaxBatch+1)
	for i := range many {
		many[i] = red("s" + strings.Repeat("x", i%100))
	}
	_, err = h.acceptor().AcceptSignals(t.Context(), collector(t, "mmm.ingest"), elements(many...))
	require.Equal(t, fault.Invalid, fault.KindOf(err))
	h.intake.FailNext(fault.StoreUnavailable(nil))
	_, err = h.acceptor().AcceptSignals(t.Context(), collector(t, "mmm.ingest"), elements(red("s1")))
	require.Equal(t, fault.Unavailable, fault.KindOf(err))
	require.Empty(t, h.waiting(t))
	require.Zero(t, h.meter.Count("signal", "acme", "ci", "ci.run.failed"), "what was not stored is not counted")
}

func TestAccept_knowsWhoIsMeant(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.know("dependabot", actor.Automation, "boss")
	h.know("cron", actor.Automation, "")
	h.know("bot7", actor.AIAgent, "boss")
	by := func(id, who, more string) string {
		return `{"signal_id":"` + id + `","actor_id":"` + who + `","event_type":"a.b"` + more + `}`
	}
	h.accept(t, by("s1", "dependabot", `,"actor_utc_offset":60`), by("s2", "cron", ""), by("s3", "bot7", ""), by("s4", "agent9", `,"actor_type":"ai_agent"`), by("s5", "dev1", `,"actor_utc_offset":60`))
	type heard struct {
		id   string
		who  actor.ID
		typ  actor.Type
		zone bool
	}
	var got []heard
	for _, w := range h.waiting(t) {
		got = append(got, heard{w.Signal.ID, w.Signal.Actor, w.Signal.ActorType, w.Signal.UTCOffset != nil})
	}
	require.Equal(t, []heard{
		{"s1", "boss", actor.Human, false},
		{"s3", "bot7", actor.AIAgent, false},
		{"s4", "agent9", actor.AIAgent, false},
		{"s5", "dev1", actor.Human, true},
	}, got)
	require.Equal(t, 5, h.meter.Count("signal", "acme", "api", "other"), "automation is counted too")
}

func FuzzAccept(f *testing.F) {
	for _, seed := range []string{
		red("s1"), `{"signal_id":1}`, `[]`, `null`, `{"specversion":"1.0","id":"a","source":"b","type":"c.d","data":[1]}`,
		`{"signal_id":"s","producer_id":"p","signal_type":"a.b","payload":{"severity":1,"attributes":{"run_attempt":1}},"resource":{"pr_id":1}}`,
	} {
		f.Add([]byte(seed), false)
	}
	f.Fuzz(func(t *testing.T, raw []byte, event bool) {
		if !json.Valid(raw) {
			return
		}
		store := fake.NewStore(fake.NewClock(now()))
		intake := fake.NewIntake(store)
		floor := decideaction.Floor{Clock: fake.NewClock(now()), IDs: &fake.IDs{}, Hash: fake.KeyedHash{}, Meter: &fake.Meter{}}
		worker := ingestsignal.NewWorker(nil, intake, &fake.Directory{}, floor.Clock, nil, ingestsignal.Options{})
		a := ingestsignal.NewAcceptor(intake, store.TenantSettings, &fake.Directory{}, floor, worker)
		out, err := a.AcceptSignals(t.Context(), collector(t, "mmm.ingest"), []ingestsignal.Element{{Raw: raw, Event: event}})
		if err != nil || len(out) != 1 {
			t.Fatalf("%v %v", out, err)
		}
		if (out[0].Status == ingestsignal.Rejected) != (out[0].Problem != nil) {
			t.Fatalf("%+v", out[0])
		}
		if out[0].Status == ingestsignal.Accepted {
			again, err := a.AcceptSignals(t.Context(), collector(t, "mmm.ingest"), []ingestsignal.Element{{Raw: raw, Event: event}})
			if err != nil || again[0].Status != ingestsignal.Repeated {
				t.Fatalf("%+v %v", again, err)
			}
		}
	})
}
