package intake_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/intake"
	"github.com/zeroui/mmm-engine/domain/actor"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	free := func(name, email string) intake.Identity {
		return intake.Identity{Provider: "git", Name: name, Email: email}
	}
	login := func(l, kind string) intake.Identity {
		return intake.Identity{Provider: "github", ProviderUserID: "77", Login: l, ProviderType: kind}
	}
	for name, c := range map[string]struct {
		in   intake.Identity
		want actor.Type
	}{
		"nobody":                               {intake.Identity{}, actor.Human},
		"an ordinary person":                   {free("Ada", "ada@example.org"), actor.Human},
		"a name with bot inside":               {free("Robert Example (RobotechUSA)", "12345+RobotechUSA@users.noreply.github.com"), actor.Human},
		"a login with bot inside":              {login("RobotechUSA", "User"), actor.Human},
		"a joke of a name":                     {free("Scott's Bot Friend", "scott@example.org"), actor.Human},
		"agent in a name":                      {free("Agent4-Example", "agent4@example.org"), actor.Human},
		"agents in a name":                     {free("AIAgents", "someone@example.org"), actor.Human},
		"a person-style address":               {free("Security Bot", "security.person@example.org"), actor.Human},
		"a bot's name, a person's address":     {free("helper[bot]", "jane.doe@example.org"), actor.Human},
		"a person by way of an agent":          {free("Jane Doe via Copilot", "jane@example.org"), actor.Human},
		"a person under the web address":       {free("Jane Doe", "noreply@github.com"), actor.Human},
		"a person under the support address":   {free("Jane Doe", "support@github.com"), actor.Human},
		"a person called Claude":               {free("Claude", "claude@example.org"), actor.Human},
		"a person called Cursor":               {free("Cursor", "cursor@example.org"), actor.Human},
		"a name only":                          {free("Copilot", ""), actor.Human},
		"a number of another provider":         {intake.Identity{Provider: "gitlab", ProviderUserID: "49699333", Login: "jane"}, actor.Human},
		"a person claiming an agent's address": {intake.Identity{Provider: "github", ProviderUserID: "5", Login: "jane", Email: "noreply@anthropic.com"}, actor.Human},
		"a person claiming an agent's number":  {intake.Identity{Provider: "github", ProviderUserID: "5", Login: "jane", Email: "198982749+Copilot@users.noreply.github.com"}, actor.Human},

		"copilot coding agent":         {free("copilot-swe-agent[bot]", "198982749+Copilot@users.noreply.github.com"), actor.AIAgent},
		"the same, another name":       {free("Anything", "198982749+copilot@users.noreply.github.com"), actor.AIAgent},
		"the same by number":           {intake.Identity{Provider: "github", ProviderUserID: "198982749", Login: "Copilot", ProviderType: "Bot"}, actor.AIAgent},
		"the same by login":            {login("copilot-swe-agent[bot]", "Bot"), actor.AIAgent},
		"copilot app":                  {free("Copilot App", "223556219+Copilot@users.noreply.github.com"), actor.AIAgent},
		"copilot autofix":              {free("Copilot Autofix powered by AI", "175728472+Copilot@users.noreply.github.com"), actor.AIAgent},
		"copilot without a number":     {free("Copilot", "copilot@github.com"), actor.AIAgent},
		"claude":                       {free("Claude Opus 4.7 (1M context)", "noreply@anthropic.com"), actor.AIAgent},
		"cursor":                       {free("Cursor Agent", "cursoragent@cursor.com"), actor.AIAgent},
		"codex, any case":              {free("Codex", "Codex@OpenAI.com"), actor.AIAgent},
		"jules":                        {free("google-labs-jules[bot]", "161369871+google-labs-jules[bot]@users.noreply.github.com"), actor.AIAgent},
		"gemini":                       {free("Gemini CLI", "gemini-cli@bot.local"), actor.AIAgent},
		"dependabot":                   {free("dependabot[bot]", "49699333+dependabot[bot]@users.noreply.github.com"), actor.Automation},
		"actions":                      {free("github-actions[bot]", "github-actions[bot]@users.noreply.github.com"), actor.Automation},
		"an unknown bot":               {free("shiny[bot]", "1+shiny[bot]@users.noreply.github.com"), actor.Automation},
		"an unknown bot's login":       {login("shiny[bot]", ""), actor.Automation},
		"a bot by the provider's word": {login("shiny", "Bot"), actor.Automation},
		"an organisation":              {login("acme", "Organization"), actor.Automation},
		"machine user":                 {free("PrometheusBot", "team@example.org"), actor.Automation},
		"machine user by login":        {login("PrometheusBot", "User"), actor.Automation},
		"machine user prombot":         {free("prombot", "team@example.org"), actor.Automation},
		"self-hosted renovate":         {free("Renovate", "bot@renovateapp.com"), actor.Automation},
		"the web interface":            {free("GitHub", "noreply@github.com"), actor.Automation},
	} {
		got := intake.Classify(c.in)
		require.Equal(t, c.want, got.Type, "%s (%s)", name, got.Reason)
		require.NotEmpty(t, got.Reason, name)
	}
}

func TestKnownActors_everyLineOfTheListCounts(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("known_actors.txt")
	require.NoError(t, err)
	lines := 0
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		col := strings.Split(line, "|")
		require.Len(t, col, 4, line)
		class, field, value := strings.TrimSpace(col[0]), strings.TrimSpace(col[1]), strings.TrimSpace(col[2])
		require.NotEmpty(t, strings.TrimSpace(col[3]), "a reason for %s", value)
		in := map[string]intake.Identity{
			"github_id": {Provider: "github", ProviderUserID: value, Login: "whoever"},
			"login":     {Provider: "github", Login: value},
			"email":     {Provider: "git", Name: "Whoever", Email: value},
			"name":      {Provider: "git", Name: value, Email: "whoever@example.org"},
		}
		require.Contains(t, in, field, line)
		got := intake.Classify(in[field])
		require.Equal(t, class, string(got.Type), line)
		require.Equal(t, strings.TrimSpace(col[3]), got.Reason, line)
		lines++
	}
	require.Greater(t, lines, 20)
}
