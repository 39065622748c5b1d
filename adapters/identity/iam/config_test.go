package iam_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/identity/iam"
	"github.com/zeroui/mmm-engine/test/contract/identity"
	iamsim "github.com/zeroui/mmm-engine/test/simulator/iam"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	good := filepath.Join(t.TempDir(), "jwks.json")
	text, err := issuer.JWKS(first())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(good, text, 0o600))
	noKeys := filepath.Join(t.TempDir(), "jwks.json")
	require.NoError(t, os.WriteFile(noKeys, []byte(`{"keys":[{"kty":"oct","k":"c2VjcmV0","kid":"a","alg":"HS256"}]}`), 0o600))
	for name, c := range map[string]struct {
		change change
		says   string
	}{
		"no address":               {func(c *iam.Config) { c.BaseURL = "" }, "base URL"},
		"an address with a secret": {func(c *iam.Config) { c.BaseURL = "http://user:hunter2@iam" }, "user"},
		"no client id":             {func(c *iam.Config) { c.ClientID = "" }, "client id"},
		"no keys":                  {func(c *iam.Config) { c.KeysFile = "" }, "key set"},
		"keys twice":               {func(c *iam.Config) { c.KeysURL = "http://iam/jwks" }, "not both"},
		"no such file":             {func(c *iam.Config) { c.KeysFile += ".old" }, "no such file"},
		"only a shared secret":     {func(c *iam.Config) { c.KeysFile = noKeys }, "no key"},
		"a URL that is none":       {func(c *iam.Config) { c.KeysFile, c.KeysURL = "", "http://hunter2 %" }, "URL"},
		"a yes for too long":       {func(c *iam.Config) { c.VerifyTTL = 61 * time.Second }, "verify_ttl"},
		"a yes for less than none": {func(c *iam.Config) { c.VerifyTTL = -time.Second }, "verify_ttl"},
		"no clock":                 {func(c *iam.Config) { c.Now = nil }, "clock"},
		"a path of nothing":        {func(c *iam.Config) { c.Paths = map[string]string{"lookup": "/x"} }, `"lookup"`},
		"a relative path":          {func(c *iam.Config) { c.Paths = map[string]string{"verify": "x"} }, "begin with /"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := iam.Config{BaseURL: "http://127.0.0.1:1", ClientID: "r", KeysFile: good, Now: identity.Noon().Now}
			c.change(&cfg)
			v, err := iam.New(cfg)
			require.ErrorContains(t, err, c.says)
			require.Nil(t, v)
			require.NotContains(t, err.Error(), "hunter2")
			require.NotContains(t, err.Error(), filepath.Dir(good))
		})
	}
}

func TestNew_takesAddressesInEachForm(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(base string, c *iam.Config){
		"bare":               func(base string, c *iam.Config) { c.BaseURL = base },
		"with a slash":       func(base string, c *iam.Config) { c.BaseURL = base + "/" },
		"with the prefix":    func(base string, c *iam.Config) { c.BaseURL = base + "/iam/v1" },
		"with prefix, slash": func(base string, c *iam.Config) { c.BaseURL = base + "/iam/v1/" },
		"with a path of its own": func(base string, c *iam.Config) {
			c.BaseURL, c.Paths = base, map[string]string{"verify": iamsim.VerifyPath}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, func(c *iam.Config) { change(c.BaseURL, c) })
			s.passes(s.token())
			require.Equal(t, 1, s.calls())
		})
	}
}
