package simulator

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// The kinds of fault: what a caller sees, and with it whether its circuit breaker counts the call (all but Status4xx).
const (
	Transport = "transport"
	Timeout   = "timeout"
	Status5xx = "status5xx"
	Status4xx = "status4xx"
	Malformed = "malformed"
)

// Named is one row of the standard table of faults.
type Named struct {
	// Name is the fault in words, such as "503" or "slow headers".
	Name  string
	Fault Fault
	// Kind is one of Transport, Timeout, Status5xx, Status4xx, Malformed.
	Kind string
}

// AllFaults is the standard table: every fault that needs no knowledge of the neighbour. The refused connection is not
// in it (see Server.Refuse), because it is no answer to a call.
func AllFaults() []Named {
	rows := []Named{
		{"reset in mid-body", Reset(), Transport},
		{"slow headers", SlowHeaders(), Timeout},
		{"trickling body", Trickle(), Timeout},
		{"500", ServerError(), Status5xx},
		{"500 page", HTMLError(), Status5xx},
		{"401", Status(http.StatusUnauthorized, `{"detail":"Not authenticated"}`), Status4xx},
		{"403", Status(http.StatusForbidden, `{"detail":{"error":{"code":"FORBIDDEN","message":"no"}}}`), Status4xx},
		{"404", Status(http.StatusNotFound, `{"detail":"Not Found"}`), Status4xx},
		{"422", Status(http.StatusUnprocessableEntity, `{"detail":[{"loc":["body"],"msg":"Field required","type":"missing"}]}`), Status4xx},
		{"429 seconds", TooMany("1"), Status4xx},
		{"429 date", TooMany("Fri, 31 Dec 2100 23:59:59 GMT"), Status4xx},
		{"429 zero", TooMany("0"), Status4xx},
		{"429 bare", TooMany(""), Status4xx},
		{"truncated JSON", Truncated(), Malformed},
		{"empty object", Answer(`{}`), Malformed},
		{"empty list", Answer(`[]`), Malformed},
		{"null", Answer(`null`), Malformed},
		{"page", HTML(), Malformed},
		{"text/plain", ContentType("text/plain; charset=utf-8"), Malformed},
		{"huge", Huge(), Malformed},
		{"wrong types", WrongTypes(), Malformed},
	}
	for _, code := range []int{http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout} {
		rows = append(rows, Named{strconv.Itoa(code), Unavailable(code), Status5xx})
	}

	return rows
}

// WrongTypes asks the handler and sends its answer with every value of another type: what was text is a number, what was
// no text is text. Where the answer is no object or list, it is the text "wrong".
func WrongTypes() Fault {
	return Rewrite(func(body []byte) []byte {
		var own any
		if err := json.Unmarshal(body, &own); err != nil {
			return []byte(`"wrong"`)
		}
		changed, err := json.Marshal(wrong(own))
		if err != nil {
			return []byte(`"wrong"`)
		}
		return changed
	})
}

func wrong(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			return "wrong"
		}
		changed := make(map[string]any, len(v))
		for name, value := range v {
			changed[name] = wrong(value)
		}
		return changed
	case []any:
		if len(v) == 0 {
			return "wrong"
		}
		changed := make([]any, len(v))
		for i, value := range v {
			changed[i] = wrong(value)
		}
		return changed
	case string:
		return 7
	default:
		return "wrong"
	}
}
