package app

import (
	"context"
	"fmt"

	"github.com/zeroui/mmm-engine/adapters/cli"
	"github.com/zeroui/mmm-engine/test/simulator/platform"
)

// startPlatform starts the simulators of the demo. They are linked into the binary for `mmm demo --platform` alone; no other
// command can reach them.
func startPlatform(ctx context.Context, tenant string, people []string) (*cli.Platform, error) {
	p, err := platform.Start(ctx, platform.Options{Tenant: tenant, People: people})
	if err != nil {
		return nil, err
	}
	out := &cli.Platform{
		Env: p.Env(), Control: p.Control(), Close: p.Close,
		Times: []string{
			fmt.Sprintf("policy is fresh for %s and will do for %s (usually 1m and 5m)", platform.PolicyFresh, platform.PolicyStale),
			fmt.Sprintf("%d failures in a row open a circuit (usually 5), which is tried again after %s (1m), and one success closes it (2)",
				platform.Failures, platform.BreakerDelay),
			fmt.Sprintf("a token that was not revoked is believed for %s (usually 1m)", platform.VerifyTTL),
		},
		Mint: func(who cli.Token) (string, error) { return p.Token(who.Tenant, who.Actor, who.Roles, who.Scopes) },
	}
	for _, s := range p.Services() {
		out.Services = append(out.Services, cli.PlatformService{Name: s.Name, What: s.What, URL: s.URL})
	}
	return out, nil
}
