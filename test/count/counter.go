package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action, Package, Test, Output, ImportPath string
	Elapsed                                   float64
}

type test struct{ pkg, name string }

// counter adds up events. It keeps the output of a test until it is known to have passed.
type counter struct {
	out                     io.Writer
	output                  map[test][]string
	parents                 map[test]bool // have sub-tests
	blamed                  map[test]bool // have a failed sub-test; the name "" is a package with any failed test
	passed, failed, skipped int
	skips                   []string
}

func newCounter(out io.Writer) *counter {
	return &counter{out: out, output: map[test][]string{}, parents: map[test]bool{}, blamed: map[test]bool{}}
}

// read consumes events up to the end of r. What is no event is printed as it stands.
func (c *counter) read(r io.Reader) error {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadString('\n')
		if line != "" {
			var e event
			if json.Unmarshal([]byte(line), &e) == nil && e.Action != "" {
				c.add(e)
			} else {
				c.printf("%s", line)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
	}
}

func (c *counter) add(e event) {
	t := test{e.Package, e.Test}
	switch e.Action {
	case "run":
		for p := range ancestors(t) {
			c.parents[p] = true
		}
	case "output":
		c.output[t] = append(c.output[t], e.Output)
	case "build-output":
		c.printf("%s", e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			c.packageEnded(t, e)
		} else {
			c.testEnded(t, e)
		}
	}
}

func (c *counter) testEnded(t test, e event) {
	switch e.Action {
	case "pass":
		if !c.parents[t] {
			c.passed++
		}
		delete(c.output, t)
	case "skip":
		c.skipped++
		c.skips = append(c.skips, fmt.Sprintf("%s %s: %s", t.pkg, t.name, reason(c.output[t])))
		delete(c.output, t)
	case "fail":
		if !c.blamed[t] {
			c.failed++
		}
		for p := range ancestors(t) {
			c.blamed[p] = true
		}
		c.blamed[test{pkg: t.pkg}] = true
		c.printf("%s", strings.Join(c.output[t], ""))
		delete(c.output, t)
	}
}

func (c *counter) packageEnded(t test, e event) {
	switch {
	case e.Action == "fail" && !c.blamed[t]:
		c.failed++
		// A panic ends the process: the output of the tests that were running is all there is to go by.
		for _, left := range c.running(t.pkg) {
			c.printf("%s", strings.Join(c.output[left], ""))
			delete(c.output, left)
		}
		c.printf("%sFAIL  %s\n", strings.Join(c.output[t], ""), t.pkg)
	case e.Action == "fail":
		// The seed of -shuffle is in the package's own output.
		c.printf("%sFAIL  %s\n", strings.Join(c.output[t], ""), t.pkg)
	case e.Action == "pass":
		c.printf("ok    %s %.1fs\n", t.pkg, e.Elapsed)
	}
	delete(c.output, t)
}

// running gives the tests of a package that have not ended, in order of name.
func (c *counter) running(pkg string) []test {
	var out []test
	for t := range c.output {
		if t.pkg == pkg && t.name != "" {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b test) int { return strings.Compare(a.name, b.name) })
	return out
}

// summary prints what was skipped and the counts, and reports whether all is well.
func (c *counter) summary() bool {
	for _, s := range c.skips {
		c.printf("skipped: %s\n", s)
	}
	c.printf("%d passed, %d failed, %d skipped\n", c.passed, c.failed, c.skipped)
	return c.failed == 0 && c.passed > 0
}

func (c *counter) printf(format string, args ...any) {
	// Who closed our output does not read complaints about it either.
	_, _ = fmt.Fprintf(c.out, format, args...)
}

// ancestors are the tests that a sub-test is part of.
func ancestors(t test) map[test]bool {
	out := map[test]bool{}
	for name := t.name; ; {
		cut := strings.LastIndexByte(name, '/')
		if cut < 0 {
			return out
		}
		name = name[:cut]
		out[test{t.pkg, name}] = true
	}
}

// reason finds what a test gave as its reason for being skipped.
func reason(output []string) string {
	for _, line := range output {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "===") && !strings.HasPrefix(line, "---") {
			return line
		}
	}
	return "no reason given"
}
