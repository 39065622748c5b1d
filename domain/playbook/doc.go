// Package playbook holds the declarative rules of a tenant: which signals lead to which actions. A Definition is what an
// author writes; Compile turns it into a Compiled version once, at publish, so that a decision never parses anything; an
// Index finds the versions that concern a signal by its event type; Match makes Candidates of them. Nothing else can make a
// Candidate, and every later step starts from one.
package playbook
