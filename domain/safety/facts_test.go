package safety_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/zeroui/mmm-engine/domain/safety"
)

func given() safety.Facts {
	return safety.FactsOf(
		"Main is red", "ci.run.failed on main of acme/shop, 3 times today; see services/pay/api.go and `userId`.",
		"It took 45 minutes, 12% more than usual. Attempt 2 of PR #12, commit 3f2a9bc, version v1.2.3.",
		"feature/login-2", "payments", "run_attempt", "seven", "https://ci.example.com/run/9", "30s",
	)
}

func TestUnsupported(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"The build on main is red; it failed 3 times today.":              nil,
		"Look at services/pay/api.go first, then rerun the failed check.": nil,
		"It's the third time; twice is enough.":                           {"third", "twice"},
		"There were three failures.":                                      nil,
		"There were four failures.":                                       {"four"},
		"There were 7 failures.":                                          nil,
		"There were 4 failures.":                                          {"4"},
		"There were 3.5 failures.":                                        {"3.5"},
		"There were 3,000 failures.":                                      {"3,000"},
		"There were -3 failures.":                                         {"-3"},
		"There were ½ as many, or ٣.":                                     {"½", "٣"},
		"The 3rd run failed.":                                             {"3rd"},
		"It took 45 minutes, or 45 min, or forty-five minutes.":           {"forty-five"},
		"It took 45 seconds.":                                             {"45"},
		"There were 45 failures.":                                         {"45"},
		"It took 3 minutes.":                                              {"3"},
		"It took 30 seconds, 30s.":                                        nil,
		"It took 30 minutes, 30m.":                                        {"30", "30m"},
		"That is 12% more, 12 percent more.":                              nil,
		"That is 3% more.":                                                {"3%"},
		"Attempt 2 failed again.":                                         nil,
		"Attempt 3 failed again.":                                         {"3"},
		"It was line 2.":                                                  {"2"},
		"See #12.":                                                        nil,
		"See #13 and !12.":                                                {"#13", "!12"},
		"Since 3f2a9bc it fails.":                                         nil,
		"Since 3f2a9bd it fails, or deadbeef, or defaced.":                {"3f2a9bd", "deadbeef", "defaced"},
		"Version v1.2.3, not v1.2.4.":                                     {"v1.2.4"},
		"The repository acme/shop, not acme/shop2 or shop/main.":          {"acme/shop2", "shop/main"},
		"In api.go there is a bug.":                                       {"api.go"},
		"In services\\pay\\api.go there is a bug.":                        {`services\pay\api.go`},
		"Set userId, not userID or user_id.":                              {"userID", "user_id"},
		"It is `userId`, not `shop`.":                                     {"shop"},
		"They call it \"main\" and not \"other\".":                        {"other"},
		"They call it “other”.":                                           {"other"},
		"Ask alice@example.com or @alice.":                                {"alice@example.com", "@alice"},
		"See https://ci.example.com/run/9 or https://evil.example/9.":     {"https://evil.example/9"},
		"See evil.example for more.":                                      {"evil.example"},
		"The branch feature/login-2 is red, and so is feature/login-3.":   {"feature/login-3"},
		"The branch lunch is red.":                                        {"lunch"},
		"The branch has been red since then, and this branch still is.":   nil,
		"The hotfix branch is red, and the summer branch too.":            {"hotfix", "summer"},
		"The repository payments is fine, the repository billing is not.": {"billing"},
		"A job called nightly failed.":                                    {"nightly"},
		"Production is down, and staging is fine.":                        {"Production", "staging"},
		"Payments is slow, and so says Alice.":                            {"Alice"},
		"ACME runs CI on Kubernetes with gRPC, grpc and nginx via API.":   {"ACME", "Kubernetes", "gRPC", "grpc"},
		"Run with -v or --force.":                                         {"-v", "--force"},
		"Die Prüfung ist rot.":                                            {"Prüfung"},
		"The mаin job failed.":                                            {"mаin"}, // with a Cyrillic a
		"Seit heute 失败.":                                                  {"失败"},
		"Well-known and up-to-date, but half-baked.":                      {"half-baked"},
		"On Monday at noon.":                                              {"Monday", "noon"},
		"- Check the logs.\n- Rerun it.\n* Ask for help.":                 nil,
		"1. Check the logs.":                                              {"1"},
		"I think it's fine, e.g. after a retry. It isn't main's fault.":   nil,
		"The run (3 today) is red – again — and again…":                   nil,
		"Use $HOME, ${PATH} or %TEMP%, a+b, c=d, x>y.":                    {"$HOME", "${PATH", "%TEMP%", "a+b", "c=d", "x>y"},
		"": nil,
	} {
		assert.Equal(t, want, safety.Unsupported(text, given()), text)
	}
}

func TestUnsupported_withoutFactsOnlyProsePasses(t *testing.T) {
	t.Parallel()
	require.Empty(t, safety.Unsupported("The build is red again. Consider a look at the logs.", safety.Facts{}))
	require.Equal(t, []string{"3", "shop"}, safety.Unsupported("It failed 3 times in the repository shop.", safety.Facts{}))
}

var (
	// None of them says what a number counts or measures ("build 12"): such a number has to be given in just that way.
	plainWords = strings.Fields(`the a is was and then again because look at logs failed red slow after change consider pause
		before next please ask for help it this looks like same reason as earlier today`)
	names = []*rapid.Generator[string]{
		rapid.StringMatching(`[1-9][0-9]{2,5}`),
		rapid.StringMatching(`v[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{1,3}`),
		rapid.StringMatching(`[a-z]{2,6}/[a-z]{2,6}/[a-z]{2,6}\.(go|py|ts)`),
		rapid.StringMatching(`[a-z]{2,6}_[a-z]{2,6}`),
		rapid.StringMatching(`[a-z]{2,6}[A-Z][a-z]{2,6}`),
		rapid.StringMatching(`[a-z]{2,6}\.[a-z]{2,6}\.[a-z]{2,6}`),
		rapid.StringMatching(`[a-z]{3,6}-[0-9]{2,4}`),
		rapid.StringMatching(`#[1-9][0-9]{1,4}`),
		rapid.StringMatching(`[0-9][a-f0-9]{7,39}[a-f]`),
		rapid.StringMatching(`https://[a-z]{3,6}\.example/[a-z]{2,6}`),
		rapid.StringMatching(`[a-z]{3,6}@[a-z]{3,6}\.example`),
		rapid.StringMatching(`[1-9][0-9]{1,2}%`),
	}
)

func TestUnsupported_factsAndProsePassAndOneNewNameDoesNot(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		facts := rapid.SliceOfN(rapid.OneOf(names...), 1, 6).Draw(rt, "facts")
		known := safety.FactsOf(strings.Join(facts, " and "), rapid.SampledFrom(facts).Draw(rt, "again"))
		words := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(plainWords), rapid.SampledFrom(facts)), 1, 20).Draw(rt, "words")
		write := func(words []string) string {
			var b strings.Builder
			for i, w := range words {
				if i > 0 {
					b.WriteString([]string{" ", " ", ", ", "; ", "\n", ". "}[i%6])
				}
				b.WriteString(w)
			}
			return b.String() + "."
		}
		if got := safety.Unsupported(write(words), known); len(got) > 0 {
			rt.Fatalf("%q: refused %q; facts %q", write(words), got, facts)
		}
		intruder := rapid.OneOf(names...).Filter(func(s string) bool {
			return !slices.Contains(facts, s)
		}).Draw(rt, "intruder")
		at := rapid.IntRange(0, len(words)).Draw(rt, "at")
		words = append(append(append([]string{}, words[:at]...), intruder), words[at:]...)
		if got := safety.Unsupported(write(words), known); len(got) == 0 {
			rt.Fatalf("%q: %q is new and passed; facts %q", write(words), intruder, facts)
		}
	})
}

func FuzzUnsupported(f *testing.F) {
	for _, s := range []string{"", "a `b", "\"“", "3 %", "'s", "’s", "(((", "a's's", "\xff\xfe 3", "1.,.1"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, text, fact string) {
		safety.Unsupported(text, safety.FactsOf(fact))
		if got := safety.Unsupported(fact, safety.FactsOf(fact)); strings.TrimSpace(fact) == "" && len(got) > 0 {
			t.Fatalf("%q is not among its own facts: %q", fact, got)
		}
	})
}
