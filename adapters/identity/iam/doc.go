// Package iam is the identity of an engine beside an identity and access management service. The service does not look at
// signatures, so they are checked here, with the keys that it publishes in a file or at an address; times, issuer and
// audience, too. A token that holds is then shown to the service, which alone knows what was revoked.
//
// # What is asked, and how often
//
// A yes of the service counts for a minute at most, a no for five seconds, and neither beyond the token's signed expiry (the
// service's own valid_until is local time without a zone, and not read). Tokens are remembered by hash. However many callers
// come with one token, the service is asked once; the call goes on when they leave, for the next one to profit.
//
// # When it cannot be asked
//
// A token that is broken, expired or wrongly signed is Unauthenticated before anybody is asked, and never counts against the
// service. Only for one that holds is the caller told that the service is unavailable: on a time-out, a 5xx, a 429, an answer
// that cannot be used, or an open breaker. Fetching keys does not go through the breaker: it is rare by itself, and an address
// that fails for whoever invents a key id must not stop verification.
//
// # Concurrency
//
// A Verifier is safe for concurrent use. Close it to end what still goes on.
package iam
