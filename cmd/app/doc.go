// Package app is the composition root: it builds the engine out of its parts with Wire, starts and stops it, and hands the
// command line what it needs. wire.go lists the parts, wire_gen.go is what Wire makes of it, and nothing else in the tree
// knows all of them.
package app
