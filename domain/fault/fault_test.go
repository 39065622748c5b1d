package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
)

func TestKindOf_looksDownTheWholeChain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want fault.Kind
	}{
		"an error of ours":        {fault.NotFoundf("gone"), fault.NotFound},
		"wrapped twice":           {fmt.Errorf("a: %w", fmt.Errorf("b: %w", fault.Conflictf("x"))), fault.Conflict},
		"joined with another":     {errors.Join(errors.New("x"), fault.Forbiddenf("no")), fault.Forbidden},
		"ours around a time-out":  {fault.StoreUnavailable(context.DeadlineExceeded), fault.Unavailable},
		"a cancelled call":        {fmt.Errorf("read: %w", context.Canceled), fault.Canceled},
		"a time-out":              {fmt.Errorf("read: %w", context.DeadlineExceeded), fault.Timeout},
		"an error nobody thought": {errors.New("boom"), fault.Internal},
	} {
		require.Equal(t, c.want, fault.KindOf(c.err), name)
		require.True(t, fault.Is(c.err, c.want), name)
	}
	require.False(t, fault.Is(nil, fault.Internal), "no error is of no kind")
}

func TestRetryable_onlyWhereTheSameCallMaySucceedLater(t *testing.T) {
	t.Parallel()
	want := map[fault.Kind]bool{fault.Unavailable: true, fault.Timeout: true, fault.Exhausted: true}
	for k := fault.Internal; k <= fault.Canceled; k++ {
		require.Equal(t, want[k], fault.Retryable(fault.New(k, fault.CodeInternal, "x")), "kind %d", k)
	}
}

func TestError_keepsTheCauseOutOfItsDetail(t *testing.T) {
	t.Parallel()
	cause := errors.New("dial tcp 10.0.0.1: refused")
	plain := fault.New(fault.Unavailable, fault.CodeIAMUnavailable, "nobody can say who you are")
	err := plain.Because(cause)
	require.NotContains(t, err.Detail, "10.0.0.1")
	require.Contains(t, err.Error(), "10.0.0.1", "the logs need it")
	require.ErrorIs(t, err, cause)
	require.NoError(t, plain.Unwrap(), "Because must not change the error it is called on")
}

func TestProblems_tellsAllAtOnce(t *testing.T) {
	t.Parallel()
	var p fault.Problems
	require.NoError(t, p.Err(), "no problem is no error")
	p.Add("a", "is %s", "odd")
	p.Append(fault.Field{Field: "b", Reason: "is even"})
	var e *fault.Error
	require.ErrorAs(t, p.Err(), &e)
	require.Equal(t, fault.Invalid, e.Kind)
	require.Equal(t, fault.CodeValidation, e.Code)
	if diff := cmp.Diff([]fault.Field{{Field: "a", Reason: "is odd"}, {Field: "b", Reason: "is even"}}, e.Fields); diff != "" {
		t.Fatalf("fields (-want +got):\n%s", diff)
	}
	require.Contains(t, e.Error(), "b: is even")
}

func TestUnavailable_saysWhenToComeAgain(t *testing.T) {
	t.Parallel()
	require.Positive(t, fault.StoreUnavailable(nil).RetryAfter)
	require.Positive(t, fault.Overloaded("full").RetryAfter)
}
