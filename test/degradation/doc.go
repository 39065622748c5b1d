// Package degradation runs the built engine with a simulator for every neighbour, takes neighbours away in every way there is,
// one at a time and in pairs, and looks at all that the engine says about it: answers, receipts, metrics, circuits. It has tests
// only.
package degradation
