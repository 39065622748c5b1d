package intake

import (
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/signal"
)

// ciWords maps what providers call the end of a CI run to the vocabulary's word.
var ciWords = map[string]string{
	"failure": "failed", "failed": "failed", "error": "failed", "startup_failure": "failed",
	"success": "succeeded", "succeeded": "succeeded",
	"cancelled": "cancelled", "canceled": "cancelled",
	"timed_out":       "timed_out",
	"action_required": "action_required",
	// A neutral check says neither yes nor no, and a stale one was never finished: both tell nobody anything.
	"skipped": "skipped", "neutral": "skipped", "stale": "skipped",
}

// CIOutcome translates a provider's conclusion or state, such as "failure" -> "failed". It is false for a word that does not
// end a run ("pending") or is not known.
func CIOutcome(word string) (string, bool) {
	w, ok := ciWords[word]
	return w, ok
}

// gitHubTypes maps GitHub's event and action to the vocabulary's type.
var gitHubTypes = map[string]string{
	"push":                                  "code.pushed",
	"pull_request.opened":                   "pr.opened",
	"pull_request.synchronize":              "pr.updated",
	"pull_request.branch_updated":           "pr.updated",
	"pull_request.merged":                   "pr.merged",
	"pull_request.closed":                   "pr.closed",
	"pull_request.reopened":                 "pr.reopened",
	"pull_request.ready_for_review":         "pr.ready",
	"pull_request_review.approved":          "review.approved",
	"pull_request_review.commented":         "review.commented",
	"pull_request_review.changes_requested": "review.changes_requested",
	"issues.opened":                         "issue.opened",
	"issues.closed":                         "issue.closed",
	"release.tagged":                        "release.tagged",
}

// GitHubType translates GitHub's "event.action". A forced push is a type of its own. It is false for an event that the
// vocabulary has no word for.
func GitHubType(eventAction string, forced bool) (string, bool) {
	t, ok := gitHubTypes[eventAction]
	if forced && t == "code.pushed" {
		t = "code.force_pushed"
	}
	return t, ok
}

// CodeSeverity grades an event of the code's history: rewriting the default branch is high, taking something back is low,
// everything else is information.
func CodeSeverity(eventType string, defaultBranch bool, facts signal.Payload) intervention.Severity {
	if eventType == "code.force_pushed" && defaultBranch {
		return intervention.High
	}
	if reverted, _ := facts["is_revert"].(bool); reverted {
		return intervention.Low
	}
	return intervention.Info
}
