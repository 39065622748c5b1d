// Package jsonfields reads a JSON object of a foreign service field by field, and is strict about each: what is missing, null
// or of another type is an error that names the field. An error never repeats a value, so it may be logged and shown.
package jsonfields

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Object is a JSON object whose values were not looked at yet.
type Object map[string]json.RawMessage

// Error says what is wrong with one field.
type Error struct {
	// Field is its name; inside lists and objects the way to it.
	Field string
	// Problem is what is wrong, in words of our own.
	Problem string
}

// Error names the field and the problem.
func (e *Error) Error() string { return fmt.Sprintf("field %s %s", e.Field, e.Problem) }

// Missing says that a field is not there.
func Missing(field string) *Error { return &Error{field, "is missing"} }

// Unknown says that a field holds a word that nobody knows here.
func Unknown(field string) *Error { return &Error{field, "has a word that is not known"} }

// Explain is what an Error in the chain says, or the decoder of encoding/json about a field's type; else "".
func Explain(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Error()
	}
	if t, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && t.Field != "" {
		return (&Error{t.Field, "has another type"}).Error()
	}
	return ""
}

// Explained puts what Explain says behind the error, for those who look for what is wrong with a service. An error of which it
// says nothing stays as it is.
func Explained(err error) error {
	if problem := Explain(err); problem != "" {
		return fmt.Errorf("%w: %s", err, problem)
	}
	return err
}

// Within puts the way to the object before the field's name in an Error; other errors stay as they are.
func Within(place string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return &Error{Field: place + "." + e.Field, Problem: e.Problem}
	}
	return err
}

// Has returns an Error for the first of the names that is not there. What is null is there.
func (o Object) Has(names ...string) error {
	for _, name := range names {
		if _, there := o[name]; !there {
			return Missing(name)
		}
	}
	return nil
}

// Text gives a text, which may be empty.
func (o Object) Text(name string) (string, error) {
	var text string
	err := o.read(name, &text, "is no text")
	return text, err
}

// Flag gives a boolean.
func (o Object) Flag(name string) (bool, error) {
	var flag bool
	err := o.read(name, &flag, "is no boolean")
	return flag, err
}

// FlagOrNull gives a boolean, or nil where it is null. It must be there all the same.
func (o Object) FlagOrNull(name string) (*bool, error) {
	if isNull(o[name]) {
		return nil, nil //nolint:nilnil // null is a value here
	}
	flag, err := o.Flag(name)
	if err != nil {
		return nil, err
	}
	return &flag, nil
}

// Word gives what a text stands for in a table. A text that is not in it is an Error.
func Word[T any](o Object, name string, table map[string]T) (T, error) {
	text, err := o.Text(name)
	value, known := table[text]
	if err == nil && !known {
		err = Unknown(name)
	}
	return value, err
}

func (o Object) read(name string, into any, otherwise string) error {
	raw, there := o[name]
	switch {
	case !there:
		return Missing(name)
	case isNull(raw):
		return &Error{name, "is null"}
	case json.Unmarshal(raw, into) != nil:
		return &Error{name, otherwise}
	}
	return nil
}

func isNull(raw json.RawMessage) bool { return bytes.Equal(bytes.TrimSpace(raw), []byte("null")) }
