// Package lifecycle starts the parts of a process in order, runs its background jobs, and stops everything in the reverse
// order within a bound.
//
// A Manager goes starting -> ready -> draining -> stopped and never back. As soon as Stop is called it is draining, so that
// a load balancer that asks sends no new work, while parts that are still up finish what they have.
//
// Everything here is safe for concurrent use.
package lifecycle
