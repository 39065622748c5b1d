// Package alert is what the ways to the alert surface have in common: what an alert may say, how a receiver's address is read,
// and what a failed attempt means. Its subpackages are the ways themselves, each a ports.SurfaceDispatcher: platform, slack and
// webhook.
//
// An alert reaches whoever is on call, and not only the person whom the action is for, so it names nobody.
package alert
