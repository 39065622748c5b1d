package signing

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/domain/receipt"
)

// Keyring is a snapshot of the key directory: the keys that sign now and the public halves of all that ever did. It is
// immutable and safe for concurrent use.
type Keyring struct {
	current map[Use]Key
	public  map[Use]map[string]ed25519.PublicKey // by kid, the current key's included
	hashKey func() []byte                        // a function for the same reason as in Key
}

// Load reads the key directory. It reports everything that is wrong at once: what is missing (and that mmm keys generate makes
// it), what is open to others, and what is no key.
func Load(dir string) (*Keyring, error) {
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	ring := &Keyring{current: map[Use]Key{}, public: map[Use]map[string]ed25519.PublicKey{}}
	var errs []error
	for _, use := range Uses() {
		key, public, err := loadUse(dir, use)
		errs = append(errs, err)
		ring.current[use], ring.public[use] = key, public
	}
	hashKey, err := loadHashKey(dir)
	ring.hashKey = func() []byte { return hashKey }
	errs = append(errs, err, ring.separate())
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return ring, nil
}

func loadUse(dir string, use Use) (Key, map[string]ed25519.PublicKey, error) {
	key, found, err := currentKey(dir, use)
	if err != nil {
		return Key{}, nil, err
	}
	public := map[string]ed25519.PublicKey{key.kid: key.public()}
	names, err := os.ReadDir(dir)
	if err != nil {
		return Key{}, nil, fmt.Errorf("key directory: %w", err)
	}
	var errs []error
	for _, entry := range names {
		kid, ok := strings.CutPrefix(entry.Name(), string(use)+".")
		if !ok {
			continue
		}
		if kid, ok = strings.CutSuffix(kid, publicSuffix); !ok || !receipt.ValidKID(kid) {
			continue
		}
		text, err := readFile(filepath.Join(dir, entry.Name()))
		if errors.Is(err, fs.ErrNotExist) { // of a Generate that came second and has tidied up
			continue
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		pub, err := decodePublic(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("key file %s: %w", entry.Name(), err))
			continue
		}
		if kid == key.kid && !bytes.Equal(pub, public[kid]) {
			errs = append(errs, fmt.Errorf("key file %s does not belong to %s", entry.Name(), found))
			continue
		}
		public[kid] = pub
	}
	return key, public, errors.Join(errs...)
}

// currentKey reads the key that <use>.current names, and gives the name of its file.
func currentKey(dir string, use Use) (Key, string, error) {
	// A rotation between reading the name and reading the key takes the old key away; then there is a new name.
	for range 3 {
		text, err := readFile(currentPath(dir, use))
		if err != nil {
			return Key{}, "", missing(use, err)
		}
		kid := strings.TrimSpace(string(text))
		if !receipt.ValidKID(kid) {
			return Key{}, "", fmt.Errorf("key file %s%s names no key", use, currentSuffix)
		}
		path := privatePath(dir, use, kid)
		text, err = readFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Key{}, "", err
		}
		priv, err := decodePrivate(text)
		if err != nil {
			return Key{}, "", fmt.Errorf("key file %s: %w", filepath.Base(path), err)
		}
		return keyOf(kid, priv), filepath.Base(path), nil
	}
	return Key{}, "", fmt.Errorf("%s%s names a key whose private file is missing: restore it from the backup, "+
		"or remove %[1]s%[2]s and run mmm keys generate", use, currentSuffix)
}

func missing(use Use, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no %s key: run mmm keys generate: %w", use, err)
	}
	return err
}

func loadHashKey(dir string) ([]byte, error) {
	text, err := readFile(filepath.Join(dir, hashFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no hash key: run mmm keys generate: %w", err)
	}
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != hashKeyBytes {
		return nil, fmt.Errorf("key file %s is not the hex of %d bytes", hashFile, hashKeyBytes)
	}
	return key, nil
}

// separate refuses a kid or a key that serves two uses: then a token could pass for a grant.
func (r *Keyring) separate() error {
	kids, keys := map[string]Use{}, map[string]Use{}
	for _, use := range Uses() {
		for kid, pub := range r.public[use] {
			if other, taken := kids[kid]; taken && other != use {
				return fmt.Errorf("kid %s has two uses, %s and %s", kid, other, use)
			}
			if other, taken := keys[string(pub)]; taken && other != use {
				return fmt.Errorf("key %s has two uses, %s and %s", kid, other, use)
			}
			kids[kid], keys[string(pub)] = use, use
		}
	}
	return nil
}

// Current gives the key that signs for a use.
func (r *Keyring) Current(use Use) Key { return r.current[use] }

// TokenKey gives the public key of a token-signing key, current or past; false for a kid of another use too.
func (r *Keyring) TokenKey(kid string) (ed25519.PublicKey, bool) { return r.find(UseToken, kid) }

// GrantKey gives the public key of a grant-signing key, current or past; false for a kid of another use too.
func (r *Keyring) GrantKey(kid string) (ed25519.PublicKey, bool) { return r.find(UseGrant, kid) }

func (r *Keyring) find(use Use, kid string) (ed25519.PublicKey, bool) {
	pub, ok := r.public[use][kid]
	return pub, ok
}

// HashKey gives a copy of the 32 bytes for keyed hashes in logs and provider ids. It is the same on all replicas.
func (r *Keyring) HashKey() []byte { return bytes.Clone(r.hashKey()) }

// PEM gives a public key as SPKI PEM and the file name under which editors and edge agents expect it in their trust stores.
// It reports false for an unknown kid.
func (r *Keyring) PEM(kid string) (name string, text []byte, ok bool) {
	for _, use := range Uses() {
		if pub, found := r.find(use, kid); found {
			text, err := encodePublic(pub)
			return kid + ".pem", text, err == nil
		}
	}
	return "", nil, false
}

// kids lists the kids of a use: the current one, then the past ones in order of name.
func (r *Keyring) kids(use Use) []string {
	current := r.current[use].kid
	past := slices.DeleteFunc(slices.Sorted(maps.Keys(r.public[use])), func(kid string) bool { return kid == current })
	return append([]string{current}, past...)
}
