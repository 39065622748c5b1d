package degradation_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/eris"
)

// ledger gives the ids of a tenant's receipts in the order of their numbers, which have no gap.
func (p *place) ledger(t *testing.T) []string {
	t.Helper()
	out := []string{}
	for cursor := ""; ; {
		var page struct {
			Items []struct {
				Sequence int     `json:"sequence"`
				Receipt  receipt `json:"receipt"`
			} `json:"items"`
			Next *string `json:"next_cursor"`
		}
		p.w.call(t, http.StatusOK, http.MethodGet, "/receipts?limit=200"+cursor, p.admin, nil).Into(t, &page)
		for _, item := range page.Items {
			out = append(out, item.Receipt.ID)
			require.Equal(t, len(out), item.Sequence)
		}
		if page.Next == nil {
			return out
		}
		cursor = "&cursor=" + *page.Next
	}
}

// received gives the ids of what the evidence service keeps of a tenant, as they arrived.
func (p *place) received() []string {
	kept := p.w.eris.Kept(p.id)
	out := make([]string, len(kept))
	for i, k := range kept {
		out[i] = k.ID
	}
	return out
}

// delivered waits until the evidence service has every receipt of the ledger, each once, in order. A call that its caller broke
// off may still have been recorded after the test went on.
func (p *place) delivered(t *testing.T) {
	t.Helper()
	var got, want []string
	until(t, func() bool {
		got, want = p.received(), p.ledger(t)
		return slices.Equal(got, want)
	}, func() string {
		i := 0
		for i < min(len(got), len(want)) && got[i] == want[i] {
			i++
		}
		return fmt.Sprintf("%d receipts have arrived, %d are in the ledger; the first %d are the same", len(got), len(want), i)
	})
}

func TestERIS_downInEveryWay(t *testing.T) { //nolint:tparallel // one after the other: they break the same engine
	t.Parallel()
	s := alone("eris")
	s.env = []string{"MMM_RECEIPT_REDELIVERY=50ms"}
	w := raise(t, s)
	operator := w.token(t, tenantName(0), "operator", []string{"mmm_admin"}, "mmm.read")
	emitted := func(p *place) string {
		return sample("mmm_eris_receipt_emission_total", map[string]string{"tenant_id": p.id, "result": "emitted"})
	}
	for _, f := range append(faults(), fault{name: "breaker open"}) {
		t.Run(f.name, func(t *testing.T) {
			w.well(t, operator, "eris")
			p := w.settle(t, false, nil)
			p.delivered(t)
			before := len(p.received())
			if f.apply == nil {
				w.openERIS(t, operator)
			} else {
				require.NoError(t, f.apply(w.eris.Server))
			}
			for range 3 {
				a := p.meets(t, expect(p, "eris"))
				require.Equal(t, "pending", a.Decision.Receipt.Status)
			}
			if f.apply == nil {
				require.Zero(t, w.eris.Calls())
			} else {
				w.counted(t, operator, "eris", f)
			}
			if !f.arrives {
				require.Len(t, p.received(), before)
			}
			w.well(t, operator, "eris")
			p.delivered(t)
			until(t, func() bool { return p.decide(t).Decision.Receipt.Status == "emitted" }, func() string { return "receipts arrive at once" })
			p.meets(t, expect(p))
			p.delivered(t)
			until(t, func() bool { return int(w.metrics(t)[emitted(p)]) == len(p.received()) }, func() string { return "each is counted once" })
			p.audit(t)
		})
	}
}

// openERIS opens the circuit and lets the service work again.
func (w *world) openERIS(t *testing.T, operator string) {
	t.Helper()
	w.eris.Break(simulator.ServerError())
	until(t, func() bool {
		w.settle(t, false, nil)
		return w.circuit(t, operator, "eris").State == "open"
	}, func() string { return "the circuit opens" })
	w.eris.Mend()
	w.eris.Forget()
	status, dependency := w.ready(t, "eris")
	require.Equal(t, "degraded", status)
	require.Equal(t, "down", dependency)
}

// The evidence service is away while many decide, the engine is killed in the middle of it, and starts again without the
// service. Once it is back it gets every receipt exactly once, in order, and each is signed.
func TestERIS_awayUnderLoadAndAPowerCut(t *testing.T) {
	t.Parallel()
	const cuts, workers, enough = 2, 2, 30
	s := alone("eris")
	s.env = []string{"MMM_RECEIPT_REDELIVERY=50ms", "MMM_BREAKER_DELAY=4s"}
	w := raise(t, s)
	places := []*place{w.settle(t, false, nil), w.settle(t, true, nil), w.settle(t, false, nil, mentor)}
	for _, p := range places {
		p.delivered(t)
	}
	require.NoError(t, w.eris.Refuse())
	answered := map[string][]string{} // receipts by tenant
	for cut := range cuts {
		w.load(t, places, fmt.Sprintf("cut-%d", cut), workers, enough, "pending", answered, w.Kill)
		w.Start()
	}
	w.load(t, places, "after", workers, enough, "pending", answered, func() {})
	for _, p := range places {
		require.Less(t, len(p.received()), len(p.ledger(t))-cuts*enough, "they wait")
	}
	w.sims["eris"].Mend()
	w.load(t, places, "back", workers, enough, "", answered, func() {})
	keys := w.keys(t)
	for _, p := range places {
		p.delivered(t)
		require.Subset(t, p.received(), answered[p.id])
		require.GreaterOrEqual(t, len(answered[p.id]), (cuts+2)*enough)
		for _, k := range w.eris.Kept(p.id) {
			require.NoError(t, keys.verify(k))
		}
	}
	require.Zero(t, w.eris.Lost())
}

// load decides for all places at once until each has enough answers, and then lets end happen in the middle of it. Every answer's
// receipt has the status, unless that is empty.
func (w *world) load(
	t *testing.T, places []*place, name string, workers, enough int, status string, answered map[string][]string, end func(),
) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var (
		mu      sync.Mutex
		all     sync.WaitGroup
		reached sync.WaitGroup
	)
	for _, p := range places {
		left := enough
		reached.Add(1)
		for worker := range workers {
			all.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					a, err := w.Call(ctx, http.MethodPost, "/decide", p.token, p.signal(fmt.Sprintf("%s-%d-%d", name, worker, i)))
					if err != nil {
						return // it is the end
					}
					var d decision
					if a.Status != http.StatusOK || json.Unmarshal(a.Body, &d) != nil {
						t.Errorf("decide: %d: %s", a.Status, a.Body)
						stop()
						return
					}
					mu.Lock()
					answered[p.id] = append(answered[p.id], d.Decision.Receipt.ID)
					if left--; left == 0 {
						reached.Done()
					}
					mu.Unlock()
					if got := d.Decision.Receipt.Status; status != "" && got != status {
						t.Errorf("a receipt is %s; want %s", got, status)
					}
				}
			})
		}
	}
	done := make(chan struct{})
	go func() { reached.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
	}
	end()
	stop()
	all.Wait()
}

// keyring is the engine's public keys by name.
type keyring map[string]ed25519.PublicKey

func (w *world) keys(t *testing.T) keyring {
	t.Helper()
	var set struct {
		Keys []struct {
			KID string `json:"kid"`
			X   string `json:"x"`
			Use string `json:"use"`
		} `json:"keys"`
	}
	w.call(t, http.StatusOK, http.MethodGet, "/keys", "", nil).Into(t, &set)
	out := keyring{}
	for _, k := range set.Keys {
		raw, err := base64.RawURLEncoding.DecodeString(k.X)
		require.NoError(t, err)
		if k.Use == "receipt" {
			out[k.KID] = raw
		}
	}
	return out
}

// verify checks a signature over the receipt as it arrived. Receipts hold texts, booleans and whole numbers under plain names only,
// so Go's own order of keys is the canonical one.
func (k keyring) verify(one eris.Kept) error {
	in := json.NewDecoder(bytes.NewReader(one.Raw))
	in.UseNumber()
	var document map[string]any
	if err := in.Decode(&document); err != nil {
		return err
	}
	signature, _ := document["signature"].(string)
	parts := strings.Split(signature, ":")
	delete(document, "signature")
	var canonical bytes.Buffer
	out := json.NewEncoder(&canonical)
	out.SetEscapeHTML(false)
	if err := out.Encode(document); err != nil {
		return err
	}
	if len(parts) != 3 || parts[0] != "sig-ed25519" || k[parts[1]] == nil {
		return fmt.Errorf("receipt %s has the signature %q", one.ID, signature)
	}
	raw, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	if !ed25519.Verify(k[parts[1]], bytes.TrimSuffix(canonical.Bytes(), []byte("\n")), raw) {
		return fmt.Errorf("receipt %s: its signature is wrong", one.ID)
	}
	if !slices.Contains([]string{eris.ReceiptPath, eris.BulkPath, eris.CourierPath}, one.Route) {
		return fmt.Errorf("receipt %s came by %s", one.ID, one.Route)
	}
	return nil
}
