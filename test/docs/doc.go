// Package docs runs the documentation: the commands in a shell against a real server, the examples through the code that reads
// them live, and the tables against what the code knows. There is nothing in it but tests.
package docs
