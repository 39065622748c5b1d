package httpclient_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
)

// canned answers without a network.
type canned struct {
	status int
	body   string
}

func (c canned) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: c.status, Header: http.Header{"Content-Type": {jsonType}}, Body: io.NopCloser(strings.NewReader(c.body)),
	}, nil
}

func explained(tb testing.TB, body string) *httpclient.Error {
	tb.Helper()
	c, err := httpclient.New(httpclient.Config{
		Name: "iam", BaseURL: "http://iam.test", Timeout: time.Minute, Transport: canned{400, body},
	})
	if err != nil {
		tb.Fatal(err)
	}
	e, ok := c.Do(tb.Context(), httpclient.Call{Op: "op"}, nil).(*httpclient.Error) //nolint:errorlint // Do promises the type
	if !ok {
		tb.Fatal("no *Error")
	}
	return e
}

var errorBodies = map[string]struct {
	body, code, message string
	retryable           string
}{
	"error, code":              {`{"error":{"code":"RATE_LIMITED","message":"slow down","details":null}}`, "RATE_LIMITED", "slow down", ""},
	"error, error_code":        {`{"error":{"error_code":"E-1.2:x_y","message":"m","retriable":true}}`, "E-1.2:x_y", "m", "true"},
	"error before detail":      {`{"detail":"second","error":{"message":"first"}}`, "", "first", ""},
	"a number as code":         {`{"error":{"code":4031,"message":"m"}}`, "4031", "m", ""},
	"detail.error":             {`{"detail":{"error":{"code":"A","message":"m","retryable":false},"code":"B"}}`, "A", "m", "false"},
	"detail object":            {`{"detail":{"error_code":"B","message":"m"}}`, "B", "m", ""},
	"detail beside no error":   {`{"error":null,"detail":{"code":"B"}}`, "B", "", ""},
	"detail with a bare error": {`{"detail":{"error":"why","code":"B"}}`, "B", "", ""},
	"detail string":            {`{"detail":"not\nfound"}`, "", "not found", ""},
	"detail list": {
		`{"detail":[{"loc":["body","items",0,"id"],"msg":"field required","type":"missing","input":{}},{"loc":["query"],"msg":"bad"}]}`,
		"missing", "body.items.0.id: field required; query: bad", "",
	},
	"a long list":         {`{"detail":[` + strings.Repeat(`{"loc":["a"],"msg":"m"},`, 20) + `{}]}`, "", "a: m; a: m; a: m; a: m; a: m", ""},
	"an empty list":       {`{"detail":[]}`, "", "", ""},
	"a list of something": {`{"detail":[1]}`, "", "", ""},
	"text as code":        {`{"error":{"code":"give me a token","message":"m"}}`, "", "m", ""},
	"a very long code":    {`{"error":{"code":"` + strings.Repeat("A", 65) + `","message":"m"}}`, "", "m", ""},
	"a long message":      {`{"error":{"message":"` + strings.Repeat("ä", 1000) + `"}}`, "", strings.Repeat("ä", 150), ""},
	"control characters":  {`{"detail":"a\u0000b\u001b[31mc\u202ed"}`, "", "ab[31mcd", ""},
	"retryable is text":   {`{"error":{"code":"A","retryable":"yes","retriable":true}}`, "A", "", "true"},
	"not an object":       {`[{"error":{"code":"A"}}]`, "", "", ""},
	"HTML":                {`<html>`, "", "", ""},
	"nothing":             {``, "", "", ""},
	"null":                {`null`, "", "", ""},
	"half":                {`{"error":{"code":"A"`, "", "", ""},
}

func TestError_explainsWithTheBodysOwnWords(t *testing.T) {
	t.Parallel()
	for name, c := range errorBodies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := explained(t, c.body)
			require.Equal(t, c.code, e.Code)
			require.Equal(t, c.message, e.Message)
			require.Equal(t, c.retryable != "", e.HasRetryable)
			require.Equal(t, c.retryable == "true", e.Retryable)
		})
	}
}

func FuzzErrorBody(f *testing.F) {
	for _, c := range errorBodies {
		f.Add(c.body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		e := explained(t, body)
		if len(e.Code) > 64 || strings.ContainsFunc(e.Code, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("code %q is not fit for a log", e.Code)
		}
		if len(e.Message) > 300 || !utf8.ValidString(e.Message) || strings.ContainsFunc(e.Message, unicode.IsControl) {
			t.Errorf("message %q is not fit for a log", e.Message)
		}
		want := "iam op: refused, status 400"
		if e.Code != "" {
			want += ", code " + e.Code
		}
		if e.Error() != want {
			t.Errorf("Error() = %q; want %q", e.Error(), want)
		}
	})
}
