package resilience_test

import (
	"context"
	"testing"

	"github.com/zeroui/mmm-engine/infrastructure/clock"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

func benchBreaker(b *testing.B) *resilience.Breaker {
	b.Helper()
	m, err := resilience.NewManager([]string{"iam"}, usual, nil, clock.System{}.Now)
	if err != nil {
		b.Fatal(err)
	}
	breaker, err := m.Breaker("iam")
	if err != nil {
		b.Fatal(err)
	}
	return breaker
}

//go:noinline
func work(context.Context) (int, error) { return 1, nil }

// BenchmarkClosed compares a call with the same call behind a closed breaker.
func BenchmarkClosed(b *testing.B) {
	breaker := benchBreaker(b)
	ctx := b.Context()
	for _, way := range []struct {
		name string
		call func()
	}{
		{"direct", func() { _, _ = work(ctx) }},
		{"direct and clock", func() { _, _ = work(ctx); _ = clock.System{}.Now() }}, // a status knows its last success
		{"do", func() { _, _ = resilience.Do(ctx, breaker, work) }},
		{"permit", func() {
			ticket, err := breaker.Acquire()
			if err == nil {
				_, _ = work(ctx)
				breaker.Done(ticket, resilience.Success)
			}
		}},
	} {
		b.Run(way.name+"/serial", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				way.call()
			}
		})
		b.Run(way.name+"/parallel", func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(p *testing.PB) {
				for p.Next() {
					way.call()
				}
			})
		})
	}
}

// BenchmarkOpen is what a refusal costs while a dependency is down.
func BenchmarkOpen(b *testing.B) {
	breaker := benchBreaker(b)
	for range 5 {
		ticket, _ := breaker.Acquire()
		breaker.Done(ticket, resilience.Failure)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, _ = resilience.Do(b.Context(), breaker, work)
	}
}

func TestDo_aClosedBreakerAllocatesNothing(t *testing.T) {
	m, err := resilience.NewManager([]string{"iam"}, usual, nil, clock.System{}.Now)
	if err != nil {
		t.Fatal(err)
	}
	b, err := m.Breaker("iam")
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if n := testing.AllocsPerRun(1000, func() { _, _ = resilience.Do(ctx, b, work) }); n != 0 {
		t.Errorf("Do allocates %v times a call; want 0", n)
	}
}
