package cli

import (
	"fmt"
	"io"

	"github.com/zeroui/mmm-engine/adapters/cli/sample"
	"github.com/zeroui/mmm-engine/infrastructure/config"
)

// people are those of the sample whom a simulated service may know something about, and whoever runs the demo.
func people() []string {
	out := []string{demoActor}
	for _, pref := range sample.Preferences() {
		out = append(out, pref.Actor)
	}
	for _, a := range sample.Actors() {
		out = append(out, a.ID)
	}
	return out
}

// beside is the program with the tokens of the simulated identity service: those of the data directory are worth nothing there.
func beside(p *Program, neighbours *Platform) *Program {
	with := *p
	with.Mint = func(_ config.Config, who Token) (string, error) { return neighbours.Mint(who) }
	return &with
}

// invite tells how to break the neighbours and where to look.
func (n *Platform) invite(w io.Writer) {
	fmt.Fprintf(w, "\nBeside it run simulators of its neighbours. Times are short here, to see modes change within a minute:\n\n")
	for _, t := range n.Times {
		fmt.Fprintf(w, "  %s\n", t)
	}
	fmt.Fprintln(w)
	for _, s := range n.Services {
		fmt.Fprintf(w, "  %-11s %-42s %s\n", s.Name, s.What, s.URL)
	}
	fmt.Fprintf(w, `
Break policy, and ask again: within seconds degraded_dependencies names it, its circuit opens, and what was known grows stale
until there is no decision without policy (503). Mend it, and all is well again.

  export MMM_CONTROL=%s
  curl -sX POST "$MMM_CONTROL/policy/refuse"
  curl -s "$MMM_URL/v1/mmm/decide" -H "Authorization: Bearer $MMM_TOKEN" -H "Content-Type: application/json" \
    -d '{"tenant_id":"%s","context":{"repo_id":"shop","branch":"main"},"signal":{"signal_id":"'$(date +%%s)'","source":"ci","event_type":"ci.run.failed","severity":"high"}}'
  curl -s "$MMM_URL/v1/mmm/circuits" -H "Authorization: Bearer $MMM_TOKEN"
  curl -sX POST "$MMM_CONTROL/mend"

Other faults are slow, error, throttle and garbage, for any of the services; what there is now: curl -s "$MMM_CONTROL/"
`, n.Control, sample.Tenant)
}
