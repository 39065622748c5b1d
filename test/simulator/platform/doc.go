// Package platform is a whole organisation in one process: a simulator for every service that the engine asks or tells, each on
// a loopback port of its own, and a control server by which a person breaks and mends them. It is what `mmm demo --platform`
// runs beside the engine.
//
// All is well at first. Policy allows everything, no standard restricts anything, governance has no rules, nobody is revoked,
// and every oddity of the real services is on. Breaker and ages are set so short that whoever breaks something sees the
// engine change its mode, and change it back, within a minute.
//
// The control server asks nobody who they are. It listens on loopback only, and all that it can break is make-believe.
package platform
