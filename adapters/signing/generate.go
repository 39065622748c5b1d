package signing

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// hashKeyBytes is the length of the key for keyed hashes.
const hashKeyBytes = 32

// Generate makes the directory and what is missing in it: a current key for each use, and the hash key. It never changes or
// replaces a key that is there, and may run in several processes at once: all end up with the same keys. It gives the names
// of the keys that this call made ("hash" for the hash key); none when everything was there. random must be a secure source.
func Generate(dir string, random io.Reader) (made []string, err error) {
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return nil, fmt.Errorf("make key directory: %w", err)
	}
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	for _, use := range Uses() {
		if _, err := readFile(currentPath(dir, use)); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return made, err
		}
		key, err := store(dir, use, random)
		if err != nil {
			return made, err
		}
		switch err := create(currentPath(dir, use), []byte(key.kid+"\n")); {
		case errors.Is(err, fs.ErrExist):
			// Another process was faster. Its key rules; ours has never signed anything and can go.
			if err := errors.Join(os.Remove(privatePath(dir, use, key.kid)), os.Remove(publicPath(dir, use, key.kid))); err != nil {
				return made, fmt.Errorf("remove unused key: %w", err)
			}
		case err != nil:
			return made, err
		default:
			made = append(made, key.kid)
		}
	}
	fresh, err := generateHashKey(dir, random)
	if fresh {
		made = append(made, "hash")
	}
	return made, err
}

// Rotate makes a new current key for a use and gives its kid. The old key becomes a past key: its public half stays, its
// private half is removed, so that nobody can sign for the past. There must be a current key.
func Rotate(dir string, use Use, random io.Reader) (kid string, err error) {
	if _, err := ParseUse(string(use)); err != nil {
		return "", fmt.Errorf("rotate: use %w", err)
	}
	if err := checkDir(dir); err != nil {
		return "", err
	}
	old, _, err := currentKey(dir, use)
	if err != nil {
		return "", err
	}
	if err := storePublic(dir, use, old); err != nil { // a directory put together by hand may lack it
		return "", err
	}
	key, err := store(dir, use, random)
	if err != nil {
		return "", err
	}
	if err := replace(currentPath(dir, use), []byte(key.kid+"\n")); err != nil {
		return "", err
	}
	if err := os.Remove(privatePath(dir, use, old.kid)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return key.kid, fmt.Errorf("the new key %s is current, but the old private key could not be removed: %w", key.kid, err)
	}
	return key.kid, nil
}

// store makes a key and writes both halves. Nothing uses it until <use>.current names it.
func store(dir string, use Use, random io.Reader) (Key, error) {
	key, err := newKey(use, random)
	if err != nil {
		return Key{}, err
	}
	text, err := encodePrivate(key.priv())
	if err != nil {
		return Key{}, err
	}
	if err := create(privatePath(dir, use, key.kid), text); err != nil {
		return Key{}, err
	}
	return key, storePublic(dir, use, key)
}

func storePublic(dir string, use Use, key Key) error {
	text, err := encodePublic(key.public())
	if err != nil {
		return err
	}
	if err := create(publicPath(dir, use, key.kid), text); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func generateHashKey(dir string, random io.Reader) (made bool, err error) {
	path := filepath.Join(dir, hashFile)
	if _, err := readFile(path); err == nil {
		return false, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	key := make([]byte, hashKeyBytes)
	if _, err := io.ReadFull(random, key); err != nil {
		return false, fmt.Errorf("make hash key: %w", err)
	}
	err = create(path, []byte(hex.EncodeToString(key)+"\n"))
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

func currentPath(dir string, use Use) string { return filepath.Join(dir, string(use)+currentSuffix) }

func privatePath(dir string, use Use, kid string) string {
	return filepath.Join(dir, string(use)+"."+kid+privateSuffix)
}

func publicPath(dir string, use Use, kid string) string {
	return filepath.Join(dir, string(use)+"."+kid+publicSuffix)
}
