package alerting

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// life is how long a token may live.
const life = 5 * time.Minute

// caller gives the tenant that the caller speaks for, or answers 400, 401 or 403.
func (s *Simulator) caller(w http.ResponseWriter, r *http.Request) (string, bool) {
	tenant := r.Header.Get("X-Tenant-ID")
	if tenant == "" {
		simulator.Detail(w, http.StatusBadRequest, "X-Tenant-ID header required")
		return "", false
	}
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	claims, good := s.claims(token)
	if !ok || !good {
		simulator.Detail(w, http.StatusUnauthorized, "Invalid token")
		return "", false
	}
	if claims.Tenant != tenant {
		simulator.Detail(w, http.StatusForbidden, "Tenant mismatch")
		return "", false
	}
	return tenant, true
}

type claims struct {
	Subject string `json:"sub"`
	Tenant  string `json:"tenant_id"`
	Issued  int64  `json:"iat"`
	Expires int64  `json:"exp"`
}

// claims checks a token: HS256, signed with the secret, alive, for no longer than agreed.
func (s *Simulator) claims(token string) (claims, bool) {
	s.mu.Lock()
	secret, now := s.secret, s.now()
	s.mu.Unlock()
	var (
		c      claims
		header struct {
			Alg string `json:"alg"`
		}
	)
	parts := strings.Split(token, ".")
	if secret == "" || len(parts) != 3 || !decoded(parts[0], &header) || !decoded(parts[1], &c) || header.Alg != "HS256" {
		return c, false
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(parts[0] + "." + parts[1]))
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil || !hmac.Equal(signature, mac.Sum(nil)) {
		return c, false
	}
	issued, expires := time.Unix(c.Issued, 0), time.Unix(c.Expires, 0)
	alive := !issued.After(now.Add(time.Minute)) && expires.After(now) && expires.Sub(issued) <= life
	return c, alive && c.Subject != "" && c.Tenant != ""
}

func decoded(part string, into any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(raw, into) == nil
}
