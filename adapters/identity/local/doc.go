// Package local is the identity of an engine that stands alone: it issues JWTs with a key of its own and verifies them. No
// directory is asked, so nothing can be down; a token ends by expiring.
//
// Verification is strict: EdDSA only, typ JWT or at+jwt only (an execution grant is never a login), a key whose use is token,
// an expiry, and times judged without leeway, because issuer and verifier share a clock. Every failure is Unauthenticated
// with a message that says what kind of thing is wrong and repeats nothing of the token.
//
// # Concurrency
//
// A Verifier is safe for concurrent use. It remembers the last tokens it has verified, by hash, until they expire.
package local
