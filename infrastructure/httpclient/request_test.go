package httpclient_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"

	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
)

type sent struct {
	method, uri, body string
	header            http.Header
}

// echo serves what was sent to it into the pointer.
func echo(t *testing.T, got *sent) string {
	t.Helper()
	return serve(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		*got = sent{r.Method, r.RequestURI, string(body), r.Header}
	})
}

func TestClient_sendsWhatEveryNeighbourWants(t *testing.T) {
	t.Parallel()
	var got sent
	token := "one\n"
	r := newRig(t, httpclient.Config{
		BaseURL: echo(t, &got), UserAgent: "mmm-engine/v1", Token: func() string { return token },
		Header: map[string]string{"X-Client-Id": "mmm", "X-Kind": "usual"},
	})
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	ctx := propagation.TraceContext{}.Extract(t.Context(), propagation.MapCarrier{"traceparent": parent, "tracestate": "a=b"})
	ctx = httpclient.WithRequestID(ctx, "req-1")
	require.Equal(t, "req-1", httpclient.RequestID(ctx))
	require.NoError(t, r.client.Do(ctx, httpclient.Call{
		Body: map[string]int{"n": 1}, Header: map[string]string{"X-Kind": "own", "x-request-id": "no", "Traceparent": "no"},
	}, nil))
	require.Equal(t, http.MethodPost, got.method)
	require.JSONEq(t, `{"n":1}`, got.body)
	for name, want := range map[string]string{
		"User-Agent": "mmm-engine/v1", "Authorization": "Bearer one", "X-Client-Id": "mmm", "X-Kind": "own",
		"X-Request-Id": "req-1", "Content-Type": jsonType, "Accept": jsonType, "Tracestate": "a=b",
	} {
		require.Equal(t, []string{want}, got.header.Values(name), name)
	}
	require.Regexp(t, `^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$`, got.header.Get("traceparent"))

	token = ""
	require.NoError(t, r.client.Do(t.Context(), httpclient.Call{}, nil))
	require.Equal(t, http.MethodGet, got.method)
	require.Empty(t, got.header.Values("Authorization"), "the token is asked for again")
	require.Empty(t, got.header.Values("Content-Type"))
	require.Regexp(t, `^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$`, got.header.Get("traceparent"), "also without a trace to continue")
	require.Equal(t, []string{got.header.Get("traceparent")[3:35]}, got.header.Values("X-Request-Id"), "the trace's, for want of another")

	require.NoError(t, r.client.Do(httpclient.WithRequestID(t.Context(), "a\r\nb"), httpclient.Call{Raw: []byte(`[1]`), Method: "PUT"}, nil))
	require.Equal(t, http.MethodPut, got.method)
	require.Equal(t, "[1]", got.body)
	require.Equal(t, []string{got.header.Get("traceparent")[3:35]}, got.header.Values("X-Request-Id"), "an id that cannot be sent is not")

	own, err := httpclient.New(httpclient.Config{Name: "a", BaseURL: echo(t, &got), Timeout: time.Minute})
	require.NoError(t, err)
	require.NoError(t, own.Do(t.Context(), httpclient.Call{}, nil))
	require.Regexp(t, `^mmm-engine/.+`, got.header.Get("User-Agent"))
	httpclient.CloseIdle()
}

func TestClient_addresses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		base, prefix, path, want string
		query                    url.Values
	}{
		{"", "", "", "/", nil},
		{"/", "/iam/v1", "/verify", "/iam/v1/verify", nil},
		{"/iam/v1", "/iam/v1", "/verify", "/iam/v1/verify", nil},
		{"/iam/v1/", "/iam/v1/", "/verify", "/iam/v1/verify", nil},
		{"/gate/iam/v1", "/iam/v1", "/verify", "/gate/iam/v1/verify", nil},
		{"/gate", "/iam/v1", "/verify", "/gate/iam/v1/verify", nil},
		{"/xiam/v1", "/iam/v1", "/verify", "/xiam/v1/iam/v1/verify", nil},
		{"", "/v1", "/t/" + url.PathEscape("a/b c?d"), "/v1/t/a%2Fb%20c%3Fd", nil},
		{"", "/v1", "/t", "/v1/t?a=1+2&b=%26", url.Values{"a": {"1 2"}, "b": {"&"}}},
		{"", "/v1", "/...", "/v1/...", nil},
	} {
		t.Run(c.base+c.prefix+c.path, func(t *testing.T) {
			t.Parallel()
			var got sent
			r := newRig(t, httpclient.Config{BaseURL: echo(t, &got) + c.base, Prefix: c.prefix})
			require.NoError(t, r.client.Do(t.Context(), httpclient.Call{Path: c.path, Query: c.query}, nil))
			require.Equal(t, c.want, got.uri)
		})
	}
}

func TestClient_ourOwnMistakesAreNotTheNeighbours(t *testing.T) {
	t.Parallel()
	var got sent
	r := newRig(t, httpclient.Config{BaseURL: echo(t, &got)})
	bad := newRig(t, httpclient.Config{BaseURL: echo(t, &got), Token: func() string { return "a\nb" }})
	for name, c := range map[string]struct {
		rig  rig
		call httpclient.Call
	}{
		"no slash":         {r, httpclient.Call{Path: "verify"}},
		"a query":          {r, httpclient.Call{Path: "/verify?a=b"}},
		"a fragment":       {r, httpclient.Call{Path: "/verify#b"}},
		"up":               {r, httpclient.Call{Path: "/t/../admin"}},
		"up, escaped":      {r, httpclient.Call{Path: "/t/%2E%2e/admin"}},
		"here":             {r, httpclient.Call{Path: "/t/."}},
		"a bad escape":     {r, httpclient.Call{Path: "/t/%zz"}},
		"a long bad one":   {r, httpclient.Call{Path: "/t/a long way to a bad one%zz"}},
		"a method":         {r, httpclient.Call{Method: "GE T"}},
		"a body":           {r, httpclient.Call{Body: make(chan int)}},
		"two bodies":       {r, httpclient.Call{Body: 1, Raw: []byte("1")}},
		"a header's name":  {r, httpclient.Call{Header: map[string]string{"a b": "c"}}},
		"a header's value": {r, httpclient.Call{Header: map[string]string{"a": "c\r\nx: y"}}},
		"a token":          {bad, httpclient.Call{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.call.Op = "verify"
			c.call.Retry = httpclient.Retry{Attempts: 3}
			err := c.rig.client.Do(t.Context(), c.call, nil)
			require.Equal(t, httpclient.KindRequest, asError(t, err).Kind)
			require.EqualError(t, err, "iam verify: cannot make the request")
		})
	}
	t.Cleanup(func() {
		require.Zero(t, got, "nothing was sent")
		require.Zero(t, r.breaker.Status().Failures+r.breaker.Status().Successes)
		require.Zero(t, bad.breaker.Status().Failures+bad.breaker.Status().Successes)
	})
}

func TestNew_refusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	good := httpclient.Config{Name: "iam", BaseURL: "https://iam.test:8001/x", Prefix: "/iam/v1", Timeout: time.Second}
	_, err := httpclient.New(good)
	require.NoError(t, err)
	for name, spoil := range map[string]func(*httpclient.Config){
		"no name":             func(c *httpclient.Config) { c.Name = "" },
		"no URL":              func(c *httpclient.Config) { c.BaseURL = "" },
		"no URL at all":       func(c *httpclient.Config) { c.BaseURL = "http://geheim\x00" },
		"a bad port":          func(c *httpclient.Config) { c.BaseURL = "http://u:geheim/x" },
		"a path":              func(c *httpclient.Config) { c.BaseURL = "/iam" },
		"no host":             func(c *httpclient.Config) { c.BaseURL = "http:///x" },
		"opaque":              func(c *httpclient.Config) { c.BaseURL = "http:iam" },
		"another scheme":      func(c *httpclient.Config) { c.BaseURL = "ftp://iam" },
		"a user":              func(c *httpclient.Config) { c.BaseURL = "http://u:geheim@iam" },
		"a query":             func(c *httpclient.Config) { c.BaseURL = "http://iam?geheim" },
		"a fragment":          func(c *httpclient.Config) { c.BaseURL = "http://iam#geheim" },
		"a way out":           func(c *httpclient.Config) { c.BaseURL = "http://iam/.." },
		"a prefix of nothing": func(c *httpclient.Config) { c.Prefix = "v1" },
		"no timeout":          func(c *httpclient.Config) { c.Timeout = 0 },
		"less than nothing":   func(c *httpclient.Config) { c.MaxBody = -1 },
		"a header":            func(c *httpclient.Config) { c.Header = map[string]string{"": "geheim"} },
		"a header's value":    func(c *httpclient.Config) { c.Header = map[string]string{"a": "geheim\n"} },
		"a user agent":        func(c *httpclient.Config) { c.UserAgent = "geheim\n" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := good
			spoil(&c)
			_, err := httpclient.New(c)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "geheim")
		})
	}
}

func TestError_tellsNoSecretsAndNoForeignText(t *testing.T) {
	t.Parallel()
	r := newRig(t, httpclient.Config{
		BaseURL: serve(t, answer(403, jsonType, `{"error":{"code":"NO_WAY","message":"geheim","retryable":true}}`)),
		Token:   func() string { return "geheim" },
	})
	err := r.client.Do(t.Context(), httpclient.Call{Op: "verify", Path: "/geheim", Query: url.Values{"token": {"geheim"}}}, nil)
	require.EqualError(t, err, "iam verify: refused, status 403, code NO_WAY")
	got := asError(t, err)
	require.Equal(t, "geheim", got.Message)
	require.True(t, got.Retryable && got.HasRetryable)

	gone, leave := context.WithCancel(t.Context())
	leave()
	err = r.client.Do(gone, httpclient.Call{Op: "verify", Query: url.Values{"token": {"geheim"}}}, nil)
	for e := err; e != nil; {
		require.NotContains(t, e.Error(), "geheim", "not even the cause has the query")
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			break
		}
		e = u.Unwrap()
	}
	require.True(t, strings.HasSuffix(err.Error(), "canceled by the caller"), err.Error())
}
