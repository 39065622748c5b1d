package token_test

import (
	"context"
	"crypto"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/adapters/identity/token"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

func now() time.Time { return noon }

// keys are those of an issuer that has one, or cannot be reached.
type keys struct {
	key   issuer.Key
	down  error
	asked int
}

func (k *keys) Key(_ context.Context, kid, algorithm string) (crypto.PublicKey, error) {
	k.asked++
	switch {
	case k.down != nil:
		return nil, k.down
	case kid != k.key.KID || algorithm != k.key.Algorithm:
		return nil, token.ErrUnknownKey
	}
	return k.key.Public(), nil
}

func newKey(t testing.TB) issuer.Key {
	t.Helper()
	key, err := issuer.NewKey("key-1", issuer.EdDSA)
	require.NoError(t, err)
	return key
}

func sensible() map[string]any {
	return map[string]any{
		"iss": "iam", "aud": "mmm-api", "sub": "dev1", "tenant_id": "acme", "scope": []string{"mmm.read"},
		"iat": noon.Unix(), "exp": noon.Add(time.Hour).Unix(),
	}
}

var rules = token.Rules{Algorithms: []string{"EdDSA"}, Issuer: "iam", Audience: "mmm-api", ScopesTell: true, SubjectTells: true}

func TestRead_asksForAKeyOnlyIfTheTokenMayBeGood(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	for name, change := range map[string]func(claims, header map[string]any){
		"expired":          func(c, _ map[string]any) { c["exp"] = noon.Unix() },
		"another issuer":   func(c, _ map[string]any) { c["iss"] = "x" },
		"another audience": func(c, _ map[string]any) { c["aud"] = "x" },
		"no subject":       func(c, _ map[string]any) { delete(c, "sub") },
		"two tenants":      func(c, _ map[string]any) { c["scope"] = "tenant:globex" },
		"another type":     func(_, h map[string]any) { h["typ"] = "mmm-grant+jwt" },
		"a critical one":   func(_, h map[string]any) { h["crit"] = []string{"exp"} },
		"none":             func(_, h map[string]any) { h["alg"] = "none" },
		"HS256":            func(_, h map[string]any) { h["alg"] = "HS256" },
		"RS256":            func(_, h map[string]any) { h["alg"] = "RS256" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := &keys{key: key, down: errors.New("down")}
			claims, header := sensible(), map[string]any{}
			change(claims, header)
			raw, err := key.Token(claims, header)
			require.NoError(t, err)
			_, err = token.NewReader(rules, k, now).Read(t.Context(), raw)
			require.Equal(t, fault.Unauthenticated, fault.KindOf(err), "%v", err)
			require.Zero(t, k.asked)
		})
	}
}

func TestRead_tellsABadTokenFromKeysThatAreNotToBeHad(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	raw, err := key.Token(sensible(), nil)
	require.NoError(t, err)
	down := token.Unavailable(errors.New("connection refused"), 3*time.Second)
	_, err = token.NewReader(rules, &keys{key: key, down: down}, now).Read(t.Context(), raw)
	require.ErrorIs(t, err, down)
	_, err = token.NewReader(rules, &keys{key: key.Named("another")}, now).Read(t.Context(), raw)
	require.Equal(t, fault.Unauthenticated, fault.KindOf(err))
	who, err := token.NewReader(rules, &keys{key: key}, now).Read(t.Context(), raw)
	require.NoError(t, err)
	require.True(t, who.Valid())
}

func TestRead_withoutAlgorithmsNothingPasses(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	raw, err := key.Token(sensible(), nil)
	require.NoError(t, err)
	who, err := token.NewReader(token.Rules{}, &keys{key: key}, now).Read(t.Context(), raw)
	require.Error(t, err)
	require.False(t, who.Valid())
}

func TestUnavailable_keepsTheWaitSensible(t *testing.T) {
	t.Parallel()
	for after, want := range map[time.Duration]time.Duration{
		-time.Second: time.Second, 0: time.Second, 10 * time.Second: 10 * time.Second, time.Hour: time.Minute,
	} {
		cause := errors.New("dial tcp 10.0.0.1: refused")
		var f *fault.Error
		require.ErrorAs(t, token.Unavailable(cause, after), &f)
		require.Equal(t, want, f.RetryAfter)
		require.Equal(t, fault.CodeIAMUnavailable, f.Code)
		require.NotContains(t, f.Detail, "10.0.0.1")
	}
}

func FuzzRead(f *testing.F) {
	key, err := issuer.NewKey("key-1", issuer.EdDSA)
	if err != nil {
		f.Fatal(err)
	}
	good, err := key.Token(sensible(), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("..")
	f.Add("e30.e30.")
	f.Add("bnVsbA.bnVsbA.bnVsbA")
	f.Add(strings.Repeat(".", 9000))
	f.Fuzz(func(t *testing.T, raw string) {
		who, err := token.NewReader(rules, &keys{key: key}, now).Read(t.Context(), raw)
		if raw == good {
			return
		}
		if err == nil || who.Valid() {
			t.Fatalf("a token nobody issued passes: %q", raw)
		}
		if fault.KindOf(err) != fault.Unauthenticated {
			t.Fatalf("%q gives %v; want Unauthenticated", raw, err)
		}
	})
}

// FuzzRead_payload signs whatever it is given, so that all of the claims' reading is reached.
func FuzzRead_payload(f *testing.F) {
	key, err := issuer.NewKey("key-1", issuer.EdDSA)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"iss":"iam","aud":["mmm-api"],"sub":"acme:dev1","scope":"tenant:acme role:x","exp":1795262400}`)
	f.Add(`{"iss":"iam","aud":"mmm-api","sub":"dev1","tenant_id":"acme","scp":["a"],"exp":1e99,"nbf":-1e99}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, payload string) {
		raw, err := key.Token(verbatim(payload), nil)
		if err != nil {
			return
		}
		who, err := token.NewReader(rules, &keys{key: key}, now).Read(t.Context(), raw)
		switch {
		case err == nil && (!who.Valid() || !noon.Before(who.ExpiresAt())):
			t.Fatalf("%q passes as %v until %v", payload, who, who.ExpiresAt())
		case err != nil && fault.KindOf(err) != fault.Unauthenticated:
			t.Fatalf("%q gives %v; want Unauthenticated", payload, err)
		}
	})
}

// verbatim is JSON that goes into a token as it is.
type verbatim string

func (v verbatim) MarshalJSON() ([]byte, error) { return []byte(v), nil }

func TestMemory_keepsWhatIsUsedAndNoMoreThanItMay(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(2, 20).Draw(t, "size")
		m := token.NewMemory[int](size)
		kept := map[string]int{}
		at := noon
		names := rapid.SliceOfN(rapid.StringMatching(`[a-z]`), 1, 200).Draw(t, "names")
		for n, name := range names {
			m.Keep(token.DigestOf(name), n, at.Add(time.Minute))
			kept[name] = n
			got, ok := m.Find(token.DigestOf(name), at)
			if !ok || got != n {
				t.Fatalf("the newest is %d, %v; want %d", got, ok, n)
			}
		}
		there := 0
		for name, n := range kept {
			got, ok := m.Find(token.DigestOf(name), at)
			if ok && got != n {
				t.Fatalf("%s is %d; want %d", name, got, n)
			}
			if _, late := m.Find(token.DigestOf(name), at.Add(time.Minute)); late {
				t.Fatalf("%s outlives its time", name)
			}
			if ok {
				there++
			}
		}
		// Looking may push others out, never bring more in.
		if there > size+1 {
			t.Fatalf("%d are remembered; want at most %d", there, size)
		}
	})
}

func TestMemory_whatIsAskedForStays(t *testing.T) {
	t.Parallel()
	m := token.NewMemory[string](10)
	hot := token.DigestOf("hot")
	m.Keep(hot, "hot", noon.Add(time.Hour))
	for n := range 1000 {
		m.Keep(token.DigestOf(strings.Repeat("x", n)), "cold", noon.Add(time.Hour))
		if n%4 == 0 {
			_, ok := m.Find(hot, noon)
			require.True(t, ok, "forgotten after %d others", n)
		}
	}
}

func TestMemory_isSafeForMany(t *testing.T) {
	t.Parallel()
	m := token.NewMemory[int](8)
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			d := token.DigestOf(strings.Repeat("x", n))
			for range 200 {
				m.Keep(d, n, noon.Add(time.Hour))
				if got, ok := m.Find(d, noon); ok && got != n {
					t.Errorf("found %d of another; want %d", got, n)
				}
			}
		})
	}
	wg.Wait()
}
