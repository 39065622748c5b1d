package expression

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"cel.dev/cel-go/cel"
)

// longest is how much of CEL's own words an author is shown.
const longest = 160

var (
	container = regexp.MustCompile(` \(in container '[^']*'\)`)
	dotted    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*`)
	inner     = regexp.MustCompile(`'@(count|firing)[a-z_]*'`)
)

// explain gives the first problem: the later ones mostly follow from it.
func explain(expr string, issues *cel.Issues) error {
	all := issues.Errors()
	if len(all) == 0 {
		return errors.New("cannot be read as an expression")
	}
	first := all[0]
	line, column := first.Location.Line(), first.Location.Column()
	if strings.HasPrefix(first.Message, "undeclared reference") {
		// CEL names the first word only, but signal.even_type is wrong as a whole.
		if name := nameAt(expr, line, column); name != "" {
			return short(line, column+1, "there is no "+name+" here")
		}
	}
	return short(line, column+1, first.Message)
}

func nameAt(expr string, line, column int) string {
	lines := strings.Split(expr, "\n")
	if line < 1 || line > len(lines) {
		return ""
	}
	runes := []rune(lines[line-1])
	if column < 0 || column > len(runes) {
		return ""
	}
	return dotted.FindString(string(runes[column:]))
}

func short(line, column int, message string) error {
	message, _, _ = strings.Cut(message, "\n")
	message, _, _ = strings.Cut(message, " expecting ")
	message = container.ReplaceAllString(message, "")
	switch m := inner.FindStringSubmatch(message); {
	case m == nil:
	case m[1] == "count":
		message = "recent.count takes two texts and gives a whole number"
	default:
		message = "incidents.firing takes one text and gives true or false"
	}
	message = strings.ToValidUTF8(message, "?")
	if r := []rune(message); len(r) > longest {
		message = string(r[:longest]) + "…"
	}
	if line < 1 {
		return errors.New(message)
	}
	return fmt.Errorf("%d:%d: %s", line, max(column, 1), message)
}

// typeName names a type as authors know it.
func typeName(t *cel.Type) string {
	switch {
	case t.IsExactType(cel.StringType):
		return "text"
	case t.IsExactType(cel.IntType), t.IsExactType(cel.UintType), t.IsExactType(cel.DoubleType):
		return "number"
	default:
		return t.TypeName()
	}
}
