// Package e2e runs the engine as its users do: the built binary, a data directory, HTTP, and the power cut. It has tests only.
package e2e
