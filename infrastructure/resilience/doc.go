// Package resilience keeps one circuit breaker per dependency: after a row of failures calls are refused at once for a while,
// then one at a time may try whether the dependency is back. It says nothing about what a dependency is or does.
//
// Counting, thresholds and the delay are a library's; this package adds what that library has not: one probe at a time, a
// probe that may end without a verdict, tickets that go stale, and listeners in order.
package resilience
