// Package cli is the command line: one binary for serving, trying out and operating the engine. It knows the commands and
// how to speak to people and scripts; what does the work is handed to it by cmd/app in a Program.
//
// Exit codes: 0 done, 1 failed, 2 wrong usage.
package cli
