// Package config is the only place that reads the environment. It builds one Config out of, in rising order,
//
//	Default() < mmm.yaml < environment < flags
//
// and reports every problem it finds at once, each with the path of its key (`policy.stale: must be ...`).
//
// The file is the one named by MMM_CONFIG, else mmm.yaml in the working directory, else mmm.yaml in MMM_DATA_DIR; having
// none is fine. A key of the file that nothing reads is an error, because a misspelt limit must not be a silent default. An
// empty variable counts as not set. Flags of commands are handed in as further entries of the environment, since the last
// entry of a name wins.
//
// To add a section: a struct with yaml tags here, a field in Config, its defaults in Default, its variables in bindings.go
// and its rules in validate.go. The example file and the redacted print-out follow by themselves.
//
// A Config is a plain value. It is loaded once in the composition root, which hands each package its own slice of it.
package config
