// Package expression compiles the expr conditions of playbooks: CEL, side-effect-free and bounded in cost, over
//
//	signal.event_type  signal.source  signal.severity  signal.payload.<name>
//	actor.type  actor.roles
//	context.repo_id  context.branch  context.file_path  context.environment  context.surface
//	tenant.id
//	recent.count(type, window)      incidents.firing(service)
//
// All are texts, but actor.roles, which is a list of them, payload values, which are numbers, booleans or texts, and the
// functions, which give a whole number and a boolean. What a situation lacks is the empty text, except in the payload: a name
// that is not there is an error, unless asked for with has(). Numbers compare with each other whatever their types.
//
// Everything here is safe for concurrent use.
package expression
