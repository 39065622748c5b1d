package playbook_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/test/given"
)

func TestPrompt_mayStandInForTheBody(t *testing.T) {
	t.Parallel()
	kind := func(k string) given.Edit { return given.Set("actions.0.type", k) }
	body := func(text string) given.Edit { return given.Set("actions.0.payload.body", text) }
	prompt := func(text string) given.Edit { return given.Set("actions.0.llm_prompt", text) }
	for name, c := range map[string]struct {
		edits []given.Edit
		want  []string
	}{
		"a Mentor by a model alone":      {[]given.Edit{kind("mentor"), body(""), prompt("Be kind.")}, nil},
		"a Multiplier by a model alone":  {[]given.Edit{kind("multiplier"), body(""), prompt("Be kind.")}, nil},
		"a Mentor by nobody":             {[]given.Edit{kind("mentor"), body("")}, []string{"actions[0].payload.body"}},
		"a Mirror by a model":            {[]given.Edit{body(""), prompt("Be kind.")}, []string{"actions[0].llm_prompt", "actions[0].payload.body"}},
		"a prompt that names a fact":     {[]given.Edit{kind("mentor"), prompt("Say {{context.branch}}.")}, nil},
		"a prompt that names no fact":    {[]given.Edit{kind("mentor"), prompt("Say {{actor.id}}.")}, []string{"actions[0].llm_prompt"}},
		"a prompt with an open bracket":  {[]given.Edit{kind("mentor"), prompt("Say {{context.branch.")}, []string{"actions[0].llm_prompt"}},
		"a prompt that tells what to do": {[]given.Edit{kind("mentor"), prompt("You must be kind.")}, nil},
	} {
		_, problems := playbook.ParseDefinition(given.Document(c.edits...))
		var fields []string
		for _, p := range problems {
			fields = append(fields, p.Field)
		}
		require.Equal(t, c.want, fields, name)
	}
}

func TestValues_giveWhatIsKnown(t *testing.T) {
	t.Parallel()
	s := given.Situation()
	s.Signal.Payload = signal.Payload{"run_attempt": int64(2)}
	text, err := playbook.ParseTemplate("{{context.branch}} {{signal.payload.run_attempt}} {{signal.payload.state}} {{ context.branch }}")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"context.branch": "main", "signal.payload.run_attempt": "2"}, text.Values(s))
}
