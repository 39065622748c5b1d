// Package domain holds the words and rules of the MMM Engine. It does no I/O, reads no clock, and logs nothing.
//
// The packages below it are named after the steps of a decision and import each other in that order only:
//
//	signal -> situation -> playbook -> policy -> experiment -> fatigue -> action -> decision -> receipt
//
// Each step has a type that only the step before it can make: a playbook.Candidate becomes a policy.Permitted, then an
// experiment.Chosen, then a fatigue.Admitted, then an action.Action. Skipping a step does not compile. What falls out on
// the way leaves a suppression.Suppression with a reason, so that candidates = shown + suppressed, each exactly once.
package domain
