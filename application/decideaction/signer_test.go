package decideaction_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/mock"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/receipt"
	"github.com/zeroui/mmm-engine/test/given"
	"github.com/zeroui/mmm-engine/test/mocks"
	"github.com/zeroui/mmm-engine/test/rig"
)

// A signer that fails for one call in the middle (a key store that hiccups) costs that call and no other. A fake fails the
// next call; only a mock fails the second of three by what it is asked to sign.
func TestSignerThatFailsOnce_costsOneCall(t *testing.T) {
	t.Parallel()
	signer := mocks.NewReceiptSigner(t)
	r := rig.New(func(p *rig.Parts) {
		sign := p.Records.Signer
		calls := 0
		signer.EXPECT().Sign(mock.Anything, mock.Anything).RunAndReturn(func(ctx context.Context, d receipt.Document) (receipt.Signed, error) {
			if calls++; calls == 2 {
				return receipt.Signed{}, errors.New("the key store hiccups")
			}
			return sign.Sign(ctx, d)
		})
		p.Records.Signer = signer
	})
	r.Publish(t, rig.Acme, "p", given.Definition(t))

	first, err := r.Decide.DecideAction(t.Context(), r.Request("one"))
	require.NoError(t, err)
	require.Len(t, first.Decision.Actions, 1)
	_, err = r.Decide.DecideAction(t.Context(), r.Request("two"))
	require.True(t, fault.Retryable(err), "%v", err)
	_, err = r.Decide.DecideAction(t.Context(), r.Request("three"))
	require.NoError(t, err)
	require.Len(t, r.Receipts(t), 2, "the call in the middle left no receipt")
}

func TestReceipts_areCountedOncePerDecision(t *testing.T) {
	t.Parallel()
	r := rig.New()
	r.Publish(t, rig.Acme, "p", given.Definition(t))
	for range 2 { // the second is a repeat
		_, err := r.Decide.DecideAction(t.Context(), r.Request("one"))
		require.NoError(t, err)
	}
	dry := r.Request("two")
	dry.DryRun = true
	_, err := r.Decide.DecideAction(t.Context(), dry)
	require.NoError(t, err)
	require.Equal(t, 1, r.Meter.Count("receipt", "acme", "emitted"))
}
