package contract

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
)

//go:embed docs.html
var docsTemplate string

// PayloadKey is one key of a signal's payload that is kept, with what it means.
type PayloadKey struct {
	Name        string
	Description string
}

// Page is the contract as an HTML page for people. It needs no script and no other file, and is safe for concurrent use.
type Page struct{ html []byte }

// Docs renders the page once: endpoints by tag, schemas, error codes, suppression reasons, and the given payload keys.
func (c *Contract) Docs(keys []PayloadKey) (*Page, error) {
	t, err := template.New("docs").Parse(docsTemplate)
	if err != nil {
		return nil, fmt.Errorf("read the template of the documentation: %w", err)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, c.view(keys)); err != nil {
		return nil, fmt.Errorf("render the documentation: %w", err)
	}
	return &Page{html: b.Bytes()}, nil
}

// HTML gives the page. Callers must not change it.
func (p *Page) HTML() []byte { return p.html }

// ServeHTTP answers with the page, and forbids the browser everything the page does not need.
func (p *Page) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(p.html)))
	h.Set("Content-Security-Policy", ContentSecurityPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = w.Write(p.html) // a caller who has gone needs no answer
}

// ContentSecurityPolicy is the policy the page is written for: inline style, and nothing else at all.
const ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
