package app

import (
	"fmt"
	"log/slog"
	"net/url"

	"github.com/zeroui/mmm-engine/adapters/identity/iam"
	"github.com/zeroui/mmm-engine/adapters/identity/local"
	"github.com/zeroui/mmm-engine/adapters/identity/oidc"
	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/adapters/policy"
	policyhttp "github.com/zeroui/mmm-engine/adapters/policy/http"
	"github.com/zeroui/mmm-engine/adapters/policy/opa"
	policysettings "github.com/zeroui/mmm-engine/adapters/policy/settings"
	"github.com/zeroui/mmm-engine/adapters/signing"
	"github.com/zeroui/mmm-engine/application/refreshpolicy"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/infrastructure/lifecycle"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

// identity tells who calls, by whoever is configured to vouch for callers.
func identity(
	cfg config.Config, ring *signing.Keyring, breakers *resilience.Manager, clock ports.Clock, log *slog.Logger,
) (ports.Identity, func(), error) {
	i, none := cfg.Identity, func() {}
	switch i.Provider {
	case "iam":
		v, err := iamVerifier(cfg, circuit(breakers, "iam"), log)
		if err != nil {
			return nil, nil, err
		}
		return v, v.Close, nil
	case "oidc":
		v, err := oidcVerifier(cfg, circuit(breakers, "iam"))
		if err != nil {
			return nil, nil, err
		}
		return v, v.Close, nil
	case "local":
		return local.NewVerifier(ring, local.Config{Issuer: i.Issuer, Audience: i.Audience}, clock.Now), none, nil
	default:
		return nil, nil, fmt.Errorf("identity.provider %q is not known", i.Provider)
	}
}

func iamVerifier(cfg config.Config, b *resilience.Breaker, log *slog.Logger) (*iam.Verifier, error) {
	n, i := cfg.Neighbours.IAM, cfg.Identity
	return iam.New(iam.Config{
		BaseURL: n.BaseURL, Paths: n.Paths, Header: n.Plain(), Token: n.Bearer(clock.System{}.Now), ClientID: clientID(n.ClientID),
		Timeout: n.Timeout, VerifyTTL: n.Options.VerifyTTL, KeysFile: i.JWKSFile, KeysURL: i.JWKSURL, Issuer: i.Issuer,
		Audience: i.Audience, SubjectTells: n.Options.SubHasTenant, Breaker: b, Now: clock.System{}.Now, Log: log,
	})
}

func oidcVerifier(cfg config.Config, b *resilience.Breaker) (*oidc.Verifier, error) {
	n, o := cfg.Neighbours.IAM, cfg.Identity.OIDC
	return oidc.New(oidc.Config{
		Issuer: o.Issuer, Audience: o.Audience, ClientID: o.ClientID, TenantClaim: o.TenantClaim, RolesClaim: o.RolesClaim,
		Timeout: n.Timeout, Header: n.Plain(), Breaker: b, Now: clock.System{}.Now,
	})
}

// policies is the source of policy, and what marks its snapshots as out of date. cached is nil where policy comes from settings.
type policies struct {
	ports.PolicySource
	refreshpolicy.Snapshots

	cached *policy.Cached
}

func newPolicies(
	cfg config.Config, db *persistence.DB, breakers *resilience.Manager, n news, clock ports.Clock, ids ports.IDs,
	m *observability.Metrics, log *slog.Logger,
) (policies, error) {
	if cfg.Policy.Provider == "settings" {
		s := policysettings.New(clock)
		return policies{PolicySource: s, Snapshots: s}, nil
	}
	service, _, err := policyService(cfg, circuit(breakers, "policy"), log)
	if err != nil {
		return policies{}, err
	}
	c := policy.NewCached(service, persistence.NewPolicySnapshots(db), n.channel, policy.Options{
		Ages: policyAges(cfg), Timeout: cfg.Neighbours.Policy.Timeout, Clock: clock, IDs: ids, Log: log,
		Hit: func() { m.CacheHit("policy") }, Miss: func() { m.CacheMiss("policy") },
	})
	return policies{PolicySource: c, Snapshots: c, cached: c}, nil
}

func (p policies) parts() []lifecycle.Part {
	if p.cached == nil {
		return nil
	}
	return []lifecycle.Part{{Name: "policy", Start: p.cached.Start, Stop: p.cached.Stop}}
}

// policyService also gives what doctor tries it with.
func policyService(cfg config.Config, b *resilience.Breaker, log *slog.Logger) (policy.Service, probe, error) {
	n := cfg.Neighbours.Policy
	switch cfg.Policy.Provider {
	case "http":
		s, err := policyhttp.New(policyhttp.Config{
			BaseURL: n.BaseURL, Timeout: n.Timeout, ClientID: clientID(n.ClientID), Header: n.Plain(), Token: n.Bearer(clock.System{}.Now), Paths: n.Paths,
			PolicyID: n.Options.PolicyID, TenantUUIDs: tenantsOf(n.Options.TenantUUIDs), Environment: n.Options.Environment,
			UseCurrent: n.Options.UseCurrent, Breaker: b, Log: log,
		})
		if err != nil {
			return nil, nil, err
		}
		return s, s.Probe, nil
	case "opa":
		s, err := opa.New(opa.Config{
			BaseURL: cfg.Policy.OPAURL, Timeout: n.Timeout, Path: n.Paths["evaluate"], Environment: n.Options.Environment,
			Header: n.Plain(), Token: n.Bearer(clock.System{}.Now), Breaker: b,
		})
		if err != nil {
			return nil, nil, err
		}
		return s, s.Probe, nil
	default:
		return nil, nil, fmt.Errorf("policy.provider %q is not known", cfg.Policy.Provider)
	}
}

// hostOf is what may be said of an address: it may hold a password, or be one.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "a malformed address"
	}
	return u.Host
}
