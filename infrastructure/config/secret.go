package config

import (
	"encoding/json"
	"log/slog"
)

const mask = "***"

// Secret is a text that no printer, logger or encoder shows: each of them gives `***`, or nothing for an empty one. Only
// Reveal gives the text back.
type Secret struct{ text string }

// NewSecret hides text.
func NewSecret(text string) Secret { return Secret{text: text} }

// Reveal gives the hidden text, for the one place that needs it.
func (s Secret) Reveal() string { return s.text }

// IsSet reports whether there is any text.
func (s Secret) IsSet() bool { return s.text != "" }

// String gives the mask.
func (s Secret) String() string {
	if s.text == "" {
		return ""
	}
	return mask
}

// GoString keeps %#v from walking into the struct.
func (s Secret) GoString() string { return s.String() }

// LogValue gives the mask to slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalJSON gives the mask; it never fails.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// MarshalText gives the mask, also to YAML; it never fails.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
