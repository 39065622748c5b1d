package redis

import "github.com/zeroui/mmm-engine/ports"

// Under puts all keys of the ledger under a prefix, so that many ledgers are strangers on one Redis.
func (l *Ledger) Under(prefix string) *Ledger {
	l.prefix = prefix + l.prefix
	return l
}

// RunBy makes the ledger take the clock for the server's.
func (l *Ledger) RunBy(clock ports.Clock) *Ledger {
	l.server = clock.Now
	return l
}
