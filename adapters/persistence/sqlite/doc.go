// Package sqlite opens the embedded store: one file in WAL mode, driven without cgo.
//
// Two pools share the file. The writer has exactly one connection, begins every transaction as IMMEDIATE and flushes every commit
// (synchronous=FULL): a receipt that was answered for must survive a power cut. The readers cannot write (query_only). With one
// writer connection nobody in this process ever meets a locked database; another process on the same file is waited for, up to
// busyTimeout, and then the store counts as unavailable.
//
// GORM's SQLite dialector is used over modernc.org/sqlite. Two things are replaced in it: error translation, which upstream
// writes for another driver's error type, and savepoints, which upstream sends as raw SQL whose errors it drops.
//
// The migrations are handed in as a file system, so this package does not depend on where they are kept.
package sqlite
