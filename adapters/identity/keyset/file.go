package keyset

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"sync"

	"github.com/zeroui/mmm-engine/adapters/identity/token"
)

// maxSet is the greatest length of a key set, in bytes.
const maxSet = 1 << 20

// File is a key set in a file. It is looked at before each use, which costs next to nothing beside checking a signature, and
// read when it has changed. A file that cannot be read leaves the keys as they were: a writer may be at work.
type File struct {
	path string
	log  *slog.Logger

	mu    sync.RWMutex
	set   Set
	state fs.FileInfo // of the file as it was last read
	bad   bool        // the last reading failed
}

// OpenFile reads a key set. The error says what is wrong with the file; it repeats nothing of its content.
func OpenFile(path string, log *slog.Logger) (*File, error) {
	f := &File{path: path, log: log}
	if err := f.read(); err != nil {
		return nil, fmt.Errorf("key set: %w", err)
	}
	return f, nil
}

// Key implements token.Keys. It never fails otherwise than by ErrUnknownKey.
func (f *File) Key(_ context.Context, kid, algorithm string) (crypto.PublicKey, error) {
	f.refresh()
	f.mu.RLock()
	defer f.mu.RUnlock()
	if key, found := f.set.Find(kid, algorithm); found {
		return key, nil
	}
	return nil, token.ErrUnknownKey
}

func (f *File) refresh() {
	now, err := os.Stat(f.path)
	f.mu.RLock()
	current := err == nil && !f.bad && same(now, f.state)
	f.mu.RUnlock()
	if current {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil && !f.bad && same(now, f.state) { // another has read it in the meantime
		return
	}
	before := f.bad
	if err := f.read(); err != nil && !before {
		f.log.Warn("the token issuer's key set cannot be read; the keys stay as they were", "error", err.Error())
	}
}

// same reports whether nobody has written the file or put another in its place.
func same(a, b fs.FileInfo) bool {
	return a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size() && os.SameFile(a, b)
}

// read requires the lock, or nobody else to know f yet.
func (f *File) read() error {
	f.bad = true
	file, err := os.Open(f.path)
	if err != nil {
		return withoutPath(err)
	}
	defer func() { _ = file.Close() }()
	// The state first: what is written while we read makes it differ.
	state, err := file.Stat()
	if err != nil {
		return withoutPath(err)
	}
	text, err := io.ReadAll(io.LimitReader(file, maxSet+1))
	if err != nil {
		return withoutPath(err)
	}
	if len(text) > maxSet {
		return errors.New("the file is too large")
	}
	set, err := Parse(text)
	if err != nil {
		return err
	}
	f.set, f.state, f.bad = set, state, false
	return nil
}

// withoutPath takes the path off an error of the system: configuration names the file, logs need not.
func withoutPath(err error) error {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		return at.Err
	}
	return err
}
