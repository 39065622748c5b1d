package llm

import (
	"context"
	"errors"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/ports"
)

// codeUnavailable is for logs; nobody's call fails because a model cannot be had.
const codeUnavailable = "LLM_UNAVAILABLE"

// Failure says what a failed call means to the engine. Its text is our own.
func Failure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("ask the language model: %w", err)
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Timeout, codeUnavailable, "the language model did not answer in time").Because(err)
	}
	if e, ok := errors.AsType[*httpclient.Error](err); ok && (e.Kind == httpclient.KindOpen || e.Kind == httpclient.KindRequest) {
		err = errors.Join(ports.ErrNotAsked, err)
	}
	return fault.New(fault.Unavailable, codeUnavailable, "the language model cannot be asked").Because(err)
}
