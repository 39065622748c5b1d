// Package simulator is the common ground of the neighbour simulators: a server on a loopback port that remembers what it
// was asked and can be broken in every way a neighbour breaks, and a strict router that refuses what the real neighbour
// would refuse.
//
// It stands on the standard library's server only and needs no test to run in, because the same simulators play the
// neighbours of a demonstration.
package simulator
