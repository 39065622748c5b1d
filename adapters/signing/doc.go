// Package signing holds the engine's own keys and all that is done with them: signing receipts and checkpoints, publishing
// the public keys, and checking receipts offline.
//
// # The key directory
//
// Three uses have Ed25519 keys of their own (receipt, token, grant), so that a token can never pass for a grant or a receipt.
// The directory has mode 0700 and its files 0600; anything looser is refused.
//
//	<use>.<kid>.key.pem   private key, PKCS#8; only the current one is needed
//	<use>.<kid>.pub.pem   public key, SPKI, of each key there ever was; those that are not current are past keys
//	<use>.current         the kid of the key that signs now
//	hash.key              hex of 32 random bytes for keyed hashes in logs and provider ids; never rotated, else actors change names
//
// A file appears complete or not at all (it is written aside and then linked or renamed), and <use>.current decides. So two
// processes that start at once on an empty directory end up with the same keys, and a crash in the middle of a rotation leaves
// either the old key or the new one in charge.
//
// A Keyring is a snapshot: a rotation is seen by the next Load, that is, by the next start. Until then a running server goes
// on signing with the key it has, which stays verifiable as a past key.
//
// # Canonical JSON
//
// Receipts are signed over their RFC 8785 form. Those we make hold strings, booleans and integers only, and for these
// AppendCanonical writes the form directly, which is several times faster than a general canonicaliser; a property test holds
// it equal to one. Documents that come from outside are always checked with the general one.
package signing
