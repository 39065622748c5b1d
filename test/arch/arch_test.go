package arch_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/test/arch"
)

const root = "../.."

func TestThisModule_keepsTheRules(t *testing.T) {
	t.Parallel()
	packages, err := arch.List(t.Context(), root, "")
	require.NoError(t, err)
	require.NotEmpty(t, packages)
	for _, breach := range arch.Check(packages) {
		t.Error(breach)
	}
	tagged, err := arch.List(t.Context(), root, "wireinject")
	require.NoError(t, err)
	for _, breach := range arch.CheckInjectors(packages, tagged) {
		t.Error(breach)
	}
}

// The simulators of the demo are in the binary, and what tests are made of is not.
func TestTheBinary_linksNoTestTools(t *testing.T) {
	t.Parallel()
	linked, err := arch.Linked(t.Context(), root, "./cmd/mmm")
	require.NoError(t, err)
	require.Contains(t, linked, arch.Module+"/test/simulator/platform")
	for _, breach := range arch.CheckLinked("cmd/mmm", linked) {
		t.Error(breach)
	}
}

func TestThisModule_hasNoOtherFolders(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(root)
	require.NoError(t, err)
	var folders []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	require.Contains(t, folders, "infrastructure", "this is the module's root")
	for _, breach := range arch.CheckTop(folders) {
		t.Error(breach)
	}
}
