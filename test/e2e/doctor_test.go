package e2e_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/harness"
	"github.com/zeroui/mmm-engine/test/simulator/platform"
)

func TestDoctor_triesEveryServiceOutAndNamesTheOneThatIsDown(t *testing.T) {
	t.Parallel()
	p, err := platform.Start(t.Context(), platform.Options{Tenant: "acme"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	s := harness.New(t, p.Env()...)
	_, err = s.Run("keys", "generate")
	require.NoError(t, err)

	said, err := s.Run("doctor")
	require.NoError(t, err, "%s", said)
	for _, service := range p.Services() {
		require.Contains(t, said, service.Name)
	}
	for _, service := range p.Services() {
		require.NoError(t, p.Break(service.Name, platform.Error))
		said, err := s.Run("doctor")
		require.Error(t, err, "%s is down, and doctor says:\n%s", service.Name, said)
		require.Contains(t, said, "neighbours."+service.Name)
		require.NoError(t, p.MendAll())
	}
}

func TestDoctor_namesTenantsThatAServiceSilentlyLeavesOut(t *testing.T) {
	t.Parallel()
	p, err := platform.Start(t.Context(), platform.Options{Tenant: "acme"})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	path := filepath.Join(t.TempDir(), "mmm.yaml")
	require.NoError(t, os.WriteFile(path, []byte(`
actors: [{tenant: acme, actor_id: dev1}, {tenant: zeta, actor_id: dev1}, {tenant: zeta, actor_id: dev2}]
neighbours: {policy: {options: {tenant_uuids: {acme: 7b0c3a34-9f0e-4d61-8f43-1c8d5b0a52c1}}}}
`), 0o600))
	s := harness.New(t, append(p.Env(), "MMM_CONFIG="+path)...)
	_, err = s.Run("keys", "generate")
	require.NoError(t, err)
	said, err := s.Run("doctor")
	require.NoError(t, err, "%s", said)
	require.Contains(t, said, "none of its own policies to zeta: set neighbours.policy.options.tenant_uuids")
	require.Contains(t, said, "none of its own policies to acme, zeta: set neighbours.standards.options.tenant_uuids")
}

func TestToken_isForLocalIdentityOnly(t *testing.T) {
	t.Parallel()
	s := harness.New(t, "MMM_IDENTITY=oidc", "MMM_OIDC_ISSUER=https://id.example.com", "MMM_OIDC_AUDIENCE=mmm")
	_, err := s.Run("keys", "generate")
	require.NoError(t, err)
	said, err := s.Run("token", "--tenant", "acme", "--actor", "dev1")
	require.Error(t, err)
	require.Contains(t, said, "identity provider")
}
