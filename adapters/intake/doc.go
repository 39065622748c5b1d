// Package intake holds what every reader of real input shares: telling people, AI agents and automation apart, turning a
// provider's identity into an actor id that names nobody, the translation of provider words into the one vocabulary, and the
// facts about a change that can only be derived while its message and its files are still at hand.
//
// What leaves this package names no person: logins, names, e-mail addresses, commit ids and messages are read here and
// dropped here. The readers themselves are the packages below it.
package intake
