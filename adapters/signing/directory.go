package signing

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	dirMode  fs.FileMode = 0o700
	fileMode fs.FileMode = 0o600
	others   fs.FileMode = 0o077 // what group and others must not have

	privateSuffix = ".key.pem"
	publicSuffix  = ".pub.pem"
	currentSuffix = ".current"
	hashFile      = "hash.key"
)

// checkDir refuses a directory that others can look into.
func checkDir(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("key directory %s does not exist: run mmm keys generate: %w", dir, err)
	case err != nil:
		return fmt.Errorf("key directory: %w", err)
	case !info.IsDir():
		return fmt.Errorf("key directory %s is not a directory", dir)
	case info.Mode().Perm()&others != 0:
		return fmt.Errorf("key directory %s is open to others (mode %04o): run chmod 700 %s", dir, info.Mode().Perm(), dir)
	}
	return nil
}

// readFile reads a small file of the directory and refuses one that others can read or write.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the operator's own key directory
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat() // of the file that was opened, not of the name
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	if info.Mode().Perm()&others != 0 {
		return nil, fmt.Errorf("key file %s is open to others (mode %04o): run chmod 600 %s", path, info.Mode().Perm(), path)
	}
	const limit = 16 << 10
	text, err := io.ReadAll(io.LimitReader(f, limit))
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return text, nil
}

// create makes a file with all of its content, or reports fs.ErrExist if the name is taken and leaves that file alone. Of
// several processes that create the same name one wins.
func create(path string, content []byte) error {
	return place(path, content, os.Link)
}

// replace puts content under a name, whether or not it was taken.
func replace(path string, content []byte) error {
	return place(path, content, os.Rename)
}

// place writes content aside, makes it durable, and gives it its name in one step.
func place(path string, content []byte, name func(from, to string) error) error {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, ".new-*") // mode 0600
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = io.Copy(tmp, bytes.NewReader(content))
	err = errors.Join(err, tmp.Chmod(fileMode), tmp.Sync(), tmp.Close())
	if err != nil {
		return fmt.Errorf("write key file: %w", err)
	}
	if err := name(tmp.Name(), path); err != nil {
		return fmt.Errorf("name key file: %w", err)
	}
	return syncDir(dir)
}

// syncDir makes names durable: a receipt whose key is gone after a power cut could never be verified.
func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // the operator's own key directory
	if err != nil {
		return fmt.Errorf("sync key directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("sync key directory: %w", err)
	}
	return nil
}
