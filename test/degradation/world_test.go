package degradation_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/identity/local"
	"github.com/zeroui/mmm-engine/adapters/signing"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/caller"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/test/harness"
	"github.com/zeroui/mmm-engine/test/servers"
	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/alerting"
	"github.com/zeroui/mmm-engine/test/simulator/eris"
	"github.com/zeroui/mmm-engine/test/simulator/governance"
	"github.com/zeroui/mmm-engine/test/simulator/health"
	"github.com/zeroui/mmm-engine/test/simulator/iam"
	"github.com/zeroui/mmm-engine/test/simulator/issuer"
	"github.com/zeroui/mmm-engine/test/simulator/llm"
	"github.com/zeroui/mmm-engine/test/simulator/policy"
	"github.com/zeroui/mmm-engine/test/simulator/ubi"
)

func TestMain(m *testing.M) {
	code := m.Run()
	servers.Stop()
	harness.Cleanup()
	os.Exit(code)
}

const (
	// soon is how long something that has to happen may take on a busy machine. Nothing is late before.
	soon = time.Minute
	// look is how often a test looks whether it has happened.
	look = 20 * time.Millisecond

	// tenants is how many a world has: whoever is new to the engine is in none of its caches.
	tenants = 200
	// person is the actor of all tenants.
	person = "dev1"

	alertingSecret = "degradation-secret-of-alerting"
	// rephrased is what the model says: no number and no name, so that it is true of any facts.
	rephrased = "What did the last change touch? A look at the log of the failed step may tell."
)

// quick are timeouts at which a slow neighbour is told from a working one in less time than in earnest. All are longer than a
// decide of the surface ci waits.
func quick() map[string]map[string]any {
	out := map[string]map[string]any{}
	for _, name := range everybody() {
		out[name] = map[string]any{"timeout": "700ms"}
	}
	out["llm"]["options"] = map[string]any{"generation_timeout": "600ms"}
	return out
}

// everybody is all neighbours by the names they have in answers, circuits and metrics.
func everybody() []string {
	return []string{"iam", "policy", "standards", "governance", "ubi", "health", "llm", "eris", "alerting"}
}

// world is an engine with an organisation around it.
type world struct {
	*harness.Server
	sims  map[string]*simulator.Server
	known map[string]bool // neighbours that the engine knows

	policy     *policy.Simulator
	standards  *policy.Simulator
	governance *governance.Simulator
	ubi        *ubi.Simulator
	health     *health.Simulator
	llm        *llm.Simulator
	eris       *eris.Simulator
	alerting   *alerting.Simulator
	iam        *iam.IAM
	outsider   issuer.Key // signs what nobody trusts

	minter func() (*local.Minter, error)
	next   atomic.Int64
}

// setting changes a world before it starts.
type setting struct {
	env []string
	// without are neighbours that the engine knows nothing of.
	without []string
	// timeouts differ from quick's.
	timeouts map[string]string
}

// raise starts the simulators and an engine that knows them. Who calls is told by iam only where that is not left out.
func raise(t *testing.T, s setting) *world {
	t.Helper()
	w := build(t, s)
	out, err := w.Run("keys", "generate")
	require.NoError(t, err, out)
	w.Start()
	return w
}

// build is raise without the start.
func build(t *testing.T, s setting) *world {
	t.Helper()
	w := &world{sims: map[string]*simulator.Server{}, known: map[string]bool{}}
	w.populate(t)
	left := map[string]string{}
	for name, sim := range w.sims {
		t.Cleanup(sim.Close)
		left[name] = sim.URL()
	}
	for _, name := range s.without {
		delete(left, name)
	}
	for name := range left {
		w.known[name] = true
	}
	dir := t.TempDir()
	w.Server = harness.New(t, append(environment(t, dir, left, w.iam, s.timeouts), s.env...)...)
	keys := filepath.Join(w.Dir, "keys")
	for _, variable := range s.env {
		if dir, ok := strings.CutPrefix(variable, "MMM_KEYS_DIR="); ok {
			keys = dir
		}
	}
	w.minter = sync.OnceValues(func() (*local.Minter, error) {
		ring, err := signing.Load(keys)
		if err != nil {
			return nil, err
		}
		return local.NewMinter(ring.Current(signing.UseToken), local.Config{}, time.Now), nil
	})
	return w
}

func (w *world) populate(t *testing.T) {
	t.Helper()
	key, err := issuer.NewKey("key-1", issuer.ES256)
	require.NoError(t, err)
	w.outsider, err = issuer.NewKey("key-1", issuer.ES256)
	require.NoError(t, err)
	w.iam = iam.New(key)
	w.iam.Limited(false)
	w.sims["iam"], err = simulator.Start("iam", w.iam)
	require.NoError(t, err)
	w.policy, err = policy.Start()
	require.NoError(t, err)
	w.policy.Unlimited()
	w.standards, err = policy.Start()
	require.NoError(t, err)
	w.standards.Unlimited()
	w.governance, err = governance.Start()
	require.NoError(t, err)
	w.ubi, err = ubi.Start(time.Now)
	require.NoError(t, err)
	w.health, err = health.Start(time.Now)
	require.NoError(t, err)
	w.llm, err = llm.Start(time.Now)
	require.NoError(t, err)
	w.llm.Say(llm.Answer{Content: rephrased})
	w.eris, err = eris.Start(time.Now)
	require.NoError(t, err)
	w.alerting, err = alerting.Start(alertingSecret, time.Now)
	require.NoError(t, err)
	w.alerting.KeepTenantsApart(true)
	maps.Copy(w.sims, map[string]*simulator.Server{
		"policy": w.policy.Server, "standards": w.standards.Server, "governance": w.governance.Server, "ubi": w.ubi.Server,
		"health": w.health.Server, "llm": w.llm.Server, "eris": w.eris.Server, "alerting": w.alerting.Server,
	})
}

// environment gives the variables for an engine with these neighbours, and writes the files that they name into dir.
func environment(t *testing.T, dir string, at map[string]string, ids *iam.IAM, timeouts map[string]string) []string {
	t.Helper()
	document := quick()
	for name, timeout := range timeouts {
		document[name]["timeout"] = timeout
	}
	tokens := map[string]string{}
	for n := range tenants {
		tokens[tenantName(n)] = ubi.Token(tenantName(n))
	}
	document["ubi"]["options"] = map[string]any{"tenant_tokens": tokens}
	raw, err := json.Marshal(map[string]any{"neighbours": document}) // JSON is YAML
	require.NoError(t, err)
	file := filepath.Join(dir, "mmm.yaml")
	require.NoError(t, os.WriteFile(file, raw, 0o600))
	env := []string{"MMM_CONFIG=" + file}
	for name, variables := range map[string][]string{
		"policy":     {"MMM_POLICY=http", "MMM_POLICY_URL=" + at["policy"]},
		"standards":  {"MMM_STANDARDS_URL=" + at["standards"]},
		"governance": {"MMM_GOVERNANCE_URL=" + at["governance"]},
		"ubi":        {"MMM_UBI_URL=" + at["ubi"]},
		"health":     {"MMM_HEALTH_URL=" + at["health"], "MMM_HEALTH_TOKEN=" + health.CrossToken},
		"llm":        {"MMM_LLM=gateway", "MMM_LLM_URL=" + at["llm"]},
		"eris":       {"MMM_EVIDENCE=eris", "MMM_ERIS_URL=" + at["eris"], "MMM_ERIS_TOKEN=" + eris.Token},
		"alerting":   {"MMM_ALERT=platform", "MMM_ALERTING_URL=" + at["alerting"], "MMM_ALERTING_JWT_SECRET=" + alertingSecret},
	} {
		if at[name] != "" {
			env = append(env, variables...)
		}
	}
	if at["iam"] != "" {
		keys, err := ids.JWKS()
		require.NoError(t, err)
		file := filepath.Join(dir, "jwks.json")
		require.NoError(t, os.WriteFile(file, keys, 0o600))
		env = append(env, "MMM_IDENTITY=iam", "MMM_IAM_URL="+at["iam"], "MMM_IAM_JWKS_FILE="+file,
			"MMM_TOKEN_ISSUER="+iam.Issuer, "MMM_TOKEN_AUDIENCE="+iam.Audience)
	}
	return env
}

// tenantName is a UUID, since the policy service leaves out the policies of whoever has none.
func tenantName(n int) string { return fmt.Sprintf("5b1f0a52-6a6e-4c0d-9d4e-%012d", n) }

// token makes a token that the engine takes, a new one each time.
func (w *world) token(t *testing.T, of, who string, roles []string, scopes ...string) string {
	t.Helper()
	if w.known["iam"] {
		raw, err := w.iam.Issue(map[string]any{
			"sub": who, "tenant_id": of, "actor_type": "human", "roles": append([]string{}, roles...), "scope": scopes,
		}, nil)
		require.NoError(t, err)
		return raw
	}
	m, err := w.minter()
	require.NoError(t, err)
	raw, _, err := m.Mint(caller.Claims{
		Tenant: tenant.ID(of), Subject: actor.ID(who), ActorType: actor.Human, Roles: roles, Scopes: scopes,
	}, time.Hour)
	require.NoError(t, err)
	return raw
}

// call asks the engine for something that has to work.
func (w *world) call(t *testing.T, status int, method, path, token string, body any) harness.Answer {
	t.Helper()
	a, err := w.Call(t.Context(), method, path, token, body)
	require.NoError(t, err)
	require.Equal(t, status, a.Status, "%s %s: %s", method, path, a.Body)
	return a
}

// well ends every fault, closes the circuits of the neighbours, and forgets what they were asked.
func (w *world) well(t *testing.T, operator string, names ...string) {
	t.Helper()
	for _, name := range names {
		w.sims[name].Mend()
		require.NoError(t, w.sims[name].Accept())
		w.call(t, http.StatusOK, http.MethodPost, "/circuits/"+name+"/reset", operator, map[string]any{})
		w.sims[name].Forget()
	}
}
