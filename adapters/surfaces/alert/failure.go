package alert

import (
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/ports"
)

// Neighbour is what the receiver of alerts is called in errors, spans and circuits, whichever it is.
const Neighbour = "alerting"

// Timeout is how long an attempt takes at most, unless it is configured.
const Timeout = 2 * time.Second

// The codes of failures.
const (
	codeOpen    = "CIRCUIT_OPEN"
	codeFailed  = "DELIVERY_FAILED"
	codeRefused = "DELIVERY_REFUSED"
	codeGone    = "DELIVERY_GONE"
)

// maxWait bounds what a receiver may ask for: an alert that is hours late is of no use.
const maxWait = 15 * time.Minute

// Retold judges an attempt at a receiver that tells people again when it is asked again: it is repeated where the receiver has
// certainly not taken the alert, and once more where it may have.
func Retold(f *httpclient.Error) ports.DeliveryNext {
	switch {
	case f.Kind == httpclient.KindTransport && unsent(f):
		return ports.DeliverAgain
	case f.Kind != httpclient.KindStatus:
		return ports.DeliverOnceMore
	case f.Status == http.StatusGone:
		return ports.DeliverNoMore
	case f.Status == http.StatusTooManyRequests, f.Status == http.StatusServiceUnavailable:
		return ports.DeliverAgain
	case f.Status >= http.StatusInternalServerError:
		return ports.DeliverOnceMore
	}
	return ports.DeliverNever
}

// Recognised judges an attempt at a receiver that knows a repeat by its id. Whatever goes wrong, it may be better next time; only
// one that wants nothing any more is left alone.
func Recognised(f *httpclient.Error) ports.DeliveryNext {
	if f.Kind == httpclient.KindStatus && f.Status == http.StatusGone {
		return ports.DeliverNoMore
	}
	return ports.DeliverAgain
}

// unsent reports whether there was no connection to send anything over.
func unsent(f *httpclient.Error) bool {
	op, ok := errors.AsType[*net.OpError](f)
	return ok && op.Op == "dial"
}

// Undelivered turns the failure of an attempt into the port's error. judge is not asked about calls that were not made.
func Undelivered(err error, judge func(*httpclient.Error) ports.DeliveryNext) error {
	f, ok := errors.AsType[*httpclient.Error](err)
	if !ok {
		return err
	}
	switch f.Kind {
	case httpclient.KindCanceled:
		return err // the caller's own
	case httpclient.KindOpen:
		return undelivered(ports.DeliverLater, fault.Unavailable, codeOpen, f)
	case httpclient.KindRequest:
		return undelivered(ports.DeliverNever, fault.Invalid, codeRefused, f)
	case httpclient.KindTimeout, httpclient.KindTransport, httpclient.KindStatus, httpclient.KindMalformed, httpclient.KindTooLarge:
	}
	next := judge(f)
	switch {
	case next == ports.DeliverNever:
		return undelivered(next, fault.Invalid, codeRefused, f)
	case next == ports.DeliverNoMore:
		return undelivered(next, fault.Expired, codeGone, f)
	case f.Kind == httpclient.KindTimeout:
		return undelivered(next, fault.Timeout, codeFailed, f)
	case f.Status == http.StatusTooManyRequests:
		return undelivered(next, fault.Exhausted, codeFailed, f)
	}
	return undelivered(next, fault.Unavailable, codeFailed, f)
}

func undelivered(next ports.DeliveryNext, kind fault.Kind, code string, f *httpclient.Error) error {
	e := fault.New(kind, code, "%s", f.Error()).Because(f) // its text holds no address and no foreign words
	e.RetryAfter = min(f.RetryAfter, maxWait)
	return &ports.Undelivered{Next: next, Err: e}
}
