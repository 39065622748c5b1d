// Package fatigue is the attention budget: how much one person is told, over all playbooks and sources. It holds the limits,
// quiet hours in the person's own zone, and the pure judgement that every ledger must reproduce; taking a slot is one atomic
// step behind a port. Only Admit makes an Admitted, and composing needs one.
//
// Windows are rolling: a unit taken at t counts until t+window. A unit is taken when a decision is made, becomes lasting
// when the decision is recorded, and is given back when composing, recording or all delivery fails.
package fatigue
