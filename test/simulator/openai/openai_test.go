package openai_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/zeroui/mmm-engine/test/simulator/openai"
)

// tidy closes the connections that are kept for a next call, which there is not.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer http.DefaultClient.CloseIdleConnections()
	return m.M.Run()
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(tidy{m}) }

func TestChat_isStrict(t *testing.T) {
	t.Parallel()
	s, err := openai.Start(func() time.Time { return time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC) })
	require.NoError(t, err)
	t.Cleanup(s.Close)
	call := func(method, path, token, body string) (int, map[string]any) {
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL()+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Authorization", token)
		res, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		raw, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, res.Body.Close())
		var out map[string]any
		require.NoError(t, json.Unmarshal(raw, &out), string(raw))
		return res.StatusCode, out
	}
	const (
		bearer = "Bearer " + openai.Token
		good   = `{"model":"small-1","messages":[{"role":"user","content":"p"}],"temperature":0,"max_tokens":5}`
	)
	status, out := call(http.MethodPost, openai.Chat, bearer, good)
	require.Equal(t, 200, status)
	first := out["choices"].([]any)[0].(map[string]any)
	require.Equal(t, "stop", first["finish_reason"])
	require.Equal(t, "Consider a look at the logs.", first["message"].(map[string]any)["content"])
	for body, want := range map[string]int{
		`{`: 400, `{"model":"other","messages":[{"role":"user","content":"p"}]}`: 404, `{"model":"small-1","messages":[]}`: 400,
		`{"model":"small-1","messages":[{"role":"tool","content":"p"}]}`:                             400,
		`{"model":"small-1","messages":[{"role":"user"}]}`:                                           400,
		`{"model":"small-1","messages":[{"role":"user","content":"p"}],"temperature":3}`:             400,
		`{"model":"small-1","messages":[{"role":"user","content":"p"}],"max_tokens":0}`:              400,
		`{"model":"small-1","messages":[{"role":"user","content":"p"}],"max_tokens":"a great many"}`: 400,
	} {
		status, out := call(http.MethodPost, openai.Chat, bearer, body)
		require.Equal(t, want, status, body)
		require.Contains(t, out, "error")
	}
	status, _ = call(http.MethodPost, openai.Chat, "Bearer x", good)
	require.Equal(t, 401, status)
	status, _ = call(http.MethodGet, openai.Models, bearer, "")
	require.Equal(t, 200, status)
	require.Equal(t, 1, s.Asked())
	s.Say(openai.Answer{Null: true, Refusal: "No.", Finish: "length"})
	_, out = call(http.MethodPost, openai.Chat, bearer, good)
	first = out["choices"].([]any)[0].(map[string]any)
	require.Nil(t, first["message"].(map[string]any)["content"])
	require.Equal(t, "length", first["finish_reason"])
	s.Say(openai.Answer{None: true})
	_, out = call(http.MethodPost, openai.Chat, bearer, good)
	require.Empty(t, out["choices"])
}
