package contract_test

import (
	"fmt"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
)

func TestQueryProblems(t *testing.T) {
	c := load(t)
	for _, q := range []struct {
		path, method, query string
		want                []fault.Field
	}{
		{"/decide", "POST", "", nil},
		{"/decide", "POST", "dry_run=true&explain=false&at=2026-11-21T10:00:00Z", nil},
		{"/decide", "POST", "unheard=of&limit=x", nil},
		{"/decide", "POST", "dry_run=1&at=now&explain=", []fault.Field{
			{Field: "dry_run", Reason: "must be true or false"},
			{Field: "at", Reason: "must be an RFC 3339 time such as 2026-11-21T10:00:00Z"},
			{Field: "explain", Reason: "must be true or false"},
		}},
		{"/playbooks", "GET", "limit=200&status=draft", nil},
		{"/playbooks", "GET", "limit=201&status=gone&cursor=", []fault.Field{
			{Field: "status", Reason: "must be one of draft, published, deprecated"},
			{Field: "limit", Reason: "must be from 1 to 200"},
			{Field: "cursor", Reason: "must not be empty"},
		}},
		{"/playbooks", "GET", "limit=ten", []fault.Field{{Field: "limit", Reason: "must be a whole number"}}},
		{"/playbooks", "GET", "limit=1&limit=2", []fault.Field{{Field: "limit", Reason: "must be given once"}}},
		{"/elsewhere", "GET", "limit=x", nil},
	} {
		t.Run(q.path+"?"+q.query, func(t *testing.T) {
			values, err := url.ParseQuery(q.query)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(q.want, c.QueryProblems(q.method, q.path, values)))
		})
	}
}

func TestQueryProblemsNeverRepeatAValue(t *testing.T) {
	const hidden = "hunter2"
	q := url.Values{"dry_run": {hidden}, "at": {hidden}, "explain": {hidden}}
	problems := load(t).QueryProblems("POST", "/decide", q)
	require.Len(t, problems, 3)
	require.NotContains(t, fmt.Sprint(problems), hidden)
}
