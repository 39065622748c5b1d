package expression

import (
	"errors"
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/situation"
)

// The bounds of one expression. Authors are colleagues, but a mistake of theirs must not hold up every decision.
const (
	maxLength   = 2000 // characters
	maxNodes    = 1000
	maxDepth    = 40
	maxRegex    = 500    // instructions of a compiled pattern
	costLimit   = 10_000 // CEL's units: roughly one for each step
	functionFee = 20     // what a look through recent signals or incidents counts as
	cached      = 1000   // compiled expressions kept, at most twice as many
)

// Compiler compiles expressions and remembers what it has compiled.
type Compiler struct {
	env   *cel.Env
	cache *cache
}

// New makes a compiler. An error is a mistake in this package.
func New() (*Compiler, error) {
	env, err := cel.NewCustomEnv(append(declarations(),
		cel.StdLib(),
		cel.CrossTypeNumericComparisons(true),
		cel.ParserExpressionSizeLimit(maxLength),
		cel.ParserRecursionLimit(maxDepth),
		cel.ParserErrorRecoveryLimit(1),
		cel.ExpressionNodeLimit(maxNodes),
		cel.RegexProgramSizeLimit(maxRegex),
	)...)
	if err != nil {
		return nil, fmt.Errorf("set up expressions: %w", err)
	}
	return &Compiler{env: env, cache: newCache(cached)}, nil
}

// Compile gives the predicate of an expression. The error is one sentence for its author, with line:column where there is a
// place to point to.
func (c *Compiler) Compile(expr string) (p playbook.Predicate, err error) {
	if p, ok := c.cache.get(expr); ok {
		return p, nil
	}
	defer func() {
		// The parser is somebody else's, and its input comes over the network: a panic there must not end the process.
		if r := recover(); r != nil {
			p, err = nil, errors.New("cannot be read as an expression")
		}
	}()
	if strings.TrimSpace(expr) == "" {
		return nil, errors.New("must not be empty")
	}
	if len(expr) > maxLength {
		return nil, fmt.Errorf("must have at most %d characters", maxLength)
	}
	ast, issues := c.env.Compile(expr)
	if issues.Err() != nil {
		return nil, explain(expr, issues)
	}
	// A lone payload value has no type before it is seen; that it is a boolean is checked at each evaluation.
	if out := ast.OutputType(); !out.IsExactType(cel.BoolType) && !out.IsExactType(cel.DynType) {
		return nil, fmt.Errorf("must be true or false, not of type %s", typeName(out))
	}
	program, err := c.env.Program(ast, cel.EvalOptions(cel.OptOptimize), cel.CostLimit(costLimit), cel.CostTracking(fees{}))
	if err != nil {
		return nil, short(0, 0, err.Error())
	}
	p = predicate(program)
	c.cache.put(expr, p)
	return p, nil
}

func predicate(program cel.Program) playbook.Predicate {
	return func(s *situation.Situation) (bool, error) {
		out, _, err := program.Eval(&view{s: s})
		if err != nil {
			return false, err //nolint:wrapcheck // says what is missing or too costly in one short sentence
		}
		if b, ok := out.(types.Bool); ok {
			return bool(b), nil
		}
		return false, fmt.Errorf("gives a %s, not true or false", out.Type().TypeName())
	}
}

// fees prices what CEL cannot know the price of.
type fees struct{}

// CallCost implements CEL's estimator; nil leaves the price to CEL.
func (fees) CallCost(function, _ string, _ []ref.Val, _ ref.Val) *uint64 {
	switch function {
	case fnCountFixed, fnCount, fnFiring:
		fee := uint64(functionFee)
		return &fee
	}
	return nil
}
