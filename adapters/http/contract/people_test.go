package contract_test

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// The bodies and queries about people and tenants: outcomes, preferences, settings, signals, totals.

func TestPeopleProblems(t *testing.T) {
	either := []fault.Field{{Field: "body", Reason: "must have either duration_hours or until"}}
	const snooze = "/actors/{actor_id}/preferences/snooze"
	checkProblems(t, load(t), []problemCase{
		{"an outcome", "POST", "/decisions/{id}/outcomes", `{"action_id":"a","result":"liked"}`, []fault.Field{
			{Field: "result", Reason: "must be one of shown, ignored, dismissed, accepted, executed, failed, not_useful"},
		}},
		{"a snooze of neither", "POST", snooze, `{}`, either},
		{"a snooze of both", "POST", snooze, `{"duration_hours":1,"until":"2026-11-22T10:00:00Z"}`, either},
		{"a snooze of hours", "POST", snooze, `{"duration_hours":720}`, nil},
		{"a snooze for too long", "POST", snooze, `{"duration_hours":721}`, []fault.Field{{Field: "duration_hours", Reason: "must be from 1 to 720"}}},
		{"preferences as they were read", "PUT", "/actors/{actor_id}/preferences", `{"preference_id":null,"tenant_id":"acme","actor_id":"dev1","opt_out_categories":[],"preferred_surfaces":[],"snooze_until":null,"timezone":null,"created_at":null,"updated_at":null}`, nil},
		{"settings", "PUT", "/tenants/{tenant_id}/policy", `{"quotas":{"max_actions_per_hour":-1},"payload_keys":["Bad"],"approvers":["a","b c"],"holdout_percent":21,"quiet_hours":null}`, []fault.Field{
			{Field: "approvers[1]", Reason: idRule},
			{Field: "holdout_percent", Reason: "must be from 0 to 20"},
			{Field: "payload_keys[0]", Reason: "must be 1-40 characters of a-z 0-9 _"},
			{Field: "quotas.max_actions_per_hour", Reason: "must be at least 0"},
		}},
		{"a rollback", "POST", "/playbooks/{id}/rollback", `{"version":0}`, []fault.Field{{Field: "version", Reason: "must be at least 1"}}},
		{"signals are judged one by one", "POST", "/signals", `[{"nonsense":1},7,null]`, nil},
		{"signals are objects or lists", "POST", "/signals", `"x"`, []fault.Field{{Field: "body", Reason: "must be a signal or a list of at most 1000 signals"}}},
	})
}

func TestDefaultSettingsFitTheirSchema(t *testing.T) {
	require.NoError(t, load(t).CheckResponse("GET", "/tenants/{tenant_id}/policy", 200, good("ETag", `"1"`), asJSON(t, tenant.Defaults())))
}

func TestTotalsQuery(t *testing.T) {
	c := load(t)
	q := url.Values{"start_date": {"2026-11-01"}, "end_date": {"2026-11-21T10:00:00+01:00"}, "group_by": {"repo"}}
	require.Empty(t, c.QueryProblems("GET", "/tenants/{tenant_id}/metrics", q))
	q = url.Values{"start_date": {"2026-13-01"}, "group_by": {"actor"}}
	require.Empty(t, cmp.Diff([]fault.Field{
		{Field: "start_date", Reason: "must be a date such as 2026-11-21 or an RFC 3339 time"},
		{Field: "group_by", Reason: "must be one of repo, playbook"},
	}, c.QueryProblems("GET", "/tenants/{tenant_id}/metrics", q)))
}
