// Command count reads what `go test -json` writes and prints it for people: a line for each package, failed tests in full,
// skipped tests by name with their reason, and last the counts, as `N passed, N failed, N skipped`.
//
// A test with sub-tests is not counted beside them, unless it failed and none of them did. A package that fails without a
// failed test (it does not compile, it panics, TestMain ends it) counts as one failure. Exit code 1 says that something
// failed or that there was no test at all.
package main

import (
	"fmt"
	"os"
)

func main() {
	c := newCounter(os.Stdout)
	err := c.read(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, "count:", err)
	}
	if ok := c.summary(); !ok || err != nil {
		os.Exit(1)
	}
}
