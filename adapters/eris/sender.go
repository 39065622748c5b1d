package eris

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
	"github.com/zeroui/mmm-engine/ports"
)

// Sender sends receipts. It is safe for concurrent use; the rows of one tenant must come one call after the other.
type Sender struct {
	config  Config
	client  *httpclient.Client
	pace    *pace
	routing *routing

	mu      sync.Mutex
	strikes map[tenant.ID]strike
}

// New makes a sender. The error says what is wrong with the configuration.
func New(c Config) (*Sender, error) {
	c, err := c.complete()
	if err != nil {
		return nil, err
	}
	client, err := c.client()
	if err != nil {
		return nil, err
	}
	return &Sender{
		config: c, client: client, pace: newPace(c.Rate, c.Now), routing: newRouting(c.Transport, c.Now, c.Log),
		strikes: map[tenant.ID]strike{},
	}, nil
}

// Ready reports whether the service is worth asking now: its breaker is not open, and it has not asked for a rest.
func (s *Sender) Ready() bool {
	return (s.config.Breaker == nil || s.config.Breaker.State() != resilience.Open) && s.pace.rest() == 0
}

// Send delivers receipts of one tenant, in order, and says how many from the first on the service has. The error belongs to the
// first one that it has not: Unavailable, Exhausted or Timeout where a later attempt may succeed; Invalid, Unauthenticated,
// Forbidden or NotFound where it was refused, or is no receipt that the service could take.
func (s *Sender) Send(ctx context.Context, rows []ports.OutboxRow) (int, error) {
	var (
		good []document
		bad  error
	)
	for _, r := range rows {
		d, err := readDocument(r)
		if err != nil {
			bad = err // and no later attempt can mend it; those before it go first
			break
		}
		good = append(good, d)
	}
	sent := 0
	for sent < len(good) {
		n, err := s.some(ctx, good[sent:])
		sent += n
		if err != nil {
			return sent, translate(err)
		}
	}
	if bad != nil {
		bad = fault.New(fault.Invalid, codeRefused, "the receipt cannot be sent: %s", bad.Error())
	}
	return sent, bad
}

// some sends at least the first of the documents, or fails, or gives 0 and no error where they have to go another way.
func (s *Sender) some(ctx context.Context, docs []document) (int, error) {
	switch s.routing.next() {
	case bySingle:
		n, err := s.apart(ctx, s.batch(docs), s.single, s.bulk, false)
		if tenantless(err) && s.routing.switches() {
			s.routing.failed()
			return n, nil
		}
		return n, err
	case byTrial:
		return s.trial(ctx, docs[:1])
	case byCourier:
	}
	return s.apart(ctx, s.batch(docs), s.courier, s.courier, false)
}

// trial sends one document by the single route to see whether that works.
func (s *Sender) trial(ctx context.Context, docs []document) (int, error) {
	n, err := s.single(ctx, docs, false)
	switch {
	case err == nil:
		s.routing.worked()
		return n, nil
	// Where the courier route is known to be the one that works, a trial that fails says nothing about the receipt.
	case tenantless(err), s.routing.settled() && ctx.Err() == nil:
		s.routing.failed()
		return 0, nil
	}
	s.routing.undecided()
	return n, err
}

// most is how many bytes of receipts travel together; room is left for what is around them.
const (
	most = 512 << 10
	room = 4 << 10
	each = 32 // for one receipt's number and commas
)

// batch gives the first documents, as many as may travel together, and one at the least.
func (s *Sender) batch(docs []document) []document {
	size := room
	for i, d := range docs {
		size += len(d.raw) + each
		if i > 0 && (i == s.config.BatchMax || size > most) {
			return docs[:i]
		}
	}
	return docs
}

// sending makes one request and says how many of the documents, from the first on, the service has. last says that there is no
// later attempt at this batch.
type sending func(ctx context.Context, docs []document, last bool) (int, error)

// apart sends a batch, and where it is refused for what is in it each half of it, so that a bad receipt does not take its
// neighbours along. What remains refused in the end is one receipt.
func (s *Sender) apart(ctx context.Context, docs []document, one, many sending, last bool) (int, error) {
	if len(docs) == 1 {
		return one(ctx, docs, last)
	}
	n, err := many(ctx, docs, last)
	if !divisible(err) {
		return n, err
	}
	half := len(docs) / 2
	if n, err = s.apart(ctx, docs[:half], one, many, true); err != nil {
		return n, err
	}
	n, err = s.apart(ctx, docs[half:], one, many, true)
	return half + n, err
}

// post makes one request in its turn.
func (s *Sender) post(ctx context.Context, op string, d document, id string, body []byte, out any) error {
	if rest := s.pace.rest(); rest > 0 {
		e := fault.New(fault.Exhausted, codeUnavailable, "the evidence service has asked for a rest")
		e.RetryAfter = rest
		return e
	}
	if err := s.pace.wait(ctx); err != nil {
		return err
	}
	err := s.client.JSON(httpclient.WithRequestID(ctx, id), httpclient.Call{
		Op: op, Path: s.config.path(op, d.tenant), Raw: body, Header: map[string]string{"X-Tenant-ID": d.tenant},
	}, out)
	if e, known := errors.AsType[*httpclient.Error](err); known && e.Status == http.StatusTooManyRequests {
		s.pace.hold(restAfter(e))
	}
	return err
}
