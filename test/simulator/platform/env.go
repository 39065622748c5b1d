package platform

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator/eris"
	"github.com/zeroui/mmm-engine/test/simulator/health"
	"github.com/zeroui/mmm-engine/test/simulator/iam"
	"github.com/zeroui/mmm-engine/test/simulator/ubi"
)

// The times that are shorter here than in earnest, so that nobody has to wait long for a mode to change.
const (
	// BreakerDelay is how long a circuit stays open.
	BreakerDelay = 5 * time.Second
	// PolicyFresh and PolicyStale are the ages of a policy snapshot up to which it is good, and up to which it will do.
	PolicyFresh = 5 * time.Second
	PolicyStale = 30 * time.Second
	// VerifyTTL is how long a token that was not revoked is believed.
	VerifyTTL = 5 * time.Second
	// Failures is how many in a row open a circuit.
	Failures = 3
)

// tokenFor is how long a token of Token lives.
const tokenFor = 12 * time.Hour

const (
	keysFile   = "jwks.json"
	configFile = "mmm.yaml"
)

// Env gives the variables, as NAME=value, that make an engine use these services and nothing else. A configuration file of the
// one who runs it is not read: it could lead to real services.
func (p *Platform) Env() []string {
	at := map[string]string{}
	for _, s := range p.Services() {
		at[s.Name] = s.URL
	}
	return []string{
		"MMM_CONFIG=" + filepath.Join(p.dir, configFile),
		"MMM_IDENTITY=iam", "MMM_IAM_URL=" + at["iam"],
		"MMM_IAM_JWKS_FILE=" + filepath.Join(p.dir, keysFile), "MMM_IAM_JWKS_URL=",
		"MMM_TOKEN_ISSUER=" + iam.Issuer, "MMM_TOKEN_AUDIENCE=" + iam.Audience,
		"MMM_POLICY=http", "MMM_POLICY_URL=" + at["policy"],
		"MMM_POLICY_FRESH=" + PolicyFresh.String(), "MMM_POLICY_STALE=" + PolicyStale.String(),
		"MMM_STANDARDS_URL=" + at["standards"],
		"MMM_GOVERNANCE_URL=" + at["governance"],
		"MMM_UBI_URL=" + at["ubi"], "MMM_UBI_TOKEN=" + ubi.Token(p.tenant),
		"MMM_HEALTH_URL=" + at["health"], "MMM_HEALTH_TOKEN=" + health.CrossToken,
		"MMM_LLM=gateway", "MMM_LLM_URL=" + at["llm"], "MMM_LLM_TOKEN=",
		"MMM_EVIDENCE=eris", "MMM_ERIS_URL=" + at["eris"], "MMM_ERIS_TOKEN=" + eris.Token,
		"MMM_ALERT=platform", "MMM_ALERTING_URL=" + at["alerting"], "MMM_ALERTING_JWT_SECRET=" + alertingSecret,
		"MMM_BREAKER_DELAY=" + BreakerDelay.String(), fmt.Sprintf("MMM_BREAKER_FAILURE_THRESHOLD=%d", Failures),
		// An answer that is kept for a minute would leave the second success waiting for as long.
		"MMM_BREAKER_SUCCESS_THRESHOLD=1",
	}
}

// Token makes a token of a person that the identity service knows, good for twelve hours.
func (p *Platform) Token(tenant, actor string, roles, scopes []string) (string, error) {
	return p.iam.Issue(map[string]any{
		"sub": actor, "tenant_id": tenant, "actor_type": "human", "exp": time.Now().Add(tokenFor).Unix(),
		// A list that is absent would be null, which is no list.
		"roles": append([]string{}, roles...), "scope": append([]string{}, scopes...),
	}, nil)
}

// write makes the files that Env names: the keys of the identity service, and what no variable can say. JSON is YAML.
func (p *Platform) write() error {
	keys, err := p.iam.JWKS()
	if err != nil {
		return err
	}
	known := map[string]any{"options": map[string]any{"tenant_uuids": map[string]string{p.tenant: tenantUUID}}}
	config, err := json.MarshalIndent(map[string]any{"neighbours": map[string]any{
		"policy": known, "standards": known,
		"iam": map[string]any{"options": map[string]any{"verify_ttl": VerifyTTL.String()}},
	}}, "", "  ")
	if err != nil {
		return err
	}
	for name, text := range map[string][]byte{keysFile: keys, configFile: slices.Concat(config, []byte("\n"))} {
		if err := os.WriteFile(filepath.Join(p.dir, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
