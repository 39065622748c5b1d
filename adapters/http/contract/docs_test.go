package contract_test

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/http/contract"
)

func page(t *testing.T) string {
	t.Helper()
	p, err := load(t).Docs([]contract.PayloadKey{{Name: "run_attempt", Description: "which try <this> is"}})
	require.NoError(t, err)
	return string(p.HTML())
}

func TestDocsShowTheWholeContract(t *testing.T) {
	html := page(t)
	c := load(t)
	for _, op := range c.Operations() {
		require.Contains(t, html, `<article id="`+op.ID+`">`)
		require.Contains(t, html, `<code class="path">`+op.Path+`</code>`)
	}
	for name := range c.Document().Components.Schemas {
		require.Contains(t, html, `id="schema-`+name+`"`)
	}
	for _, list := range []string{"ErrorCode", "SuppressionReason"} {
		for word, text := range schema(t, list).Extensions["x-meanings"].(map[string]any) {
			require.Regexp(t, `<tr><td><code>`+word+`</code></td><td>[a-z0-9]+</td><td>`+regexp.QuoteMeta(text.(string)), html)
		}
	}
	require.Contains(t, html, "<code>run_attempt</code></td><td>which try &lt;this&gt; is")
	require.Contains(t, html, "Needs scope <code>mmm.decide</code>")
}

func TestDocsLinksLeadSomewhere(t *testing.T) {
	html := page(t)
	links := regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(html, -1)
	require.NotEmpty(t, links)
	for _, l := range links {
		require.Contains(t, html, `id="`+l[1]+`"`)
	}
	require.Len(t, regexp.MustCompile(` id="`).FindAllString(html, -1), len(ids(html)), "an id is there twice")
}

func ids(html string) map[string]bool {
	out := map[string]bool{}
	for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(html, -1) {
		out[m[1]] = true
	}
	return out
}

// The policy forbids scripts and other files, so a page that had one would be broken.
func TestDocsNeedNothingElse(t *testing.T) {
	html := page(t)
	for _, bad := range []string{"<script", "<img", "<link", "<iframe", "<form", "@import", "url(", "javascript:", " onclick", "http://"} {
		require.NotContains(t, strings.ToLower(html), bad)
	}
	require.Contains(t, html, "prefers-color-scheme:dark")
	require.Contains(t, html, `name="viewport"`)

	p, err := load(t).Docs(nil)
	require.NoError(t, err)
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequest("GET", "/docs", nil))
	require.Equal(t, "text/html; charset=utf-8", w.Header().Get("Content-Type"))
	require.Equal(t, contract.ContentSecurityPolicy, w.Header().Get("Content-Security-Policy"))
	require.Equal(t, string(p.HTML()), w.Body.String())
	require.NotContains(t, w.Body.String(), `id="payload"`, "an empty allow-list has no section")
}

func TestDocsAreWellFormed(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader(page(t)))
	d.Entity = xml.HTMLEntity
	var open []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err, "in %v", open)
		switch e := token.(type) {
		case xml.StartElement:
			open = append(open, e.Name.Local)
		case xml.EndElement:
			open = open[:len(open)-1]
		}
	}
	require.Empty(t, open)
}
