package httpclient_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
)

func TestRoot_leavesTheServicesOwnPrefixOut(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"http://a":          "http://a",
		"http://a/":         "http://a",
		"http://a/iam/v1":   "http://a",
		"http://a/iam/v1//": "http://a",
		"http://a/b/iam/v1": "http://a/b",
		"http://a/iam/v1/b": "http://a/iam/v1/b",
	} {
		require.Equal(t, want, httpclient.Root(given, "/iam/v1"), given)
	}
}

func TestPaths_replaceTheUsualOnesAndNoOthers(t *testing.T) {
	t.Parallel()
	usual := map[string]string{"read": "/v1/read", "write": "/v1/write"}
	got, err := httpclient.Paths("shop", usual, map[string]string{"read": "/elsewhere/{id}"})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"read": "/elsewhere/{id}", "write": "/v1/write"}, got)
	require.Equal(t, "/v1/read", usual["read"], "the usual ones stay as they are")

	_, err = httpclient.Paths("shop", usual, map[string]string{"write": "v2", "guess": "/x", "drop": "x"})
	require.EqualError(t, err, `shop: there is no operation "drop" to give a path`+"\n"+
		`shop: there is no operation "guess" to give a path`+"\nshop: the path of write must begin with /")
}
