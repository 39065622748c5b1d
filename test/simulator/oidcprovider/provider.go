// Package oidcprovider plays an OpenID Connect provider: its discovery document, its key set, and the tokens it issues. The
// provider is asked for nothing else by those who only verify tokens.
package oidcprovider

import (
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

// The paths of the provider.
const (
	DiscoveryPath = "/.well-known/openid-configuration"
	KeysPath      = "/protocol/certs"
)

const life = time.Hour

// Provider is one provider with its keys. It is safe for concurrent use.
type Provider struct {
	mux *simulator.Mux

	mu   sync.Mutex
	now  func() time.Time
	url  string
	says string       // the issuer that the discovery document names
	keys []issuer.Key // the newest signs; the others still count
}

// New makes a provider that signs with the key. Tell it its address by At before it is asked for anything.
func New(key issuer.Key) *Provider {
	p := &Provider{mux: simulator.NewMux(), now: time.Now, keys: []issuer.Key{key}}
	p.mux.Handle(http.MethodGet, DiscoveryPath, p.answerDiscovery)
	p.mux.Handle(http.MethodGet, KeysPath, p.answerKeys)
	return p
}

// ServeHTTP answers a call.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// At tells the provider the address it is reached at, which is its issuer, too.
func (p *Provider) At(url string) { p.set(func() { p.url, p.says = url, url }) }

// Claims makes the discovery document name another issuer, as a provider behind a wrong address does.
func (p *Provider) Claims(other string) { p.set(func() { p.says = other }) }

// Clock replaces the clock that tokens are dated by.
func (p *Provider) Clock(now func() time.Time) { p.set(func() { p.now = now }) }

// Rotate makes a key the one that signs. The keys before it stay in the key set until Withdraw.
func (p *Provider) Rotate(key issuer.Key) { p.set(func() { p.keys = append(p.keys, key) }) }

// Withdraw takes all keys but the newest out of the key set.
func (p *Provider) Withdraw() { p.set(func() { p.keys = p.keys[len(p.keys)-1:] }) }

func (p *Provider) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

// Issue makes a token with these claims, completed by issuer and times. issuer.Absent as a value leaves a claim out. header
// changes the usual header.
func (p *Provider) Issue(claims, header map[string]any) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	all := map[string]any{"iss": p.url, "iat": now.Unix(), "exp": now.Add(life).Unix()}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == issuer.Absent })
	return p.keys[len(p.keys)-1].Token(all, header)
}

func (p *Provider) answerDiscovery(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var algorithms []string
	for _, k := range p.keys {
		algorithms = append(algorithms, k.Algorithm)
	}
	simulator.WriteJSON(w, http.StatusOK, map[string]any{
		"issuer": p.says, "jwks_uri": p.url + KeysPath,
		"authorization_endpoint": p.url + "/protocol/auth", "token_endpoint": p.url + "/protocol/token",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": algorithms,
	})
}

func (p *Provider) answerKeys(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	text, err := issuer.JWKS(p.keys...)
	p.mu.Unlock()
	if err != nil {
		simulator.Detail(w, http.StatusInternalServerError, "Internal server error")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(text)
}
