package intake_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/intake"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/signal"
)

// day is noon of a Saturday in a zone two hours east.
func day() time.Time { return time.Date(2026, 11, 21, 12, 0, 0, 0, time.FixedZone("", 2*3600)) }

// change is a small ordinary change by a person, written and told at the given time.
func change(subject string, at time.Time, files ...string) intake.Change {
	c := intake.Change{
		Repo: "shop", SHA: fmt.Sprintf("%040x", len(subject)*7919+int(at.Unix())), Subject: subject, Actor: "ada",
		ActorType: actor.Human, Author: intake.Person{Name: "Ada", Email: "ada@example.org"}, Authored: at, Occurred: at,
		Additions: 8, Deletions: 2, FileCount: int64(len(files)), ParentCount: 1,
	}
	for _, f := range files {
		c.Files = append(c.Files, intake.FileChange{Path: f, Additions: 1})
	}
	return c
}

func TestFacts_firstChange(t *testing.T) {
	t.Parallel()
	got := intake.NewDeriver().Facts(change("add a thing", day(), "a.go"))
	want := signal.Payload{
		"additions": int64(8), "deletions": int64(2), "changed_files": int64(1), "is_revert": false, "agent_authored": false,
		"human_coauthors": int64(0), "same_file_count_24h": int64(1), "off_hours_count_12h": int64(0),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("facts (-want +got):\n%s", diff)
	}
}

func TestFacts_isRevert(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]bool{
		`Revert "add a thing"`: true, `revert "x" (#12)`: true, "Revert .gitignore changes": true, "reverts x": true, "revert: x": true,
		"revert(api): x": true, "revert!: x": true, `Reapply "x"`: true, "Reverting is hard": false, "add revert button": false,
		"reverted": false, "": false,
	} {
		require.Equal(t, want, intake.NewDeriver().Facts(change(subject, day()))["is_revert"], subject)
	}
	byMessage := change("undo", day())
	byMessage.Reverts = intake.RevertedIn("Too slow.\n\nThis reverts commit ABCDEF0123456789abcdef0123456789abcdef01.")
	require.Equal(t, []string{"abcdef0123456789abcdef0123456789abcdef01"}, byMessage.Reverts)
	require.Equal(t, true, intake.NewDeriver().Facts(byMessage)["is_revert"])
	require.Empty(t, intake.RevertedIn("this reverts commit abc"))
}

func TestFacts_revertedAge(t *testing.T) {
	t.Parallel()
	target := change("add a thing that is long enough (#7)", day())
	for name, c := range map[string]struct {
		subject string
		reverts []string
		want    any
	}{
		"by whole id":              {"undo", []string{target.SHA}, int64(5)},
		"by the beginning of it":   {"undo", []string{target.SHA[:8]}, int64(5)},
		"too few digits":           {"undo", []string{target.SHA[:6]}, nil},
		"by subject":               {`Revert "add a thing that is long enough"`, nil, int64(5)},
		"by subject with numbers":  {`Revert "add a thing that is long enough (#7)" (#8)`, nil, int64(5)},
		"by a subject cut short":   {`Revert "add a thing that is long…"`, nil, int64(5)},
		"cut too short to be sure": {`Revert "add a…"`, nil, nil},
		"unknown change":           {`Revert "something else"`, []string{"ffffffffff"}, nil},
		"not quoted":               {"Revert the thing", nil, nil},
	} {
		d := intake.NewDeriver()
		d.Facts(target)
		revert := change(c.subject, day().Add(5*time.Hour+59*time.Minute))
		revert.Reverts = c.reverts
		require.Equal(t, c.want, d.Facts(revert)["reverted_age_hours"], name)

		revert.Repo = "another"
		require.NotContains(t, d.Facts(revert), "reverted_age_hours", "%s: a change of another repository", name)
	}
}

func TestFacts_sameFile(t *testing.T) {
	t.Parallel()
	d := intake.NewDeriver()
	count := func(c intake.Change) any { return d.Facts(c)["same_file_count_24h"] }
	for i := range 4 {
		at := day().Add(time.Duration(i) * time.Hour)
		require.Equal(t, int64(i+1), count(change(fmt.Sprint("step ", i), at, "a.go", fmt.Sprint(i, ".go"))))
	}
	other := change("mine", day().Add(4*time.Hour), "a.go")
	other.Actor = "bob"
	require.Equal(t, int64(1), count(other), "another person's changes do not count")
	require.Equal(t, int64(1), count(change("b", day().Add(4*time.Hour), "b.go")), "another file")
	require.Nil(t, count(change("no files", day().Add(4*time.Hour))))
	require.Equal(t, int64(4), count(change("next day", day().Add(24*time.Hour), "a.go")), "half-open: exactly a day ago is over")
	require.Equal(t, int64(1), count(change("later", day().Add(72*time.Hour), "a.go")))
}

func TestFacts_rebaseIsNoNewWork(t *testing.T) {
	t.Parallel()
	d := intake.NewDeriver()
	for i := range 25 {
		d.Facts(change(fmt.Sprint("warm up ", i), day().Add(-time.Hour*time.Duration(100-i)), fmt.Sprint("w", i)))
	}
	first := change("step", day(), "a.go")
	require.Contains(t, d.Facts(first), "size_vs_repo_median")
	again := first
	again.SHA, again.Occurred = "1234567890", day().Add(time.Hour)
	got := d.Facts(again)
	require.NotContains(t, got, "same_file_count_24h")
	require.NotContains(t, got, "size_vs_repo_median")
	require.Equal(t, int64(2), d.Facts(change("next", day().Add(2*time.Hour), "a.go"))["same_file_count_24h"], "counted once")

	landing := change("step (#9)", day().Add(3*time.Hour), "a.go")
	landing.Landing = true
	require.NotContains(t, d.Facts(landing), "same_file_count_24h")
	old := change("written long ago", day().Add(-48*time.Hour), "a.go")
	old.Occurred = day()
	require.NotContains(t, d.Facts(old), "same_file_count_24h", "it would speak of another day")
}

func TestFacts_agentsAndCoAuthors(t *testing.T) {
	t.Parallel()
	people := func(texts ...string) []intake.Person {
		var out []intake.Person
		for _, s := range texts {
			out = append(out, intake.ParsePerson(s))
		}
		return out
	}
	c := change("x", day())
	c.CoAuthors = people("Ada <other@example.org>", "A <ADA@example.org>", "Bob <b@x.org>", "bob <b2@x.org>", "<c@x.org>", "<>", "",
		"Claude <noreply@anthropic.com>", "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>")
	got := intake.NewDeriver().Facts(c)
	require.Equal(t, int64(2), got["human_coauthors"], "Bob once and c; the author, agents and bots are left out")
	require.Equal(t, false, got["agent_authored"], "a trailer does not make a person's work an agent's")

	c.ActorType, c.CoAuthors = actor.AIAgent, people("Bob <b@x.org>")
	got = intake.NewDeriver().Facts(c)
	require.Equal(t, true, got["agent_authored"], "a trailer does not lower scrutiny")
	require.Equal(t, int64(1), got["human_coauthors"])
	require.NotContains(t, got, "off_hours_count_12h", "an agent has no night")
	require.True(t, intake.CoAuthorTrailer("Co-Authored-By"))
	require.False(t, intake.CoAuthorTrailer("Signed-off-by"))
}

func TestFacts_sizeAgainstTheMedian(t *testing.T) {
	t.Parallel()
	d := intake.NewDeriver()
	size := func(i int, n int64) signal.Payload {
		c := change(fmt.Sprint("change ", i), day().Add(time.Duration(i)*time.Minute))
		c.Additions, c.Deletions = n, 0
		return d.Facts(c)
	}
	for i := range 20 {
		require.NotContains(t, size(i, 10), "size_vs_repo_median", "only %d are known", i)
	}
	require.Equal(t, int64(40), size(20, 400)["size_vs_repo_median"])
	require.Equal(t, int64(2), size(21, 15)["size_vs_repo_median"], "half is rounded up")
	require.Equal(t, int64(1), size(22, 14)["size_vs_repo_median"])
	require.NotContains(t, size(23, 0), "size_vs_repo_median")
	for i := range 500 {
		size(100+i, 100)
	}
	require.Equal(t, int64(1), size(700, 100)["size_vs_repo_median"], "only the last 500 count")
	merge := change("Merge", day().Add(24*time.Hour))
	merge.ParentCount = 2
	require.NotContains(t, d.Facts(merge), "size_vs_repo_median")
}

func TestFacts_nightWorkIsToldInTheMorning(t *testing.T) {
	t.Parallel()
	d := intake.NewDeriver()
	zone := time.FixedZone("", 9*3600+1800)
	at := func(dayOfMonth, hour, minute int) time.Time {
		return time.Date(2026, 11, dayOfMonth, hour, minute, 0, 0, zone)
	}
	for i, step := range []struct {
		at   time.Time
		want int64
	}{
		{at(20, 21, 59), 0},
		{at(20, 22, 0), 0},
		{at(20, 23, 0), 1},
		{at(21, 5, 59), 2},
		{at(21, 6, 0), 3},
		{at(21, 9, 0), 3},
		{at(21, 10, 30), 2},
		{at(21, 18, 0), 0},
	} {
		got := d.Facts(change(fmt.Sprint("step ", i), step.at))["off_hours_count_12h"]
		require.Equal(t, step.want, got, "at %s", step.at)
	}
	elsewhere := change("by day in UTC+9:30, by night in UTC", at(21, 8, 0))
	elsewhere.Actor = "bob"
	d.Facts(elsewhere)
	next := change("next", at(21, 9, 0))
	next.Actor = "bob"
	require.Equal(t, int64(0), d.Facts(next)["off_hours_count_12h"], "the clock is the author's own")
}

func TestFacts_memoryIsBounded(t *testing.T) {
	t.Parallel()
	d := intake.NewDeriver()
	// More repositories, people and files than are remembered: the oldest are forgotten, the newest are not.
	for i := range 21_000 {
		c := change(fmt.Sprint("change ", i), day().Add(time.Duration(i)*time.Second), fmt.Sprint(i))
		c.Actor, c.Repo = actor.ID(fmt.Sprint("a", i%7000)), fmt.Sprint("r", i%100)
		d.Facts(c)
	}
	again := func(i int) any {
		c := change("again", day().Add(21_000*time.Second), fmt.Sprint(i))
		c.Actor, c.Repo, c.Authored = actor.ID(fmt.Sprint("a", i%7000)), fmt.Sprint("r", i%100), day().Add(21_000*time.Second)
		return d.Facts(c)["same_file_count_24h"]
	}
	require.Equal(t, int64(1), again(0), "forgotten")
	require.Equal(t, int64(2), again(20_999), "remembered")
}
