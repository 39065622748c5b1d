package explaindecision

import (
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/suppression"
)

// WhatWouldMatch is for tests.
func WhatWouldMatch(comparisons []playbook.Comparison) string { return whatWouldMatch(comparisons) }

// WhatWouldPass is for tests.
func WhatWouldPass(s suppression.Suppression) string { return whatWouldPass(s) }
