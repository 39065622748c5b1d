// Package http makes policy snapshots of a policy service that evaluates policies over HTTP. The service knows neither snapshots
// nor our three kinds of action, so one snapshot is three evaluations, one for each kind, asked at the same time. Whatever the
// service does not clearly allow is restricted, and where one of the three cannot be used there is no snapshot at all: no answer
// is never taken for a yes.
//
// The service has habits that a caller must know. A policy id that it does not know and a tenant that it does not know are
// allowed everything. It keeps answers for five minutes under a key that leaves the tenant out, so the tenant's id is part of
// the context of every question; and nothing else in there changes, but for the epoch, which is there to get past that cache.
package http
