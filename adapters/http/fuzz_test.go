package httpapi_test

import (
	"net/http"
	"testing"
)

// FuzzDecide sends any body: the answer is always documented, and never our own fault.
func FuzzDecide(f *testing.F) {
	f.Add([]byte(redRun))
	f.Add([]byte(`{"tenant_id":"acme","signal":{"occurred_at":"0001-01-01T00:00:00+23:59","payload":{"number":1e308,"score":-0}}}`))
	f.Add([]byte(`{"tenant_id":"acme","context":[],"signal":"x","actor_id":{"a":null}}`))
	f.Add([]byte(`{"tenant_id":"acme","context":{"surface":"alert","branch":"\ud800"},"evaluation_point":"pre-merge"}`))
	f.Add([]byte(`{"":0}`))
	f.Add([]byte(`null`))
	f.Add([]byte("{\"tenant_id\":\"\xff\"}"))
	h := newHouse(f)
	h.publish(f, redMain)
	f.Fuzz(func(t *testing.T, body []byte) {
		h.log.Reset()
		got := h.send(t, scenario{method: http.MethodPost, path: "/decide?explain=true", token: plain, body: string(body)})
		if got.status >= http.StatusInternalServerError && got.status != http.StatusServiceUnavailable {
			t.Fatalf("%d: %s", got.status, h.log)
		}
	})
}

// FuzzPlaybook sends any document to be saved.
func FuzzPlaybook(f *testing.F) {
	f.Add([]byte(redMain))
	f.Add([]byte(`{"name":"A","conditions":[{"type":"branch","value":["a",1]}],"tests":[{"name":"x","given":{"recent":[{}]}}]}`))
	f.Add([]byte(`{"name":"A","limits":{"priority":1.5,"quiet_hours":{}},"actions":[null,{"payload":[]}]}`))
	f.Add([]byte(`{"":{"":0}}`))
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, body []byte) {
		h.log.Reset()
		for _, path := range []string{"/playbooks", "/playbooks/validate"} {
			got := h.send(t, scenario{method: http.MethodPost, path: path, token: manager, body: string(body)})
			if got.status >= http.StatusInternalServerError {
				t.Fatalf("%d: %s", got.status, got.body)
			}
		}
	})
}
