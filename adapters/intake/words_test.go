package intake_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/intake"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
)

func TestCIOutcome(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"failure": "failed", "error": "failed", "startup_failure": "failed", "success": "succeeded", "cancelled": "cancelled",
		"canceled": "cancelled", "timed_out": "timed_out", "skipped": "skipped", "neutral": "skipped", "stale": "skipped",
		"action_required": "action_required", "pending": "", "": "", "FAILURE": "",
	} {
		got, ok := intake.CIOutcome(word)
		require.Equal(t, want, got, word)
		require.Equal(t, want != "", ok, word)
		if ok {
			require.True(t, signal.Known("ci.run."+got), "%s must be a word of the vocabulary", got)
		}
	}
}

func TestGitHubType(t *testing.T) {
	t.Parallel()
	for event, want := range map[string]string{
		"push": "code.pushed", "pull_request.opened": "pr.opened", "pull_request.synchronize": "pr.updated",
		"pull_request.branch_updated": "pr.updated", "pull_request.merged": "pr.merged", "pull_request.closed": "pr.closed",
		"pull_request.reopened": "pr.reopened", "pull_request.ready_for_review": "pr.ready", "release.tagged": "release.tagged",
		"pull_request_review.changes_requested": "review.changes_requested", "issues.opened": "issue.opened", "star.created": "",
	} {
		got, ok := intake.GitHubType(event, false)
		require.Equal(t, want, got, event)
		require.Equal(t, want != "", ok, event)
		require.Equal(t, ok, signal.Known(got), event)
	}
	forced, _ := intake.GitHubType("push", true)
	require.Equal(t, "code.force_pushed", forced)
	notPush, _ := intake.GitHubType("pull_request.opened", true)
	require.Equal(t, "pr.opened", notPush)
}

func TestCodeSeverity(t *testing.T) {
	t.Parallel()
	revert := signal.Payload{"is_revert": true}
	require.Equal(t, intervention.Info, intake.CodeSeverity("code.pushed", true, signal.Payload{"is_revert": false}))
	require.Equal(t, intervention.Info, intake.CodeSeverity("release.tagged", true, nil))
	require.Equal(t, intervention.Low, intake.CodeSeverity("pr.opened", false, revert))
	require.Equal(t, intervention.High, intake.CodeSeverity("code.force_pushed", true, revert))
	require.Equal(t, intervention.Info, intake.CodeSeverity("code.force_pushed", false, nil))
}

func TestCleanPath(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"a/b.go": "a/b.go", "with space/ü.md": "with space/ü.md", `"aut\303\263nomo"`: "autónomo", "@scope/pkg/x.ts": "@scope/pkg/x.ts",
		"notes/jane@example.org.txt": "", "a\nb": "", "bad\xff": "", `{"token": "<T>"}`: "", `"broken`: "", strings.Repeat("x", 401): "", "": "",
	} {
		require.Equal(t, want, intake.CleanPath(in), "%q", in)
	}
	require.Equal(t, "feature/x#1", intake.CleanBranch("feature/x#1"))
	require.Empty(t, intake.CleanBranch("jane@example.org/fix"))
}

func TestOffsetOf(t *testing.T) {
	t.Parallel()
	at := func(hours float64) time.Time {
		return time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", int(hours*3600)))
	}
	for _, hours := range []float64{-12, 0, 5.75, 14} {
		got := intake.OffsetOf(at(hours))
		require.NotNil(t, got)
		require.InDelta(t, hours, got.Hours(), 0)
	}
	require.Nil(t, intake.OffsetOf(at(14.25)))
	require.Nil(t, intake.OffsetOf(at(-13)))
	require.Nil(t, intake.OffsetOf(time.Time{}))
}

func TestLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", intake.MaxLine)
	text := "\xef\xbb\xbfone\r\n\n  \n" + long + "\n" + long + "y\nlast"
	type seen struct {
		Line int
		Text string
		Bad  bool
	}
	var got []seen
	for line, err := range intake.Lines(strings.NewReader(text)) {
		var bad *intake.LineError
		if err != nil {
			require.ErrorAs(t, err, &bad)
			require.Equal(t, line.Number, bad.Line)
		}
		got = append(got, seen{line.Number, string(line.Text), err != nil})
	}
	want := []seen{{1, "one", false}, {4, long, false}, {5, "", true}, {6, "last", false}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("lines (-want +got):\n%.300s", diff)
	}
}

func TestLines_failingReaderEndsIt(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk gone")
	in := io.MultiReader(bytes.NewReader([]byte("a\n")), iotest.ErrReader(broken))
	var errs []error
	for _, err := range intake.Lines(in) {
		errs = append(errs, err)
	}
	require.Len(t, errs, 2)
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], broken)
}

func TestLineError_text(t *testing.T) {
	t.Parallel()
	err := &intake.LineError{Line: 7, Fields: []fault.Field{{Field: "a", Reason: "is wrong"}, {Reason: "is odd"}}}
	require.EqualError(t, err, "line 7: a is wrong; is odd")
}
