package config

import (
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// again is how often a token file is looked at.
const again = 5 * time.Second

// Bearer gives the token of calls to the service, from the file where one is named, so that a replaced file needs no restart.
// nil where there is none. While the file cannot be read the last token counts. now is the real time.
func (n Neighbour[O]) Bearer(now func() time.Time) func() string {
	if n.TokenFile == "" {
		if !n.Token.IsSet() {
			return nil
		}
		token := n.Token.Reveal()
		return func() string { return token }
	}
	f := &tokenFile{path: n.TokenFile, now: now}
	return f.token
}

// Plain gives the headers to send by their canonical names, uncovered; the client id is among them where one is set.
func (n Neighbour[O]) Plain() map[string]string {
	out := make(map[string]string, len(n.Headers)+1)
	if n.ClientID != "" {
		out["X-Client-Id"] = n.ClientID
	}
	for name, value := range n.Headers {
		out[http.CanonicalHeaderKey(name)] = value.Reveal()
	}
	return out
}

// tokenFile reads a token again when its file may have changed.
type tokenFile struct {
	path string
	now  func() time.Time

	mu   sync.Mutex
	text string
	next time.Time
}

func (f *tokenFile) token() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	if now.Before(f.next) {
		return f.text
	}
	f.next = now.Add(again)
	if text, err := os.ReadFile(f.path); err == nil {
		f.text = strings.TrimSpace(string(text))
	}
	return f.text
}
