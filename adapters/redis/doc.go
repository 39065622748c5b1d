// Package redis keeps in Redis 7 or later (single, Sentinel or Cluster) what several replicas share: the attention budget, the
// claims of equal calls, and the news that something was changed.
//
// # The budget
//
// What an actor was shown is one hash, what a repo was shown is a sorted set with a hash of leases. Their names are
//
//	mmm:fatigue:{tenant|actor}:shown
//	mmm:fatigue:{tenant|repo}:repo        mmm:fatigue:{tenant|repo}:repo:held
//
// so that what one script touches shares a slot. One script judges all demands of an ask against an actor's entries and takes
// what it admits; it is fatigue.Judge in Lua. The repo's units are taken before by a script of their own, as many as the ask
// may need, and what the actor's script does not use goes back. Should that never happen, because the process died or the
// line broke in between, its lease ends it after fatigue.Lease. Where no demand has a repo cap both scripts travel together,
// so that an ask is one round trip, and two with a cap.
//
// The present is the server's: an ask made within a minute of the server's time is judged at the server's time, which the
// answer's Ask.Now then says, so that replicas with different clocks share one window. An ask about another time (dry runs,
// replays) is judged at the time it names. Leases always run by the server's clock. Times are kept to the microsecond.
//
// A key that is missing is not an empty budget. Each key carries the moment from which on it is complete; where that is
// missing or too late the script answers so, the past is read and merged, and the ask is tried again. Keys live for a day
// after their last use. Every script may be run twice for the same ask, so that a lost answer may be retried.
package redis
