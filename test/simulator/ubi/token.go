package ubi

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"
)

// claims are what a token says of its bearer. Who signed it is not looked at.
type claims struct {
	Subject string   `json:"sub"`
	Tenant  string   `json:"tenant_id"`
	Roles   []string `json:"roles"`
	Expires int64    `json:"exp,omitempty"`
}

func (c claims) mayRead() bool {
	return slices.ContainsFunc(c.Roles, func(r string) bool {
		return slices.Contains([]string{"ubi:read:actor", "product_ops", "admin"}, r)
	})
}

// Token is a token of a tenant that may read signals.
func Token(tenant string) string { return TokenOf("mmm-engine", tenant, "ubi:read:actor") }

// TokenOf is a token with these claims.
func TokenOf(subject, tenant string, roles ...string) string {
	return encode(map[string]any{"alg": "none", "typ": "JWT"}) + "." +
		encode(claims{Subject: subject, Tenant: tenant, Roles: roles}) + "." + base64.RawURLEncoding.EncodeToString([]byte("unsigned"))
}

func encode(v any) string {
	// Maps of text and claims always have a JSON form.
	raw, _ := json.Marshal(v)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// bearer reads the request's token.
func (s *Simulator) bearer(r *http.Request) (claims, bool) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	parts := strings.Split(token, ".")
	if !ok || len(parts) != 3 {
		return claims{}, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return claims{}, false
	}
	var c claims
	if err := json.Unmarshal(raw, &c); err != nil || c.Subject == "" || c.Tenant == "" || c.Roles == nil {
		return claims{}, false
	}
	if c.Expires != 0 && !s.now().Before(time.Unix(c.Expires, 0)) {
		return claims{}, false
	}
	return c, true
}
