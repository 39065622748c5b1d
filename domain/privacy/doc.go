// Package privacy decides what may be kept of what comes in.
//
// Minimise keeps the allow-listed facts of an event (payload_keys.tsv and the tenant's own keys) in forms that cannot hold
// a name, a title, a message or code: numbers, booleans and enum words. FindSecrets names the fields of a decoded JSON body
// that hold a credential, by known formats and by pairs like password=...; there are no entropy guesses, so a hash, a UUID
// or a long path is not taken for a secret. Neither ever returns, logs or wraps a value that it refused.
//
// All functions are pure, safe for concurrent use, and take time linear in their input.
package privacy
