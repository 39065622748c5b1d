package expression

import (
	"fmt"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// The inner names of the functions. Authors cannot write them: no identifier of CEL starts with an @. The macros below put
// the situation into each call, so that one program serves every evaluation and functions need no state of their own.
const (
	varSituation = "@situation"
	fnCountFixed = "@count_fixed" // window known when compiled, in nanoseconds
	fnCount      = "@count"       // window as text, read at each evaluation
	fnFiring     = "@firing"
)

var situationType = cel.OpaqueType("situation") //nolint:gochecknoglobals // constant

func declarations() []cel.EnvOption {
	texts := []string{
		"signal.event_type", "signal.source", "signal.severity", "actor.type", "context.repo_id", "context.branch",
		"context.file_path", "context.environment", "context.surface", "tenant.id",
	}
	var out []cel.EnvOption
	for _, name := range texts {
		out = append(out, cel.Variable(name, cel.StringType))
	}
	return append(out,
		cel.Variable("signal.payload", cel.MapType(cel.StringType, cel.DynType)),
		cel.Variable("actor.roles", cel.ListType(cel.StringType)),
		cel.Variable(varSituation, situationType),
		cel.Function(fnCountFixed, cel.Overload(fnCountFixed, []*cel.Type{situationType, cel.StringType, cel.IntType}, cel.IntType,
			cel.FunctionBinding(countFixed))),
		cel.Function(fnCount, cel.Overload(fnCount, []*cel.Type{situationType, cel.StringType, cel.StringType}, cel.IntType,
			cel.FunctionBinding(count))),
		cel.Function(fnFiring, cel.Overload(fnFiring, []*cel.Type{situationType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(firing))),
		cel.Macros(append(cel.StandardMacros,
			cel.ReceiverVarArgMacro("count", expandCount),
			cel.ReceiverVarArgMacro("firing", expandFiring))...),
	)
}

func isCallOn(target ast.Expr, name string) bool {
	return target.Kind() == ast.IdentKind && target.AsIdent() == name
}

// expandCount turns recent.count(type, window) into a call on the situation, and reads a window that is written out.
func expandCount(eh cel.MacroExprFactory, target ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
	if !isCallOn(target, "recent") {
		return nil, nil // some other method of this name
	}
	if len(args) != 2 {
		return nil, eh.NewError(target.ID(), "recent.count takes a type and a window, such as recent.count('ci.run.failed', '24h')")
	}
	if t, ok := literal(args[0]); ok {
		s, isText := t.Value().(string)
		if !isText || !validType(s) {
			return nil, eh.NewError(args[0].ID(), "the type must be an event type such as 'ci.run.failed' or 'ci.*'")
		}
	}
	w, ok := literal(args[1])
	if !ok {
		return eh.NewCall(fnCount, eh.NewIdent(varSituation), args[0], args[1]), nil
	}
	text, _ := w.Value().(string) // what is no text is no window either
	window, err := parseWindow(text)
	if err != nil {
		return nil, eh.NewError(args[1].ID(), err.Error())
	}
	return eh.NewCall(fnCountFixed, eh.NewIdent(varSituation), args[0], eh.NewLiteral(types.Int(window))), nil
}

// expandFiring turns incidents.firing(service) into a call on the situation.
func expandFiring(eh cel.MacroExprFactory, target ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
	if !isCallOn(target, "incidents") {
		return nil, nil
	}
	if len(args) != 1 {
		return nil, eh.NewError(target.ID(), "incidents.firing takes a service, such as incidents.firing('checkout')")
	}
	if s, ok := literal(args[0]); ok {
		if name, isText := s.Value().(string); !isText || name == "" {
			return nil, eh.NewError(args[0].ID(), "the service must be a text that is not empty")
		}
	}
	return eh.NewCall(fnFiring, eh.NewIdent(varSituation), args[0]), nil
}

func literal(e ast.Expr) (ref.Val, bool) {
	if e.Kind() != ast.LiteralKind {
		return nil, false
	}
	return e.AsLiteral(), true
}

// validType finds the mistake that would otherwise count nothing for ever: a star anywhere but at the end, after a dot.
func validType(s string) bool {
	plain := strings.TrimSuffix(s, ".*")
	return plain != "" && !strings.ContainsAny(plain, "* \t\r\n")
}

func countFixed(args ...ref.Val) ref.Val {
	v, okV := args[0].(*view)
	pattern, okP := args[1].(types.String)
	window, okW := args[2].(types.Int)
	if !okV || !okP || !okW {
		return types.NewErr("recent.count takes two texts")
	}
	return types.Int(v.s.RecentCount(string(pattern), time.Duration(window)))
}

func count(args ...ref.Val) ref.Val {
	v, okV := args[0].(*view)
	pattern, okP := args[1].(types.String)
	text, okW := args[2].(types.String)
	if !okV || !okP || !okW {
		return types.NewErr("recent.count takes two texts")
	}
	window, err := parseWindow(string(text))
	if err != nil {
		return types.WrapErr(fmt.Errorf("recent.count: %w", err))
	}
	return types.Int(v.s.RecentCount(string(pattern), window))
}

func firing(situation, service ref.Val) ref.Val {
	v, okV := situation.(*view)
	name, okS := service.(types.String)
	if !okV || !okS {
		return types.NewErr("incidents.firing takes a text")
	}
	return types.Bool(v.s.IncidentFiring(string(name)))
}
