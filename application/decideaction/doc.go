// Package decideaction is the main job of the engine: one actor, one signal, one decision. decide.go is the flow on one
// screen; each step has a file of its own. The order is fixed by types: a step takes what only the step before it can make.
//
// What cannot be had in time degrades (no nudge rather than a wrong one); what cannot be recorded is not shown.
package decideaction
