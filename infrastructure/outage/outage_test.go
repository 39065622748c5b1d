package outage_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
	"github.com/zeroui/mmm-engine/infrastructure/outage"
)

func TestLog_tellsOfTheBeginningAndTheEnd(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := outage.New("clock tower", slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})))
	field := fmt.Errorf("call: %w", &jsonfields.Error{Field: "x", Problem: "is missing"})
	for _, err := range []error{nil, context.Canceled, field, errors.New("later"), context.Canceled, nil, nil} {
		log.Note(t.Context(), err)
	}
	require.Equal(t, []string{
		`level=WARN msg="dependency fails" dependency="clock tower" error="call: field x is missing" problem="field x is missing"`,
		`level=INFO msg="dependency works again" dependency="clock tower"`,
	}, strings.Split(strings.TrimSpace(out.String()), "\n"))
}

func TestLog_withoutALoggerTellsNobody(t *testing.T) {
	t.Parallel()
	outage.New("x", nil).Note(t.Context(), errors.New("down"))
}
