package httpapi_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/tenant"
)

const acmePolicy = "/tenants/acme/policy"

func TestSettings_defaultsThenWhatWasPut(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	got := h.run(t, scenario{path: acmePolicy, token: manager, status: 200})
	require.Equal(t, `"0"`, got.header.Get("ETag"))
	var settings tenant.Settings
	require.NoError(t, json.Unmarshal([]byte(got.body), &settings))
	if diff := cmp.Diff(tenant.Defaults(), settings); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}

	put := func(body string) answer {
		t.Helper()
		return h.run(t, scenario{method: "PUT", path: acmePolicy, token: manager, body: body, status: 200})
	}
	put(`{"quiet_hours":{"start":22,"end":6},"approvers":["lead1"],"enabled_surfaces":["ide"],"timezone":"Europe/Berlin"}`)
	got = put(`{"quotas":{"max_actions_per_hour":1},"approvers":[],"timezone":null,"roles":["x"]}`)
	require.Equal(t, `"2"`, got.header.Get("ETag"))
	want := tenant.Defaults()
	want.QuietHours = &tenant.QuietHours{Start: 22, End: 6}
	want.EnabledSurfaces = want.EnabledSurfaces[:1]
	want.Quotas.MaxActionsPerHour = 1 // and what was left out of the object stays
	for _, a := range []answer{got, h.run(t, scenario{path: acmePolicy, token: manager, status: 200})} {
		settings = tenant.Settings{}
		require.NoError(t, json.Unmarshal([]byte(a.body), &settings))
		if diff := cmp.Diff(want, settings); diff != "" {
			t.Errorf("settings (-want +got):\n%s", diff)
		}
	}
	got = put(got.body)
	require.Equal(t, `"2"`, got.header.Get("ETag"), "what was read may be sent back, and changes nothing")
}

func TestSettings_refusals(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	reasons := func(t *testing.T, body string) map[string]string {
		t.Helper()
		a := h.run(t, scenario{method: "PUT", path: acmePolicy, token: manager, body: body, status: 422, code: "VALIDATION_FAILED"})
		out := map[string]string{}
		for _, d := range a.get(t, "error", "details").([]any) {
			field := d.(map[string]any)
			out[field["field"].(string)] = field["reason"].(string)
		}
		return out
	}
	const unbuilt = "is not supported by this version yet and must keep its default"
	for name, c := range map[string]struct {
		body string
		want map[string]string
	}{
		"everything at once": {
			`{"colour":"red","quotas":{"max_actions_per_day":-1,"per_week":1},"timezone":"Mars","enabled_surfaces":["pager"],"quiet_hours":{"start":1,"end":24}}`,
			map[string]string{
				"colour": "is not a known field", "quotas.max_actions_per_day": "must be at least 0", "quotas.per_week": "is not a known field",
				"timezone": "must be an IANA time zone such as Europe/Berlin", "enabled_surfaces[0]": "must be one of ide, ci, alert",
				"quiet_hours.end": "must be from 0 to 23", "quiet_hours": "start and end must be hours from 0 to 23",
			},
		},
		"what is not built": {
			`{"adaptive":{"enabled":true},"holdout_percent":5,"probation":{"to_draft":true}}`,
			map[string]string{
				"adaptive": unbuilt, "holdout_percent": unbuilt, "probation": unbuilt,
			},
		},
		"wrong types": {
			`{"quotas":{"max_actions_per_day":1.5},"retention":{"decisions_days":"x","outcomes_days":0}}`,
			map[string]string{
				"quotas.max_actions_per_day": "must be a whole number", "retention.decisions_days": "must be a whole number",
				"retention.outcomes_days": "must be at least 1",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, reasons(t, c.body)); diff != "" {
				t.Errorf("reasons (-want +got):\n%s", diff)
			}
		})
	}
	h.table(t, []scenario{
		{name: "no such tenant id", path: "/tenants/a%20b/policy", token: manager, status: 422, code: "VALIDATION_FAILED"},
		{name: "what is not built may be sent at its default", method: "PUT", path: acmePolicy, token: manager, status: 200, body: `{"llm":{"enabled":false},"holdout_percent":0}`},
	})
	require.Empty(t, h.audit.requests, "nothing was changed")
}

func TestSettings_preconditions(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	put := func(name, match string, status int, code string) scenario {
		return scenario{
			name: name, method: "PUT", path: acmePolicy, token: manager, headers: map[string]string{"If-Match": match},
			body: `{"payload_keys":["k` + name + `"]}`, status: status, code: code,
		}
	}
	for _, s := range []scenario{
		put("1", `"1"`, 412, "PRECONDITION_FAILED"), put("2", `"0"`, 200, ""), put("3", `"0"`, 412, "PRECONDITION_FAILED"),
		put("4", `"1"`, 200, ""), put("5", `*`, 200, ""),
	} {
		h.run(t, s)
	}
}

func TestSettings_anotherTenantIsTheOperators(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.run(t, scenario{method: "PUT", path: "/tenants/globex/policy", token: manager, body: `{"timezone":"UTC"}`, status: 403, code: "FORBIDDEN"})
	h.run(t, scenario{method: "PUT", path: "/tenants/globex/policy", token: operator, body: `{"timezone":"UTC"}`, status: 200})
	h.run(t, scenario{path: "/tenants/globex/policy", token: foreign, status: 200, contains: []string{`"timezone":"UTC"`}})
	h.run(t, scenario{path: acmePolicy, token: manager, status: 200, contains: []string{`"timezone":null`}})
	h.run(t, scenario{path: "/receipts", token: foreign, status: 200, contains: []string{`"kind":"admin"`, `"object":"tenant_settings"`}})
	h.run(t, scenario{path: "/receipts", token: manager, status: 200, contains: []string{`"items":[]`}})
}

func TestSettings_areInForceOnTheNextDecide(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.publish(t, redMain)
	h.run(t, scenario{method: "PUT", path: acmePolicy, token: manager, body: `{"quotas":{"max_actions_per_decision":1}}`, status: 200})
	got := h.run(t, scenario{method: "POST", path: "/decide", token: plain, body: redRun, status: 200})
	require.Len(t, got.get(t, "decision", "actions"), 1)
	h.run(t, scenario{method: "PUT", path: acmePolicy, token: manager, body: `{"enabled_action_types":[]}`, status: 200})
	got = h.run(t, scenario{method: "POST", path: "/decide?explain=true", token: plain, body: strings.Replace(redRun, "s1", "s2", 1), status: 200})
	require.Equal(t, "type_disabled", got.text(t, "decision", "suppressed", 0, "reason"))
}

func TestSettings_aChangeLeavesOneReceiptAndOneLine(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	change := scenario{
		method: "PUT", path: acmePolicy, token: manager, body: `{"timezone":"UTC"}`, status: 200, headers: map[string]string{"X-Request-ID": "r-1"},
	}
	h.run(t, change)
	change.headers = map[string]string{"X-Request-ID": "r-2"}
	h.run(t, change) // changes nothing
	require.Equal(t, []string{"r-1"}, h.audit.requests)
	got := h.run(t, scenario{path: "/receipts", token: manager, status: 200, lacks: []string{"lead1"}})
	require.Len(t, got.get(t, "items"), 1)
	inputs := got.get(t, "items", 0, "receipt", "inputs").(map[string]any)
	require.Equal(t, "change", inputs["verb"])
	require.Empty(t, inputs["before"], "there was nothing before")
	require.Len(t, inputs["after"], 64)
}
