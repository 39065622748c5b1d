package expression_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/zeroui/mmm-engine/adapters/expression"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/ports"
	"github.com/zeroui/mmm-engine/test/contract/conditions"
)

var _ ports.ConditionCompiler = (*expression.Compiler)(nil)

func compiler(t testing.TB) *expression.Compiler {
	t.Helper()
	c, err := expression.New()
	require.NoError(t, err)
	return c
}

func TestCompiler_keepsTheContract(t *testing.T) {
	t.Parallel()
	conditions.Run(t, func(t *testing.T) ports.ConditionCompiler { t.Helper(); return compiler(t) })
}

// bombs are short to write and long to run.
func bombs() map[string]string {
	ten := "[0,1,2,3,4,5,6,7,8,9]"
	nested, doubling := "true", "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'"
	for i := range 6 {
		nested = fmt.Sprintf("%s.all(v%d, %s)", ten, i, nested)
	}
	for i := range 4 {
		doubling = fmt.Sprintf("%s.map(w%d, %s)", ten, i, doubling)
	}
	long := strings.Repeat("a", 1000)
	return map[string]string{
		"nested loops":   nested,
		"nested lists":   "size(" + doubling + ") > 0",
		"growing text":   fmt.Sprintf("%s.map(a, %s.map(b, %s.map(c, '%s' + '%s'))).size() > 0", ten, ten, ten, long[:300], long[:300]),
		"many look-ups":  fmt.Sprintf("%s.all(a, %s.all(b, %s.all(c, recent.count('ci.*', '7d') >= 0)))", ten, ten, ten),
		"many incidents": fmt.Sprintf("%s.all(a, %s.all(b, %s.all(c, !incidents.firing('x'))))", ten, ten, ten),
		"heavy pattern":  fmt.Sprintf("%s.all(a, %s.all(b, %s.all(c, !'%s'.matches('(a*)*b'))))", ten, ten, ten, long),
	}
}

func TestCompiler_stopsBombs(t *testing.T) {
	t.Parallel()
	c := compiler(t)
	for name, expr := range bombs() {
		began := time.Now()
		p, err := c.Compile(expr)
		if err == nil {
			var got bool
			got, err = p(conditions.Example())
			require.False(t, got, name)
		}
		require.Error(t, err, "%s ran to its end", name)
		require.Less(t, time.Since(began), time.Second, name)
	}
}

func TestCompiler_costsLittleForALongHonestExpression(t *testing.T) {
	t.Parallel()
	expr := "signal.severity == 'high'" + strings.Repeat(" && recent.count('ci.*', '7d') > 0", 40)
	p, err := compiler(t).Compile(expr)
	require.NoError(t, err)
	got, err := p(conditions.Example())
	require.NoError(t, err, "an honest expression met the cost limit")
	require.True(t, got)
}

func TestCompiler_remembersABoundedNumber(t *testing.T) {
	t.Parallel()
	c := compiler(t)
	for i := range 2500 { // more than are kept, so that both generations turn over
		p, err := c.Compile(fmt.Sprintf("signal.payload.run_attempt == %d", i))
		require.NoError(t, err)
		got, err := p(conditions.Example())
		require.NoError(t, err)
		require.Equal(t, i == 2, got)
	}
	require.LessOrEqual(t, expression.Cached(c), 2000)
	require.Positive(t, expression.Cached(c))
}

func TestPredicate_readsAnAbsentPayloadAsMissing(t *testing.T) {
	t.Parallel()
	p, err := compiler(t).Compile("signal.payload.run_attempt > 0")
	require.NoError(t, err)
	s := conditions.Example()
	for _, payload := range []signal.Payload{nil, {}} {
		s.Signal.Payload = payload
		got, err := p(s)
		require.Error(t, err)
		require.False(t, got)
	}
}

func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		"", "true", "signal.payload.x > 1", "recent.count('ci.*','24h') >= 3", "incidents.firing('a')", "\x00", "a.b.c(", "'\\xff'",
		"[1,2].map(x, x * 2).size() == 2", "{'a': 1}.a == 1", "recent.count('', '')", "b'\\377' == b''", "has(signal.payload.x)", "1u/0u",
		"9223372036854775807 + 1 > 0", "-(-9223372036854775808) > 0", "'a'.matches('(((a*)*)*)*')", "recent.count(recent.count('a','1h'),'1h')>1",
	} {
		f.Add(seed)
	}
	c, err := expression.New()
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, expr string) {
		p, err := c.Compile(expr)
		if err != nil {
			if p != nil || strings.ContainsRune(err.Error(), '\n') {
				t.Errorf("Compile(%q) = %v; want no predicate and one line", expr, err)
			}
			return
		}
		if got, err := p(conditions.Example()); err != nil && got {
			t.Errorf("%q gave true together with %v", expr, err)
		}
	})
}

func BenchmarkPredicate(b *testing.B) {
	for name, expr := range map[string]string{
		"recent":  "recent.count('ci.run.failed', '24h') >= 3",
		"usual":   "signal.severity in ['high','critical'] && context.branch == 'main' && recent.count('ci.run.failed', '24h') >= 3",
		"payload": "signal.payload.run_attempt > 1.5",
	} {
		b.Run(name, func(b *testing.B) {
			p, err := compiler(b).Compile(expr)
			require.NoError(b, err)
			s := conditions.Example()
			b.ReportAllocs()
			for b.Loop() {
				if ok, err := p(s); err != nil || !ok {
					b.Fatal(ok, err)
				}
			}
		})
	}
}
