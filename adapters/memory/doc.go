// Package memory keeps within one process what several processes would keep in a shared store: the attention budget, the
// claims of equal calls, and the news of what was changed.
//
// The budget survives a restart because an actor or a repo that is not known is first seeded from what was recorded. What
// nobody has asked for in a while is forgotten and seeded again when needed; what holds an open lease is never forgotten.
//
// Windows are judged by the time of each ask, which a replay moves as it likes; leases run by the real clock.
package memory
