package cli

import (
	"encoding/json"
	"fmt"

	"github.com/zeroui/mmm-engine/application/testplaybook"
	"github.com/zeroui/mmm-engine/domain/fault"
)

type testCmd struct {
	Files []string `arg:"" type:"existingfile" help:"Playbook files, JSON or YAML."`
	JSON  bool     `help:"Print the results as JSON."`
}

// fileTests is what testing one file found. Problems are those of the playbook itself; nothing is tested where there are any.
type fileTests struct {
	File     string                 `json:"file"`
	Problems []fault.Field          `json:"problems"`
	Tests    []testplaybook.Outcome `json:"tests"`
}

// Run runs the tests of playbook files without a server.
func (c testCmd) Run(p *Program) error {
	var results []fileTests
	passed, failed, broken := 0, 0, 0
	for _, file := range c.Files {
		doc, err := readDocument(file)
		if err != nil {
			return err
		}
		r := fileTests{File: file}
		r.Tests, r.Problems = p.TestPlaybook(doc)
		if len(r.Problems) > 0 {
			broken++
		}
		for _, t := range r.Tests {
			if t.Passed() {
				passed++
			} else {
				failed++
			}
		}
		results = append(results, r)
		if !c.JSON {
			r.print(p)
		}
	}
	if c.JSON {
		enc := json.NewEncoder(p.Out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(results); err != nil {
			return err
		}
	}
	switch {
	case broken > 0:
		return fmt.Errorf("%d of %d files are not valid", broken, len(c.Files))
	case failed > 0:
		return fmt.Errorf("%d of %d tests failed", failed, passed+failed)
	case !c.JSON:
		fmt.Fprintf(p.Out, "%d tests passed\n", passed)
	}
	return nil
}

func (r fileTests) print(p *Program) {
	for _, q := range r.Problems {
		fmt.Fprintf(p.Out, "%s: %s: %s\n", r.File, q.Field, q.Reason)
	}
	for _, t := range r.Tests {
		word := "ok"
		if !t.Passed() {
			word = "FAILED"
		}
		fmt.Fprintf(p.Out, "%s: %s: %s\n", r.File, word, t.Name)
		for _, q := range t.Problems {
			fmt.Fprintf(p.Out, "    %s: %s\n", q.Field, q.Reason)
		}
	}
	if len(r.Problems) == 0 && len(r.Tests) == 0 {
		fmt.Fprintf(p.Out, "%s: has no tests\n", r.File)
	}
}
