// Package observability is how the process tells what it does: log lines, Prometheus metrics and OpenTelemetry traces. It
// owns the names of all three (keys.go, metrics.go), so that a dashboard has one place to look them up.
//
// It knows nothing of the business: labels and fields are plain strings. It never takes an actor's id, only a keyed hash of
// it, and log keys that could carry an id or a credential are masked, whoever logs them.
//
// Everything here is safe for concurrent use.
package observability
