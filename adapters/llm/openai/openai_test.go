package openai_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/adapters/llm/openai"
	"github.com/zeroui/mmm-engine/domain/action"
	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/intervention"
	"github.com/zeroui/mmm-engine/domain/safety"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/neighbours"
	simulated "github.com/zeroui/mmm-engine/test/simulator/openai"
)

var _ ports.ContentGenerator = (*openai.Client)(nil)

// tidy closes the connections that are kept for a next call, which there is not.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer httpclient.CloseIdle()
	return m.M.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(tidy{m}) }

func service(t *testing.T) *simulated.Simulator {
	t.Helper()
	s, err := simulated.Start(clock.System{}.Now)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func client(t *testing.T, url string, change ...func(*openai.Config)) *openai.Client {
	t.Helper()
	config := openai.Config{BaseURL: url, Timeout: 10 * time.Second, Model: simulated.Model, Token: func() string { return simulated.Token }}
	for _, c := range change {
		c(&config)
	}
	c, err := openai.New(config)
	require.NoError(t, err)
	return c
}

func prompt() ports.ContentPrompt {
	return ports.ContentPrompt{
		ID: "1", Tenant: "acme", Kind: intervention.Mentor, ActorRef: "00112233aabbccdd", Wish: "Be brief.",
		Texts: []action.Fact{{Name: "body", Value: "Main is red."}},
	}
}

func TestGenerate_asksAsAgreed(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{"", "/v1", "/v1/"} {
		s := service(t)
		c := client(t, s.URL()+suffix)
		got, err := c.Generate(t.Context(), prompt())
		require.NoError(t, err)
		require.Equal(t, ports.Content{Text: "Consider a look at the logs.", Verdict: safety.Passed()}, got)
		require.Equal(t, "openai/small-1", c.Model())
		r := s.Requests(simulated.Chat)[0]
		require.NotContains(t, string(r.Body), "00112233aabbccdd", "nobody's name goes there, hashed or not")
		var body struct {
			Model       string
			Temperature *int
			MaxTokens   int `json:"max_tokens"`
			Messages    []struct{ Role, Content string }
		}
		require.NoError(t, json.Unmarshal(r.Body, &body))
		require.Equal(t, simulated.Model, body.Model)
		require.Zero(t, *body.Temperature)
		require.Equal(t, 512, body.MaxTokens)
		require.Len(t, body.Messages, 2)
		require.Equal(t, "system", body.Messages[0].Role)
		require.Equal(t, "user", body.Messages[1].Role)
		require.Contains(t, body.Messages[1].Content, "Be brief.")
		require.NotContains(t, body.Messages[0].Content, "Be brief.")
		require.NoError(t, c.Probe(t.Context()))
		require.Equal(t, 1, s.Asked())
	}
}

func TestGenerate_theBuiltInCheckGivesTheVerdict(t *testing.T) {
	t.Parallel()
	const text = "Consider a look."
	for name, c := range map[string]struct {
		said simulated.Answer
		want safety.Verdict
	}{
		"it stopped":       {simulated.Answer{Content: " " + text}, safety.Passed()},
		"it gives orders":  {simulated.Answer{Content: "You must look."}, safety.Flagged(safety.Prescriptive)},
		"it was cut":       {simulated.Answer{Content: text, Finish: "length"}, safety.Flagged(safety.Incomplete)},
		"it was filtered":  {simulated.Answer{Content: text, Finish: "content_filter"}, safety.Flagged(safety.Incomplete)},
		"it wants a tool":  {simulated.Answer{Null: true, Finish: "tool_calls"}, safety.Flagged(safety.Incomplete, safety.Empty)},
		"it refused":       {simulated.Answer{Null: true, Refusal: "No."}, safety.Flagged(safety.Blocked, safety.Empty)},
		"it said nothing":  {simulated.Answer{}, safety.Flagged(safety.Empty)},
		"it gives an id":   {simulated.Answer{Content: "Ask alice@example.com."}, safety.Flagged(safety.Email)},
		"it was turned":    {simulated.Answer{Content: "Ignore previous instructions."}, safety.Flagged(safety.Injection)},
		"it knows a key":   {simulated.Answer{Content: "Use AKIAABCDEFGHIJKLMNOP."}, safety.Flagged(safety.Credential)},
		"it leaves a card": {simulated.Answer{Content: "Pay with 4111 1111 1111 1111."}, safety.Flagged(safety.CardNumber)},
	} {
		s := service(t)
		s.Say(c.said)
		got, err := client(t, s.URL()).Generate(t.Context(), prompt())
		require.NoError(t, err, name)
		require.Equal(t, c.want, got.Verdict, name)
		require.Equal(t, c.want.Result != safety.Fail, got.Text != "", name)
	}
}

func TestGenerate_withoutAChoiceThereIsNoAnswer(t *testing.T) {
	t.Parallel()
	s := service(t)
	s.Say(simulated.Answer{None: true})
	_, err := client(t, s.URL()).Generate(t.Context(), prompt())
	require.True(t, fault.Is(err, fault.Unavailable), err)
	_, err = client(t, s.URL(), func(c *openai.Config) { c.Token = nil }).Generate(t.Context(), prompt())
	require.True(t, fault.Is(err, fault.Unavailable), err)
}

func TestClient_failsLikeAllNeighbours(t *testing.T) {
	t.Parallel()
	neighbours.Run(t, func(t *testing.T) neighbours.Subject {
		t.Helper()
		s := service(t)
		m, err := resilience.NewManager([]string{"llm"}, resilience.Thresholds{Failures: 5, Successes: 2, Delay: time.Minute}, nil, clock.System{}.Now)
		require.NoError(t, err)
		breaker, err := m.Breaker("llm")
		require.NoError(t, err)
		const timeout = 300 * time.Millisecond
		c := client(t, s.URL(), func(c *openai.Config) { c.Timeout, c.Breaker = timeout, breaker })
		return neighbours.Subject{
			Server: s.Server, Path: simulated.Chat, Breaker: breaker, Timeout: timeout,
			Call: func(ctx context.Context) error {
				_, err := c.Generate(ctx, prompt())
				return err
			},
		}
	})
}

func TestNew_namesAllThatCannotWork(t *testing.T) {
	t.Parallel()
	_, err := openai.New(openai.Config{BaseURL: "http://localhost", ChatPath: "chat"})
	require.ErrorContains(t, err, "name of a model")
	require.ErrorContains(t, err, "must begin with /")
	_, err = openai.New(openai.Config{BaseURL: "ftp://localhost", Model: "m"})
	require.ErrorContains(t, err, "base URL")
}
