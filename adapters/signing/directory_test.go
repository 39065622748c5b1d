package signing_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/signing"
)

func TestGenerate_makesADirectoryThatLoads(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data", "keys")
	made, err := signing.Generate(dir, rand.Reader)
	require.NoError(t, err)
	require.Len(t, made, 4)

	info, err := os.Stat(dir)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())
	for _, name := range files(t, dir, "") {
		info, err := os.Stat(filepath.Join(dir, name))
		require.NoError(t, err)
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", name, info.Mode().Perm())
		}
	}
	ring := load(t, dir)
	form := regexp.MustCompile(`^(receipt|token|grant)-[0-9a-f]{16}$`)
	for _, use := range signing.Uses() {
		kid := ring.Current(use).KID()
		if !form.MatchString(kid) || !strings.HasPrefix(kid, string(use)) {
			t.Errorf("kid of %s is %q", use, kid)
		}
		require.FileExists(t, filepath.Join(dir, string(use)+"."+kid+".key.pem"))
	}
	require.Len(t, ring.HashKey(), 32)
}

func TestGenerate_neverReplacesAKey(t *testing.T) {
	t.Parallel()
	dir := keyDir(t)
	before := load(t, dir)
	require.NoError(t, os.Remove(filepath.Join(dir, "grant.current")))
	made, err := signing.Generate(dir, rand.Reader)
	require.NoError(t, err)
	require.Len(t, made, 1)
	after := load(t, dir)
	for _, use := range []signing.Use{signing.UseReceipt, signing.UseToken} {
		require.Equal(t, before.Current(use).KID(), after.Current(use).KID())
	}
	require.Equal(t, before.HashKey(), after.HashKey())
	require.Equal(t, []string{after.Current(signing.UseGrant).KID()}, made)
}

func TestGenerate_atOnceGivesOneSetOfKeys(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	const n = 8
	seen := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, err := signing.Generate(dir, rand.Reader); err != nil {
				t.Errorf("generate: %v", err)
				return
			}
			ring, err := signing.Load(dir)
			if err != nil {
				t.Errorf("load: %v", err)
				return
			}
			for _, use := range signing.Uses() {
				seen[i] += ring.Current(use).KID() + " "
			}
			seen[i] += fmt.Sprintf("%x", ring.HashKey())
		})
	}
	wg.Wait()
	for i := range n {
		if seen[i] != seen[0] {
			t.Errorf("process %d has keys %s\nprocess 0 has %s", i, seen[i], seen[0])
		}
	}
	require.Len(t, files(t, dir, ".key.pem"), 3, "keys of those who came second must be gone")
	require.Len(t, load(t, dir).JWKS().Keys, 3)
	require.Empty(t, files(t, dir, "new-"), "nothing may be left lying about")
}

func TestGenerate_stopsWithoutRandomness(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "keys")
	_, err := signing.Generate(dir, strings.NewReader("too short"))
	require.Error(t, err)
	require.Empty(t, files(t, dir, ".key.pem"))
}

func TestRotate_keepsThePublicHalf(t *testing.T) {
	t.Parallel()
	dir := keyDir(t)
	before := load(t, dir)
	old := before.Current(signing.UseToken).KID()
	kid, err := signing.Rotate(dir, signing.UseToken, rand.Reader)
	require.NoError(t, err)
	require.NotEqual(t, old, kid)

	after := load(t, dir)
	require.Equal(t, kid, after.Current(signing.UseToken).KID())
	require.Equal(t, before.Current(signing.UseReceipt).KID(), after.Current(signing.UseReceipt).KID())
	require.Equal(t, before.HashKey(), after.HashKey())
	require.NoFileExists(t, filepath.Join(dir, "token."+old+".key.pem"))
	was, _ := before.TokenKey(old)
	is, ok := after.TokenKey(old)
	require.True(t, ok)
	require.True(t, was.Equal(is))

	var got []string
	for _, k := range after.JWKS().Keys {
		got = append(got, string(k.Use)+" "+k.Status+" "+k.KID)
	}
	want := []string{
		"receipt current " + before.Current(signing.UseReceipt).KID(), "token current " + kid, "token past " + old,
		"grant current " + before.Current(signing.UseGrant).KID(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("JWKS (-want +got):\n%s", diff)
	}
}

func TestRotate_worksOnKeysPutThereByHand(t *testing.T) {
	t.Parallel()
	dir := keyDir(t)
	old := load(t, dir).Current(signing.UseReceipt).KID()
	require.NoError(t, os.Remove(filepath.Join(dir, "receipt."+old+".pub.pem")))
	require.Len(t, load(t, dir).JWKS().Keys, 3, "the private half is enough for a current key")
	_, err := signing.Rotate(dir, signing.UseReceipt, rand.Reader)
	require.NoError(t, err)
	require.Len(t, load(t, dir).JWKS().Keys, 4)
}

func TestRotate_refuses(t *testing.T) {
	t.Parallel()
	_, err := signing.Rotate(keyDir(t), "gossip", rand.Reader)
	require.ErrorContains(t, err, "receipt, token, grant")
	_, err = signing.Rotate(filepath.Join(t.TempDir(), "none"), signing.UseToken, rand.Reader)
	require.ErrorContains(t, err, "mmm keys generate")
	dir := keyDir(t)
	require.NoError(t, os.Chmod(dir, 0o750))
	_, err = signing.Rotate(dir, signing.UseToken, rand.Reader)
	require.ErrorContains(t, err, "chmod 700")
}

func TestLoad_duringRotationsAlwaysFindsKeys(t *testing.T) {
	t.Parallel()
	dir := keyDir(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		for range 20 {
			if _, err := signing.Rotate(dir, signing.UseReceipt, rand.Reader); err != nil {
				t.Errorf("rotate: %v", err)
			}
		}
	})
	used := map[string]bool{}
	for range 100 {
		ring, err := signing.Load(dir)
		require.NoError(t, err)
		used[ring.Current(signing.UseReceipt).KID()] = true
	}
	wg.Wait()
	published := map[string]bool{}
	for _, k := range load(t, dir).JWKS().Keys {
		published[k.KID] = true
	}
	for kid := range used {
		if !published[kid] {
			t.Errorf("%s could have signed and is not published", kid)
		}
	}
}

func TestLoad_refuses(t *testing.T) {
	t.Parallel()
	current := func(t *testing.T, dir, suffix string) string {
		t.Helper()
		return filepath.Join(dir, files(t, dir, suffix)[0])
	}
	write := func(t *testing.T, path, text string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	cases := map[string]struct {
		spoil func(t *testing.T, dir string)
		want  []string
	}{
		"an open directory":       {func(t *testing.T, dir string) { require.NoError(t, os.Chmod(dir, 0o755)) }, []string{"0755", "chmod 700"}},
		"an open private key":     {func(t *testing.T, dir string) { require.NoError(t, os.Chmod(current(t, dir, ".key.pem"), 0o640)) }, []string{"0640", "chmod 600"}},
		"an open hash key":        {func(t *testing.T, dir string) { require.NoError(t, os.Chmod(filepath.Join(dir, "hash.key"), 0o604)) }, []string{"chmod 600"}},
		"a writable public key":   {func(t *testing.T, dir string) { require.NoError(t, os.Chmod(current(t, dir, ".pub.pem"), 0o620)) }, []string{"chmod 600"}},
		"a missing hash key":      {func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "hash.key"))) }, []string{"mmm keys generate"}},
		"a missing private key":   {func(t *testing.T, dir string) { require.NoError(t, os.Remove(current(t, dir, ".key.pem"))) }, []string{"private file is missing", "mmm keys generate"}},
		"a private key of noise":  {func(t *testing.T, dir string) { write(t, current(t, dir, ".key.pem"), "noise") }, []string{"no PKCS#8 PEM"}},
		"a public key of noise":   {func(t *testing.T, dir string) { write(t, current(t, dir, ".pub.pem"), "noise") }, []string{"no SPKI PEM"}},
		"a short hash key":        {func(t *testing.T, dir string) { write(t, filepath.Join(dir, "hash.key"), "abcd") }, []string{"32 bytes"}},
		"a current file of noise": {func(t *testing.T, dir string) { write(t, filepath.Join(dir, "token.current"), "../x") }, []string{"names no key"}},
		"all that is wrong": {func(t *testing.T, dir string) {
			require.NoError(t, os.Remove(filepath.Join(dir, "token.current")))
			require.NoError(t, os.Remove(filepath.Join(dir, "grant.current")))
		}, []string{"no token key", "no grant key"}},
		"a public half that is not the private one's": {func(t *testing.T, dir string) {
			pubs := files(t, dir, ".pub.pem")
			other, err := os.ReadFile(filepath.Join(dir, pubs[1]))
			require.NoError(t, err)
			write(t, filepath.Join(dir, pubs[0]), string(other))
		}, []string{"does not belong"}},
		"one key for two uses": {func(t *testing.T, dir string) {
			name := files(t, dir, ".pub.pem")[0]
			text, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(t, err)
			require.True(t, strings.HasPrefix(name, "grant."))
			write(t, filepath.Join(dir, "token.other.pub.pem"), string(text))
		}, []string{"two uses"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := keyDir(t)
			c.spoil(t, dir)
			ring, err := signing.Load(dir)
			require.Nil(t, ring)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
		})
	}
	_, err := signing.Load(filepath.Join(t.TempDir(), "nothing"))
	require.ErrorContains(t, err, "mmm keys generate")
}

func TestKeyring_keepsUsesApart(t *testing.T) {
	t.Parallel()
	ring := load(t, keyDir(t))
	kid := map[signing.Use]string{}
	for _, use := range signing.Uses() {
		kid[use] = ring.Current(use).KID()
	}
	for use, name := range kid {
		if _, ok := ring.TokenKey(name); ok != (use == signing.UseToken) {
			t.Errorf("TokenKey(%s) = %v", name, ok)
		}
		if _, ok := ring.GrantKey(name); ok != (use == signing.UseGrant) {
			t.Errorf("GrantKey(%s) = %v", name, ok)
		}
	}
}

func TestKey_neverPrintsItself(t *testing.T) {
	t.Parallel()
	dir := keyDir(t)
	ring := load(t, dir)
	key := ring.Current(signing.UseReceipt)
	text, err := os.ReadFile(filepath.Join(dir, "receipt."+key.KID()+".key.pem"))
	require.NoError(t, err)
	block, _ := pem.Decode(text)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	require.NoError(t, err)
	seed := parsed.(ed25519.PrivateKey).Seed()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		for _, holder := range []any{key, &key, ring, *ring, signing.NewReceiptSigner(ring)} {
			out := fmt.Sprintf(verb, holder)
			for _, hidden := range [][]byte{seed, ring.HashKey()} {
				if strings.Contains(out, fmt.Sprintf("%x", hidden)) || strings.Contains(out, strings.Trim(fmt.Sprint(string(hidden)), "[]")) ||
					strings.Contains(out, strings.Trim(fmt.Sprintf("%#v", hidden)[len("[]byte"):], "{}")) {
					t.Errorf("%s of %T prints a key", verb, holder)
				}
			}
		}
	}
}

func TestPEM_isWhatTrustStoresExpect(t *testing.T) {
	t.Parallel()
	ring := load(t, keyDir(t))
	kid := ring.Current(signing.UseReceipt).KID()
	name, text, ok := ring.PEM(kid)
	require.True(t, ok)
	require.Equal(t, kid+".pem", name)
	block, rest := pem.Decode(text)
	require.Empty(t, rest)
	require.Equal(t, "PUBLIC KEY", block.Type)
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	require.NoError(t, err)
	require.True(t, ring.Current(signing.UseReceipt).Public().(ed25519.PublicKey).Equal(pub))
	_, _, ok = ring.PEM("unknown")
	require.False(t, ok)
}

func TestHashKey_isACopy(t *testing.T) {
	t.Parallel()
	ring := load(t, keyDir(t))
	was := bytes.Clone(ring.HashKey())
	ring.HashKey()[0] ^= 0xff
	require.Equal(t, was, ring.HashKey())
}
