package iam

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
)

// What the service's own tokens say.
const (
	Issuer   = "iam"
	Audience = "platform"
	life     = time.Hour
)

// entry is a token that the service knows.
type entry struct {
	claims  map[string]any
	revoked bool
}

// Issue makes a token with these claims, completed by what the service itself puts into each, and knows it from then on.
// issuer.Absent as a value leaves a claim out. header changes the usual header.
func (s *IAM) Issue(claims, header map[string]any) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := s.keys[len(s.keys)-1]
	s.issued++
	now := s.now()
	all := map[string]any{
		"kid": key.KID, "iss": Issuer, "aud": Audience, "iat": now.Unix(), "exp": now.Add(life).Unix(),
		"jti": "token-" + strconv.Itoa(s.issued), "scope": []string{},
	}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == issuer.Absent })
	raw, err := key.Token(all, header)
	if err != nil {
		return "", err
	}
	return raw, s.know(raw)
}

// Know makes a token that somebody else signed one of the service's: it looks at claims only, never at a signature.
func (s *IAM) Know(raw string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.know(raw)
}

func (s *IAM) know(raw string) error {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return errors.New("a token has three parts")
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return fmt.Errorf("claims of a token: %w", err)
	}
	known := &entry{}
	if err := json.Unmarshal(text, &known.claims); err != nil {
		return fmt.Errorf("claims of a token: %w", err)
	}
	s.known[raw] = known
	return nil
}

// Revoke makes a token invalid from now on.
func (s *IAM) Revoke(raw string) {
	s.set(func() {
		if known, there := s.known[raw]; there {
			known.revoked = true
		}
	})
}

// Rotate makes a key the one that signs. The keys before it stay in the key set until Withdraw.
func (s *IAM) Rotate(key issuer.Key) { s.set(func() { s.keys = append(s.keys, key) }) }

// Withdraw takes all keys but the newest out of the key set.
func (s *IAM) Withdraw() { s.set(func() { s.keys = s.keys[len(s.keys)-1:] }) }

// JWKS is the key set as it is now.
func (s *IAM) JWKS() ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return issuer.JWKS(s.keys...)
}

type verified struct {
	Sub        string   `json:"sub"`
	Scope      []string `json:"scope"`
	ValidUntil string   `json:"valid_until"`
}

func (s *IAM) answerVerify(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || body == nil {
		simulator.Reject422(w, simulator.Problem{Msg: "JSON decode error", Type: "json_invalid"})
		return
	}
	raw, isText := body["token"].(string)
	switch {
	case body["token"] == nil:
		simulator.Reject422(w, missing("token"))
		return
	case !isText || raw == "":
		simulator.Reject422(w, simulator.Problem{Loc: []any{"body", "token"}, Msg: "Input should be a valid string", Type: "string_type"})
		return
	case len(body) != 1:
		simulator.Reject422(w, simulator.Problem{Msg: "Extra inputs are not permitted", Type: "extra_forbidden"})
		return
	}
	s.mu.Lock()
	answer, why := s.verify(raw)
	s.mu.Unlock()
	if why != "" {
		refuse(w, http.StatusUnauthorized, "AUTH_FAILED", why)
		return
	}
	simulator.WriteJSON(w, http.StatusOK, answer)
}

// verify judges a token as the service does, or says why it is refused. It requires the lock.
func (s *IAM) verify(raw string) (verified, string) {
	known, there := s.known[raw]
	if !there {
		return verified{}, "Token verification failed"
	}
	for _, name := range []string{"kid", "iat", "exp", "aud", "iss", "sub", "scope"} {
		if known.claims[name] == nil {
			return verified{}, "Missing claim: " + name
		}
	}
	sub, _ := known.claims["sub"].(string)
	exp, isNumber := known.claims["exp"].(float64)
	until := time.Unix(int64(exp), 0)
	scopes, ok := s.scopes(known.claims["scope"])
	switch {
	case !isNumber || !s.now().Before(until):
		return verified{}, "Token has expired"
	case known.revoked:
		return verified{}, "Token has been revoked"
	case sub == "" || !ok:
		return verified{}, "Malformed claims"
	}
	answer := verified{Sub: sub, Scope: scopes, ValidUntil: until.UTC().Add(s.shift).Format("2006-01-02T15:04:05")}
	if s.zoned {
		answer.ValidUntil = until.UTC().Format(time.RFC3339)
	}
	return answer, ""
}

// scopes requires the lock.
func (s *IAM) scopes(claim any) ([]string, bool) {
	if text, isText := claim.(string); isText && s.scopeText {
		return strings.Fields(text), true
	}
	list, isList := claim.([]any)
	scopes := []string{}
	for _, item := range list {
		text, isText := item.(string)
		if !isText {
			return nil, false
		}
		scopes = append(scopes, text)
	}
	return scopes, isList
}

func missing(loc ...any) simulator.Problem {
	return simulator.Problem{Loc: append([]any{"body"}, loc...), Msg: "Field required", Type: "missing"}
}
