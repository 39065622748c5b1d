// Package httpclient is the one HTTP client for calls to neighbour services. It bounds every call in time and size, asks the
// neighbour's circuit breaker, follows no redirect, and turns whatever goes wrong into one kind of error that leaks neither
// secrets nor foreign text. It knows no neighbour.
package httpclient
