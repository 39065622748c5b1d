// Package cases holds decision cases as files: what is known, who is asked about, and what must be shown and withheld, with
// the reasons. A case is written without Go; its form is that of the types in form_test.go, and a key that they do not know is
// refused. Each *.yaml has
//
//	playbooks:            documents by name, as authors write them
//	cases:
//	  - name: a sentence that says what happens
//	    at: 2026-11-21T10:00:00Z       the decision's clock; this Saturday morning where it is left out
//	    settings: {...}                tenant settings that differ from the defaults
//	    preferences: {...}             the actor's, as in the API
//	    policy: {...}                  what the policy service said, and how long ago; without it, all is allowed
//	    playbooks: [red, {use: red, as: other, with: {limits: {priority: 9}}, shadow: true}]
//	    recent: [{event_type: ci.run.failed, ago: 2h}]          earlier signals of the actor, or of: another
//	    shown: [{playbook: red, ago: 1h, repo: shop}]           earlier actions of the actor, or to: another
//	    budget: away                   the budget cannot be asked
//	    actor: {id: dev1, type: human, roles: [lead]}
//	    context: {repo_id: shop, branch: main}
//	    signal: {...}                  without it, a red build of high severity; none: a call without a signal
//	    want: {shown: [...], suppressed: [...], not_matched: [...], degraded: [...], zone: ..., error: ...}
//
// Everything that is shown or withheld must be wanted, and eligible_at is null where it is left out.
package cases
