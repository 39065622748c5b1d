package keyedhash_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/keyedhash"
)

// Test case 1 of RFC 4231.
func TestHex_isHMACSHA256(t *testing.T) {
	t.Parallel()
	h, err := keyedhash.New([]byte(strings.Repeat("\x0b", 20)))
	require.NoError(t, err)
	const want = "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
	require.Equal(t, want, h.Hash("Hi There"))
	require.Equal(t, want[:16], h.Short("Hi There"))
}

func TestNew_refusesAShortKeyAndCopiesAGoodOne(t *testing.T) {
	t.Parallel()
	_, err := keyedhash.New(make([]byte, keyedhash.MinKey-1))
	require.ErrorIs(t, err, keyedhash.ErrShortKey)

	key := make([]byte, keyedhash.MinKey)
	h, err := keyedhash.New(key)
	require.NoError(t, err)
	before := h.Hash("dev1")
	key[0] = 1
	require.Equal(t, before, h.Hash("dev1"), "changing the caller's key must not change the hasher")
}

func TestZeroHasher_givesNothingAway(t *testing.T) {
	t.Parallel()
	require.Empty(t, keyedhash.Hasher{}.Hash("dev1"))
	require.Empty(t, keyedhash.Hasher{}.Short("dev1"))
}
