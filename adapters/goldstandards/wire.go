package goldstandards

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/policy"
)

type list struct {
	Items *[]standard `json:"items"`
}

type standard struct {
	ID      string                        `json:"standard_id"`
	Version string                        `json:"version"`
	Rules   *[]map[string]json.RawMessage `json:"compliance_rules"`
}

// Check says whether the answer can be used.
func (l list) Check() error {
	if l.Items == nil {
		return missing("items")
	}
	for _, s := range *l.Items {
		switch {
		case s.ID == "":
			return missing("items.standard_id")
		case s.Version == "":
			return missing("items.version")
		case s.Rules == nil:
			return missing("items.compliance_rules")
		}
	}
	_, err := l.standards()
	return err
}

// standards puts what was said into the engine's words.
func (l list) standards() (policy.Standards, error) {
	return standardsOf(*l.Items)
}

// fieldError is a field of an answer that is not as agreed on. It does not repeat what the answer says.
type fieldError struct{ name, problem string }

func (f *fieldError) Error() string { return "field " + f.name + " " + f.problem }

func missing(name string) error { return &fieldError{name, "is missing"} }

// explain adds to an error of a call the field that is not as agreed on, where that is its cause.
func explain(err error) error {
	if f, ok := errors.AsType[*fieldError](err); ok {
		return fmt.Errorf("%w: %s", err, f.Error())
	}
	if u, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && u.Field != "" {
		return fmt.Errorf("%w: field %s has another type", err, u.Field)
	}
	return err
}
