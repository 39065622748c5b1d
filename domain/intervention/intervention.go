// Package intervention is the vocabulary every later package shares: the three kinds of action, the surfaces they are
// shown on, and the severities that signals and triggers are compared by.
package intervention

import "fmt"

// Kind is one of the three M.
type Kind string

// The kinds. Mirror reflects facts, Mentor advises, Multiplier offers to do the work.
const (
	Mirror     Kind = "mirror"
	Mentor     Kind = "mentor"
	Multiplier Kind = "multiplier"
)

// Kinds lists all kinds.
func Kinds() []Kind { return []Kind{Mirror, Mentor, Multiplier} }

// ParseKind reads a kind.
func ParseKind(s string) (Kind, error) {
	switch k := Kind(s); k {
	case Mirror, Mentor, Multiplier:
		return k, nil
	}
	return "", fmt.Errorf("must be one of mirror, mentor, multiplier")
}

// Surface is a place where an action is shown.
type Surface string

// The surfaces.
const (
	IDE   Surface = "ide"
	CI    Surface = "ci"
	Alert Surface = "alert"
)

// Surfaces lists all surfaces.
func Surfaces() []Surface { return []Surface{IDE, CI, Alert} }

// ParseSurface reads a surface.
func ParseSurface(s string) (Surface, error) {
	switch v := Surface(s); v {
	case IDE, CI, Alert:
		return v, nil
	}
	return "", fmt.Errorf("must be one of ide, ci, alert")
}

// Severity orders signals. The zero value is none and is below Info.
type Severity int

// The severities, in rising order.
const (
	NoSeverity Severity = iota
	Info
	Low
	Warn
	Medium
	High
	Critical
)

var severityNames = [...]string{"", "info", "low", "warn", "medium", "high", "critical"}

// String gives the contract's word.
func (s Severity) String() string {
	if s < 0 || int(s) >= len(severityNames) {
		return ""
	}
	return severityNames[s]
}

// ParseSeverity reads a severity; debug, warning and error are accepted as info, warn and high.
func ParseSeverity(s string) (Severity, error) {
	switch s {
	case "debug":
		return Info, nil
	case "warning":
		return Warn, nil
	case "error":
		return High, nil
	}
	for i, n := range severityNames {
		if i > 0 && n == s {
			return Severity(i), nil
		}
	}
	return NoSeverity, fmt.Errorf("must be one of info, low, warn, medium, high, critical")
}
