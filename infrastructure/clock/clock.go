// Package clock tells the time. It is the only place that asks the operating system for it, so that everything else can be
// run at any time one likes.
package clock

import "time"

// System is the clock of this machine. The zero value is ready; it holds no state and is safe for concurrent use.
type System struct{}

// Now is the present time in UTC, cut to microseconds: the finest that every store keeps, so that a time read back equals
// the time written. It has no monotonic part for the same reason.
func (System) Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
