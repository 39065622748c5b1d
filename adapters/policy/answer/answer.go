// Package answer is what the policy services' adapters share: how an answer that cannot be used is named, and how a snapshot
// gets a name of its own where the service gives it none.
package answer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/fault"
)

// Field is a field of an answer that is not as agreed on. Neither text repeats what the answer says.
type Field struct {
	Name    string
	Problem string
}

// Error names the field and what is wrong with it.
func (f *Field) Error() string { return fmt.Sprintf("field %s %s", f.Name, f.Problem) }

// Missing says that a field is not there.
func Missing(name string) *Field { return &Field{Name: name, Problem: "is missing"} }

// Unknown says that a field holds a word that nobody knows here.
func Unknown(name string) *Field { return &Field{Name: name, Problem: "has an unknown value"} }

// Explain adds to an error of a call the first field that is not as agreed on, where that is its cause: for those who look for
// what is wrong with a service.
func Explain(err error) error {
	if f, ok := errors.AsType[*Field](err); ok {
		return fmt.Errorf("%w: %s", err, f.Error())
	}
	if u, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && u.Field != "" {
		return fmt.Errorf("%w: field %s has another type", err, u.Field)
	}
	return err
}

// Unavailable is the engine's word for a policy service that gave no snapshot, whatever the cause.
func Unavailable(cause error) error {
	return fault.New(fault.Unavailable, fault.CodePolicyUnavailable, "the policy service gave no usable answer").Because(cause)
}

// Name makes the id of a snapshot from what was said: the same words give the same id.
func Name(said any) (string, error) {
	b, err := json.Marshal(said)
	if err != nil {
		return "", fmt.Errorf("name a policy snapshot: %w", err)
	}
	sum := sha256.Sum256(b)
	return "ps-" + hex.EncodeToString(sum[:]), nil
}
