package redis_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/redis"
	"github.com/zeroui/mmm-engine/domain/fault"
)

func TestOpen_readsEveryFormOfAddress(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]redis.Address{
		"redis://localhost":             {Addrs: "localhost:6379"},
		"redis://localhost:7000/3":      {Addrs: "localhost:7000", DB: 3},
		"redis://[::1]:7000":            {Addrs: "[::1]:7000"},
		"redis://app:s%40+c@h:1/2":      {Addrs: "h:1", DB: 2, User: "app", Password: "s@+c"},
		"redis://:secret@h":             {Addrs: "h:6379", Password: "secret"},
		"rediss://h:1":                  {Addrs: "h:1", TLS: true},
		"redis://h1:1,h2:2,h3":          {Addrs: "h1:1 h2:2 h3:6379", Cluster: true},
		"redis://h1:1,h2:2/0":           {Addrs: "h1:1 h2:2", Cluster: true},
		"redis://h1:1?cluster=true":     {Addrs: "h1:1", Cluster: true},
		"redis+sentinel://main@h1,h2:7": {Addrs: "h1:26379 h2:7", Master: "main"},
		"redis+sentinel://main:pw@h1/4": {Addrs: "h1:26379", Master: "main", Password: "pw", DB: 4},
		"rediss+sentinel://main@h1?username=app&password=pw&sentinel_password=x": {
			Addrs: "h1:26379", Master: "main", User: "app", Password: "pw", SentinelPassword: "x", TLS: true,
		},
	} {
		got, err := redis.Parse(address)
		require.NoError(t, err, address)
		require.Equal(t, want, got, address)
	}
}

func TestOpen_refusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "hunter2", "localhost:6379", "http://hunter2@h", "redis://", "redis://hunter2@", "redis://h1,,h2", "redis://h:port", "redis://h/x", "redis://h/-1",
		"redis://h1,h2/3", "redis://h/3?cluster=true", "redis+sentinel://h1,h2", "redis://h?hunter2=1", "redis://h?cluster=hunter2", "redis://%zzhunter2@h",
	} {
		_, err := redis.Open(redis.Config{URL: address})
		require.Equal(t, fault.Invalid, fault.KindOf(err), address)
		require.NotContains(t, err.Error(), "hunter2", "the error repeats the address: %v", err)
	}
}
