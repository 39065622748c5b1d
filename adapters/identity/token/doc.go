// Package token reads a JWT for every identity there is, so that they all refuse the same things: it judges the header, the
// times, issuer and audience, turns the claims into a caller, and checks the signature with a key that the identity finds.
//
// Everything that can be judged without a key is judged before one is asked for. A token that is broken, expired or meant for
// somebody else is therefore refused even while the keys cannot be had, and costs nobody a call.
//
// Every refusal is Unauthenticated with a message of our own; nothing of the token is repeated. Only a type of JWT or at+jwt
// is read: an execution grant, which is signed by the same house, is never a login.
//
// # Concurrency
//
// Readers and memories are safe for concurrent use.
package token
