package intake

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zeroui/mmm-engine/domain/fault"
)

// JSONProblem says what is wrong with a JSON text without repeating any of it; the library's own words may.
func JSONProblem(err error) fault.Field {
	var wrongType *json.UnmarshalTypeError
	if errors.As(err, &wrongType) && wrongType.Field != "" {
		return fault.Field{Field: wrongType.Field, Reason: "has the wrong type"}
	}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		return fault.Field{Reason: fmt.Sprintf("is not readable JSON at byte %d", syntax.Offset)}
	}
	return fault.Field{Reason: "is not readable JSON of the expected form"}
}
