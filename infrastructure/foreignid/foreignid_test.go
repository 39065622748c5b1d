package foreignid_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/foreignid"
)

const id = "7b0c3a34-9f0e-4d61-8f43-1c8d5b0a52c1"

func TestTable_tellsOnceOfEachNameThatCannotBeKnown(t *testing.T) {
	t.Parallel()
	var told []string
	ids := foreignid.New(map[string]string{"acme": id}, func(name string) { told = append(told, name) })
	require.True(t, ids.Knows("acme"))
	require.True(t, ids.Knows(id))
	require.False(t, ids.Knows("other"))
	require.Empty(t, told, "looking is not asking")
	require.Equal(t, id, ids.Of("acme"))
	require.Equal(t, id, ids.Of(id))
	require.Empty(t, told)
	require.Equal(t, "other", ids.Of("other"))
	require.Equal(t, "other", ids.Of("other"))
	require.Equal(t, "third", ids.Of("third"))
	require.Equal(t, []string{"other", "third"}, told)
}

func TestCheck_namesEachThatIsNoUUID(t *testing.T) {
	t.Parallel()
	got := foreignid.Check(map[string]string{"b": "x", "a": "", "c": id, "d": id + "0"})
	require.Len(t, got, 3)
	require.EqualError(t, got[0], "that of a is no UUID")
	require.EqualError(t, got[1], "that of b is no UUID")
	require.EqualError(t, got[2], "that of d is no UUID")
	require.Empty(t, foreignid.Check(map[string]string{"c": id}))
}
