// Package emission holds tests of receipts on their whole way: recorded with what they attest, queued with them, delivered to a
// simulated evidence service by one or more processes, through outages and restarts, and checked as somebody else would check them.
package emission
