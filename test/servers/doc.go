// Package servers runs PostgreSQL and Redis for tests: throw-away servers on free ports of the loopback, in directories of their
// own. It never uses a server that it did not start.
//
// The tests of one binary share their servers, which start when the first test asks. Postgres gives each caller a fresh database
// and Redis an empty numbered one, so those tests may run in parallel. A cluster has one keyspace only: RedisCluster empties it and keeps
// it for the caller until that test ends, so a test asks once, and not while one of its parents holds it.
//
// Stop and Start simulate an outage on the same port. They hit everybody on the server: use them in tests that do not run in parallel.
//
// Each server has a supervisor, a shell that holds a pipe from this process. When the pipe closes, by Stop in TestMain or because
// this process is gone, however it went, the supervisor ends its server by pid and removes the directory. Nothing is left behind.
//
// PostgreSQL refuses to run as root; there it runs as the user postgres, or nobody.
package servers
