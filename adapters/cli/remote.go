package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// remote is a running server, as the commands that speak HTTP see it.
type remote struct {
	root, token string
	client      *http.Client
}

type remoteFlags struct {
	URL   string `env:"MMM_URL" help:"The server's root, such as http://localhost:8005."`
	Token string `env:"MMM_TOKEN" help:"Bearer token."`
}

func (f remoteFlags) open() (*remote, error) {
	if f.URL == "" || f.Token == "" {
		return nil, usage("--url and --token (or MMM_URL and MMM_TOKEN) are needed")
	}
	u, err := url.Parse(f.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, usage("--url must be the root of a server, such as http://localhost:8005")
	}
	return &remote{root: strings.TrimRight(f.URL, "/"), token: f.Token, client: &http.Client{Timeout: time.Minute}}, nil
}

const maxAnswer = 64 << 20

// call sends a request and reads its JSON answer into out. An error of the server becomes one that people can read.
func (r *remote) call(ctx context.Context, method, path string, body, out any) (http.Header, error) {
	var in io.Reader
	if body != nil {
		raw, ok := body.(json.RawMessage)
		if !ok {
			var err error
			if raw, err = json.Marshal(body); err != nil {
				return nil, err
			}
		}
		in = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(ctx, method, r.root+"/v1/mmm"+path, in)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := r.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return nil, serverError(method, path, res.StatusCode, raw)
	}
	if out != nil && len(raw) > 0 {
		if err := json.Unmarshal(raw, out); err != nil {
			return nil, fmt.Errorf("%s %s: the answer is not as expected: %w", method, path, err)
		}
	}
	return res.Header, nil
}

func serverError(method, path string, status int, raw []byte) error {
	var e struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Details []struct {
				Field  string `json:"field"`
				Reason string `json:"reason"`
			} `json:"details"`
			RequestID string `json:"request_id"`
		} `json:"error"`
	}
	if json.Unmarshal(raw, &e) != nil || e.Error.Code == "" {
		return fmt.Errorf("%s %s: status %d", method, path, status)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %d %s: %s (request %s)", method, path, status, e.Error.Code, e.Error.Message, e.Error.RequestID)
	for _, d := range e.Error.Details {
		fmt.Fprintf(&b, "\n  %s: %s", d.Field, d.Reason)
	}
	return errors.New(b.String())
}

// pageOf is the path of a page; an empty cursor is the first.
func pageOf(path, cursor string) string {
	q := url.Values{"limit": {"200"}}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	return path + "?" + q.Encode()
}

// nextCursor reads the cursor of a Link header with rel="next".
func nextCursor(h http.Header) string {
	for part := range strings.SplitSeq(h.Get("Link"), ",") {
		target, params, ok := strings.Cut(strings.TrimSpace(part), ";")
		if !ok || !strings.Contains(params, `rel="next"`) {
			continue
		}
		if u, err := url.Parse(strings.Trim(target, "<>")); err == nil {
			return u.Query().Get("cursor")
		}
	}
	return ""
}
