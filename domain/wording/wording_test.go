package wording_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/zeroui/mmm-engine/domain/wording"
)

func wordsOf(found []wording.Finding) []string {
	var words []string
	for _, f := range found {
		words = append(words, f.Word)
	}
	return words
}

// ordered texts each hold one word or order; the finding wanted is named.
var ordered = []struct{ text, want string }{
	// Duties.
	{"You should rebase.", "should"},
	{"This SHOULD be green.", "should"},
	{"The branch must be updated", "must"},
	{"It mustn’t fail again.", "mustn't"},
	{"You shouldn’t push on Friday.", "shouldn't"},
	{"The team needs to look at this.", "needs to"},
	{"We need to talk.", "need to"},
	{"You have to rerun it.", "have to"},
	{"Somebody has to review it.", "has to"},
	{"You ought to know.", "ought"},
	{"You always skip the tests.", "you always"},
	{"You never write tests.", "you never"},
	{"You’re always late.", "you're always"},
	{"It is recommended to rebase often.", "is recommended to"},
	{"It’s better to split it.", "it's better to"},
	{"You’d better hurry.", "you'd better"},
	{"You are supposed to add a test.", "supposed to"},
	{"An approval is required to merge.", "required to"},
	{"You might want to split this.", "you might want to"},
	{"A must-have for main.", "must"},
	{"A **must** for main.", "must"},
	{"_must_ be green", "must"},
	{"Red...must be fixed", "must"},
	{"s\u200bhould", "should"},
	// Orders.
	{"Fix it.", "fix"},
	{"fix the build", "fix"},
	{"Fix flaky tests before merging.", "fix"},
	{"Fix 3 failed tests.", "fix"},
	{"Check the logs", "check"},
	{"Check `build.log` first", "check"},
	{"Check with the author.", "check with"},
	{"Run the tests again", "run"},
	{"Run tests locally.", "run tests"},
	{"Run `make test`.", "run"},
	{"Review this PR", "review"},
	{"Review your open changes.", "review"},
	{"Rebase onto main", "rebase"},
	{"Rebase.", "rebase"},
	{"Re-run the job", "rerun"},
	{"Rerun failed jobs", "rerun"},
	{"Revert the commit", "revert"},
	{"Add a test for the parser.", "add"},
	{"Remove dead code", "remove"},
	{"Update dependencies", "update"},
	{"Update your branch", "update"},
	{"Merge main into your branch", "merge main"},
	{"Ensure that the job is green", "ensure"},
	{"Avoid big pull requests", "avoid"},
	{"Use smaller commits", "use"},
	{"Make sure it is green", "make sure"},
	{"Be sure that it works", "be sure"},
	{"Try to split it", "try to"},
	{"Consider a smaller change", "consider"},
	{"Don’t merge yet", "don't"},
	{"Do not merge yet", "do not"},
	{"Never push to main", "never push"},
	{"Always run the linter", "always run"},
	{"Let’s split this", "let's"},
	{"Look at the logs", "look at"},
	{"Take a break", "take a"},
	{"Wait for the pipeline", "wait for the"},
	{"Push the fix", "push"},
	{"Go to the dashboard", "go to"},
	{"Cherry-pick the fix", "cherry pick"},
	{"Stop merging red builds", "stop"},
	{"Split the pull request", "split"},
	{"Talk to the author", "talk to"},
	{"Ask a reviewer", "ask"},
	{"Close stale branches", "close stale"},
	{"Change that.", "change"},
	// Where an order may hide.
	{"Main is red. Fix it.", "fix"},
	{"Main is red: rebase first", "rebase"},
	{"Main is red; rerun the job", "rerun"},
	{"Main is red\nrevert the commit", "revert"},
	{"Main is red — revert the commit", "revert"},
	{"Main is red - revert the commit", "revert"},
	{"Main is red, so fix it", "fix"},
	{"If main is red, fix it", "fix"},
	{"If main is red then fix it", "fix"},
	{"Before merging, check the logs", "check"},
	{"Facts:\n- Fix the build", "fix"},
	{"Facts:\n* Fix the build", "fix"},
	{"Facts:\n1. Fix the build", "fix"},
	{"Facts:\n1) Fix the build", "fix"},
	{"## Fix the build", "fix"},
	{"**Fix the build**", "fix"},
	{"🔥 Fix the build", "fix"},
	{"@dev1 fix the build", "fix"},
	{"Just fix it", "fix"},
	{"Then run the tests", "run"},
	{"Now update the branch", "update"},
	{"3 failures (check the logs)", "check"},
	{"{{signal.event_type}}: check the logs", "check"},
	{"`main` is red. Fix it!", "fix"},
}

func TestNeutral_findsDutiesAndOrders(t *testing.T) {
	t.Parallel()
	for _, tt := range ordered {
		got := wordsOf(wording.Neutral(tt.text))
		if len(got) == 0 {
			t.Errorf("Neutral(%q) found nothing; want %q", tt.text, tt.want)
		} else if diff := cmp.Diff([]string{tt.want}, got[:1]); diff != "" {
			t.Errorf("Neutral(%q) (-want +got):\n%s", tt.text, diff)
		}
	}
}

// neutral texts state facts, many of them in words that look like orders.
var neutral = []string{
	"",
	"Check run failed",
	"Check suite failed on main.",
	"Check-run lint failed",
	"Check failed 3 times",
	"Check that failed: lint",
	"Check `lint` failed.",
	"Check {{signal.payload.check}} failed",
	"Test suite green",
	"Test `TestParse` failed again",
	"Test coverage is 81 %.",
	"Tests failed on main.",
	"Review requested 26 hours ago.",
	"Review turnaround: 26 h",
	"Review of 12 files took 3 days.",
	"Build failed",
	"Build time rose by 40 s.",
	"Build `web` is red",
	"Build.",
	"Merge queue: 4 waiting.",
	"Merge conflict with main.",
	"Run 12 failed",
	"Run that broke main: 812",
	"Run-time of the job: 4 min",
	"Push to main",
	"Push of 12 commits to main",
	"Fix commit",
	"Fix commits: 3 of 12.",
	"Fix for #12 merged",
	"Fix merged yesterday.",
	"Fix: 3 commits",
	"Fix rate over 7 days: 40 %",
	"Update available",
	"Update failed on main",
	"Update in progress",
	"Rebase onto main failed",
	"Rebase conflicts in 3 files",
	"Revert of 12ab34 was merged",
	"Revert rate: 3 %",
	"Retry 2 of 5",
	"Retry budget: 3",
	"Install step failed",
	"Restart count: 4",
	"Rerun passed.",
	"Release notes are missing.",
	"Release v1.2 tagged",
	"Deploy to production succeeded.",
	"Deploy frequency fell.",
	"Commit history: 4 reverts",
	"Commit that broke main: 12ab34",
	"Change this week: 40 lines",
	"Change size is 3 times the repo median.",
	"Open incidents: 2",
	"Clean build in 4 minutes",
	"Go tests failed.",
	"Make target `lint` failed",
	"Set of 3 flaky tests",
	"Stop signal received",
	"Review comments: 4 open",
	"Lock file changed",
	"Debug build failed",
	"Read replicas lag.",
	"Use of eval in 3 files",
	"Steps: install, build, test",
	"Always green since Monday.",
	"Never green this week.",
	"The build never runs on Sunday.",
	"The job tries again at 10:30.",
	"Mustard is on the shoulder; a musty smell.",
	"They need review.",
	"The need for speed",
	"Runs to date: 12. Failures we have to date: 3",
	"This has to do with the cache.",
	"Do not disturb: 22–06",
	"The pipeline will fetch the code, build it, and run the tests.",
	"It took 4 minutes to build and test the branch.",
	"must_run is set in src/check.go, see fix.this",
	"`You should fix it.`",
	"```\nFix it.\nYou must.\n```",
	"Text in ``a `must` b`` spans",
	"{{must.fix}} changed",
	"https://example.com/you-must?fix=it is the link",
	"After 3 failures, main is red.",
	"Since Monday, review times rose.",
	"{{signal.event_type}} on {{context.branch}}, {{recent.count}} times today.",
	"The lazy path was not taken.",
}

func TestNeutral_leavesFactsAlone(t *testing.T) {
	t.Parallel()
	for _, text := range neutral {
		if got := wording.Neutral(text); len(got) > 0 {
			t.Errorf("Neutral(%q) = %q; want none", text, wordsOf(got))
		}
	}
}

func TestRespectful_findsPressure(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text  string
		class wording.Class
	}{
		{"Fix it or else.", wording.Fear},
		{"You will regret this.", wording.Fear},
		{"You’ll regret it", wording.Fear},
		{"You could get fired.", wording.Fear},
		{"Your job is at risk.", wording.Fear},
		{"This will be reported to your manager.", wording.Fear},
		{"You have been warned", wording.Fear},
		{"You’re being watched", wording.Fear},
		{"Face the consequences", wording.Fear},
		{"This is embarrassing.", wording.Shame},
		{"You ought to be ASHAMED", wording.Shame},
		{"A careless push", wording.Shame},
		{"That was lazy.", wording.Shame},
		{"It is your fault", wording.Shame},
		{"You broke main", wording.Shame},
		{"You let the team down", wording.Shame},
		{"A rookie mistake", wording.Shame},
		{"Last chance to merge", wording.Urgency},
		{"Act now!", wording.Urgency},
		{"Fix it immediately or lose it", wording.Urgency},
		{"Hurry up", wording.Urgency},
		{"The clock is ticking", wording.Urgency},
		{"Time’s running out", wording.Urgency},
		{"Before it’s too late", wording.Urgency},
		{"Do it right now", wording.Urgency},
		{"Everyone else is green.", wording.Comparison},
		{"You merge slower than the others.", wording.Comparison},
		{"Better than your colleagues", wording.Comparison},
		{"Faster than your teammates", wording.Comparison},
		{"More reverts than other developers", wording.Comparison},
		{"Your peers merge faster than you", wording.Comparison},
		{"Compared to the rest of the team: less than others", wording.Comparison},
		{"You are a top performer", wording.Comparison},
		{"The worst week", wording.Comparison},
		{"Slowest on the team", wording.Comparison},
		{"You rank 3rd", wording.Comparison},
		{"Ranked among the team", wording.Comparison},
		{"A leaderboard of reviews", wording.Comparison},
		{"Unlike your colleagues, you pushed", wording.Comparison},
	}
	for _, tt := range tests {
		got := wording.Respectful(tt.text)
		if len(got) == 0 || got[0].Class != tt.class {
			t.Errorf("Respectful(%q) = %v; want class %s", tt.text, got, tt.class)
		}
	}
}

func TestRespectful_leavesAdviceAndFactsAlone(t *testing.T) {
	t.Parallel()
	tests := []string{
		"",
		"You should rebase onto main before merging.",
		"Check the logs and rerun the failed job.",
		"The worst-case latency is 12 ms.",
		"Lazy loading is switched on.",
		"This change is larger than the repo median.",
		"The job is slower than last week.",
		"It took longer than the 4 minutes of the last 20 runs.",
		"git blame names 3 commits",
		"The deploy follows immediately after the merge.",
		"The last call to the service failed.",
		"Severity critical: service checkout is down.",
		"Rank of the matrix",
		"No regrets in the log.",
		"A goroutine panicked.",
		"Threat model updated; disaster recovery tested.",
		"`you will regret this`",
		"{{or.else}} and act_now/hurry.up",
		"The team merged 12 changes.",
		"Runner lost the job",
	}
	for _, text := range tests {
		if got := wording.Respectful(text); len(got) > 0 {
			t.Errorf("Respectful(%q) = %v; want none", text, got)
		}
	}
}

func TestFinding_saysWordClassAndReason(t *testing.T) {
	t.Parallel()
	got := wording.Neutral("You Should fix it, you should. And MUST.")
	want := []wording.Finding{
		{Word: "should", Class: wording.Prescriptive, Reason: "tells the reader what to do; state what is the case"},
		{Word: "must", Class: wording.Prescriptive, Reason: "tells the reader what to do; state what is the case"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Neutral (-want +got):\n%s", diff)
	}
}
