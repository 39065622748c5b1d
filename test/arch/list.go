package arch

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// List asks the go command for the packages below root, built with the given tags. A package that does not compile is
// listed all the same: its imports are read from its text.
func List(ctx context.Context, root, tags string) ([]Package, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-e", "-tags="+tags,
		"-json=ImportPath,Dir,Imports,TestImports,XTestImports,GoFiles,CgoFiles", "./...")
	cmd.Dir = root
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.String())
	}
	var out []Package
	for dec := json.NewDecoder(&stdout); ; {
		var p struct {
			ImportPath, Dir                             string
			Imports, TestImports, XTestImports, GoFiles []string
		}
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return out, nil
		} else if err != nil {
			return nil, err
		}
		docs, generated, err := read(p.Dir, p.GoFiles)
		if err != nil {
			return nil, err
		}
		out = append(out, Package{
			ImportPath: p.ImportPath, Imports: p.Imports, TestImports: slices.Concat(p.TestImports, p.XTestImports),
			Docs: docs, Generated: generated,
		})
	}
}

// Linked gives the paths of all packages that a binary is made of, its own included.
func Linked(ctx context.Context, root, binary string) ([]string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", binary)
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w: %s", err, stderr.String())
	}
	return strings.Fields(string(out)), nil
}

// read counts the hand-written files with a package comment, and says whether there is no hand-written file.
func read(dir string, files []string) (docs int, generated bool, err error) {
	generated = len(files) > 0
	for _, name := range files {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			return 0, false, err
		}
		if ast.IsGenerated(f) {
			continue
		}
		generated = false
		if f.Doc != nil {
			docs++
		}
	}
	return docs, generated, nil
}
