package app

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/adapters/cli"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/config"
)

// probe tries a service out with something harmless.
type probe func(ctx context.Context) error

// checkNeighbours tries out each service that is configured.
func checkNeighbours(ctx context.Context, cfg config.Config) []cli.Finding {
	var out []cli.Finding
	add := func(name, address string, used bool, make func(log *slog.Logger) (probe, error)) {
		if used {
			out = append(out, checkNeighbour(ctx, name, address, make))
		}
	}
	n, mappers := cfg.Neighbours, map[string]mapper{}
	add("policy", policyAddress(cfg), cfg.Policy.Provider != "settings", func(log *slog.Logger) (probe, error) {
		s, p, err := policyService(cfg, nil, log)
		mappers["policy"], _ = s.(mapper)
		return p, err
	})
	add("standards", n.Standards.BaseURL, n.Standards.Used(), func(log *slog.Logger) (probe, error) {
		c, err := standardsService(cfg, nil, log)
		if err != nil {
			return nil, err
		}
		mappers["standards"] = c
		return c.Probe, nil
	})
	add("governance", n.Governance.BaseURL, n.Governance.Used(), func(log *slog.Logger) (probe, error) {
		c, err := governanceClient(cfg, nil, log)
		if err != nil {
			return nil, err
		}
		return c.Probe, nil
	})
	add("ubi", n.UBI.BaseURL, n.UBI.Used(), func(log *slog.Logger) (probe, error) {
		c, err := ubiClient(cfg, nil, log)
		if err != nil {
			return nil, err
		}
		return c.Probe, nil
	})
	add("health", n.Health.BaseURL, n.Health.Used(), func(log *slog.Logger) (probe, error) {
		c, err := healthClient(cfg, nil, log)
		if err != nil {
			return nil, err
		}
		return c.Probe, nil
	})
	add("eris", n.ERIS.BaseURL, toERIS(cfg), func(log *slog.Logger) (probe, error) {
		c, err := erisSender(cfg, nil, log)
		if err != nil {
			return nil, err
		}
		return c.Probe, nil
	})
	add("llm", n.LLM.BaseURL, cfg.LLM.Provider != "none", func(*slog.Logger) (probe, error) {
		g, err := llm(cfg, nil)
		if err != nil {
			return nil, err
		}
		return g.Probe, nil
	})
	add("alerting", alertAddress(cfg), alerts(cfg), func(*slog.Logger) (probe, error) {
		d, err := dispatcher(cfg, nil, clock.System{})
		if err != nil {
			return nil, err
		}
		return d.Probe, nil
	})
	add("iam", identityAddress(cfg), cfg.Identity.Provider != "local", func(log *slog.Logger) (probe, error) { return identityProbe(cfg, log) })
	for i, f := range out {
		if m := mappers[f.Name]; m != nil && f.OK {
			out[i].Advice = leftOut(cfg, f.Name, m)
		}
	}
	return out
}

// mapper is a service that knows tenants by ids of its own, and says nothing where it does not know one.
type mapper interface{ Maps(t tenant.ID) bool }

// leftOut names the tenants of the configuration whose own policies a service leaves out; empty where it knows them all.
func leftOut(cfg config.Config, name string, m mapper) string {
	var tenants []string
	add := func(t string) {
		if !m.Maps(tenant.ID(t)) && !slices.Contains(tenants, t) {
			tenants = append(tenants, t)
		}
	}
	for _, a := range cfg.Actors {
		add(a.Tenant)
	}
	for _, i := range cfg.Intake {
		add(i.Tenant)
	}
	if len(tenants) == 0 {
		return ""
	}
	slices.Sort(tenants)
	return "it applies none of its own policies to " + strings.Join(tenants, ", ") + ": set neighbours." + name + ".options.tenant_uuids"
}

func alertAddress(cfg config.Config) string {
	if cfg.Alert.Channel == "platform" {
		return cfg.Neighbours.Alerting.BaseURL
	}
	return cfg.Alert.URL.Reveal() // of which only the host is shown
}

func identityAddress(cfg config.Config) string {
	if cfg.Identity.Provider == "oidc" {
		return cfg.Identity.OIDC.Issuer
	}
	return cfg.Neighbours.IAM.BaseURL
}

func identityProbe(cfg config.Config, log *slog.Logger) (probe, error) {
	if cfg.Identity.Provider == "oidc" {
		v, err := oidcVerifier(cfg, nil)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) error {
			defer v.Close()
			return v.Probe(ctx)
		}, nil
	}
	v, err := iamVerifier(cfg, nil, log)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		defer v.Close()
		return v.Probe(ctx)
	}, nil
}

func policyAddress(cfg config.Config) string {
	if cfg.Policy.Provider == "opa" {
		return cfg.Policy.OPAURL
	}
	return cfg.Neighbours.Policy.BaseURL
}

func checkNeighbour(ctx context.Context, name, address string, make func(log *slog.Logger) (probe, error)) cli.Finding {
	f := cli.Finding{Name: name, OK: true, Detail: hostOf(address) + " answers as expected"}
	try, err := make(slog.New(slog.DiscardHandler))
	if err == nil {
		err = try(ctx)
	}
	if err != nil {
		f.OK, f.Detail = false, hostOf(address)+": "+err.Error()
		f.Advice = "check neighbours." + name + " and that the service can be reached from here; docs/neighbours.md says what happens until then"
	}
	return f
}
