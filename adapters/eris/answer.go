package eris

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
)

const (
	codeRefused     = "EVIDENCE_REFUSED"
	codeUnavailable = "EVIDENCE_UNAVAILABLE"

	// leastWait is waited where the service is too busy and does not say for how long, or says 0; longestHold is the longest that
	// one such answer may stop everybody.
	leastWait   = 100 * time.Millisecond
	longestHold = 5 * time.Minute
)

// The words of the service's answers.
const (
	ingested  = "ingested"
	succeeded = "success"
	failed    = "error"
	completed = "completed"
)

// ingestedAnswer is what the single route answers. Its word on the signature is always the same and means nothing.
type ingestedAnswer struct {
	ReceiptID string `json:"receipt_id"`
	Status    string `json:"status"`
}

// Check implements the client's check of an answer.
func (a ingestedAnswer) Check() error {
	if a.ReceiptID == "" || a.Status != ingested {
		return errors.New("the answer does not say that the receipt was taken")
	}
	return nil
}

type bulkAnswer struct {
	Results []bulkResult `json:"results"`
}

type bulkResult struct {
	ReceiptID string `json:"receipt_id"`
	Status    string `json:"status"`
}

// Check implements the client's check of an answer.
func (a bulkAnswer) Check() error {
	if len(a.Results) == 0 {
		return errors.New("the answer has no results")
	}
	for _, r := range a.Results {
		if r.Status != succeeded && r.Status != failed {
			return errors.New("the answer has a status that is not known")
		}
	}
	return nil
}

type batchAnswer struct {
	BatchID string `json:"batch_id"`
	Status  string `json:"status"`
}

// Check implements the client's check of an answer.
func (a batchAnswer) Check() error {
	if a.BatchID == "" || a.Status != completed {
		return errors.New("the answer does not say that the batch was taken")
	}
	return nil
}

// refusal gives the answer in which the service refused a request for its content or its sender, so that the same request is
// refused again: a 4xx but 429.
func refusal(err error) (*httpclient.Error, bool) {
	e, ok := errors.AsType[*httpclient.Error](err)
	return e, ok && e.Kind == httpclient.KindStatus && e.Status >= 400 && e.Status < 500 && e.Status != http.StatusTooManyRequests
}

// tenantless reports whether the single routes cannot find the receipt's tenant or its schema, which is no fault of the receipt.
func tenantless(err error) bool {
	e, refused := refusal(err)
	if !refused || e.Status != http.StatusBadRequest {
		return false
	}
	if e.Code == "TENANT_ID_MISSING" {
		return true
	}
	return e.Code == "VALIDATION_ERROR" &&
		(strings.Contains(e.Message, "Schema not found") || strings.Contains(e.Message, "Payload validation failed"))
}

// wrongRoot reports whether the service has computed another Merkle root than we.
func wrongRoot(e *httpclient.Error) bool {
	return e.Status == http.StatusBadRequest && strings.Contains(strings.ToLower(e.Message), "merkle root mismatch")
}

// together is the failure of a request with several receipts, as far as it is not known which of them it is about.
type together struct{ error }

// Unwrap is the failure itself.
func (t together) Unwrap() error { return t.error }

// divisible reports whether a batch was refused for what is in it, so that a part of it may be taken.
func divisible(err error) bool {
	if _, whole := errors.AsType[together](err); !whole {
		return false
	}
	e, refused := refusal(err)
	if !refused {
		return false
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// unusable is an answer that is well-formed and still not one to this request.
func unusable(why string) error {
	return fault.New(fault.Unavailable, codeUnavailable, "the evidence service: %s", why)
}

// restAfter is how long a service that is too busy is left alone.
func restAfter(e *httpclient.Error) time.Duration {
	return min(max(e.RetryAfter, leastWait), longestHold)
}

// translate says what an error means for the receipt: a refusal parks it, everything else is tried again.
func translate(err error) error {
	if _, done := errors.AsType[*fault.Error](err); done {
		return err
	}
	e, known := errors.AsType[*httpclient.Error](err)
	if !known {
		return err
	}
	if _, refused := refusal(err); refused {
		return refusedBy(e)
	}
	switch e.Kind {
	case httpclient.KindCanceled:
		return err
	case httpclient.KindRequest:
		return fmt.Errorf("make a request: %w", err) // a bug of ours, which may be one of this receipt only
	case httpclient.KindTimeout:
		return fault.New(fault.Timeout, codeUnavailable, "the evidence service did not answer in time").Because(err)
	case httpclient.KindOpen, httpclient.KindTransport, httpclient.KindStatus, httpclient.KindMalformed, httpclient.KindTooLarge:
	}
	out := fault.New(fault.Unavailable, codeUnavailable, "the evidence service: %s", said(e)).Because(err)
	if e.Status == http.StatusTooManyRequests {
		out.Kind, out.RetryAfter = fault.Exhausted, restAfter(e)
	}
	return out
}

func refusedBy(e *httpclient.Error) error {
	kind := fault.Invalid
	switch e.Status {
	case http.StatusUnauthorized:
		kind = fault.Unauthenticated
	case http.StatusForbidden:
		kind = fault.Forbidden
	case http.StatusNotFound:
		kind = fault.NotFound
	}
	return fault.New(kind, codeRefused, "%s", said(e)).Because(e)
}

// said puts an answer into one line for operators. The receipt it is about names nobody, so neither does the line.
func said(e *httpclient.Error) string {
	var parts []string
	if e.Kind != httpclient.KindStatus {
		parts = append(parts, e.Kind.String())
	}
	if e.Status != 0 {
		parts = append(parts, fmt.Sprintf("status %d", e.Status))
	}
	if e.Code != "" {
		parts = append(parts, "code "+e.Code)
	}
	if e.Message != "" {
		parts = append(parts, e.Message)
	}
	return strings.Join(parts, ", ")
}
