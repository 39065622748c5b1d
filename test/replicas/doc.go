// Package replicas runs several real server processes on one PostgreSQL and one Redis, takes things away from them, and counts.
// It has tests only.
package replicas
