package eris

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/tenant"
)

// emitter is what the service calls us; it is the same on the other routes.
const emitter = "mmm"

// attempts is how often a batch is sent that the service refuses with 400: that may also be its storage failing.
const attempts = 3

// strike counts such refusals in a row of batches that begin with the same receipt.
type strike struct {
	first string
	n     int
}

// envelope is a batch on the courier route.
type envelope struct {
	BatchID         string            `json:"batch_id"`
	TenantID        string            `json:"tenant_id"`
	Emitter         string            `json:"emitter_service"`
	SequenceNumbers []string          `json:"sequence_numbers"`
	MerkleRoot      string            `json:"merkle_root"`
	Timestamp       string            `json:"timestamp"`
	Receipts        []json.RawMessage `json:"receipts"`
}

// courier sends documents as one batch.
func (s *Sender) courier(ctx context.Context, docs []document, last bool) (int, error) {
	id, body, err := pack(docs)
	if err != nil {
		return 0, err
	}
	of := tenant.ID(docs[0].tenant)
	var out batchAnswer
	err = s.post(ctx, opCourier, docs[0], id, body, &out)
	e, refused := refusal(err)
	switch {
	case err == nil && !strings.EqualFold(out.BatchID, id):
		return 0, unusable("it has answered for another batch")
	case err == nil:
		s.forgive(of)
		return len(docs), nil
	case refused && e.Status == http.StatusBadRequest && !wrongRoot(e) && s.strike(of, docs[0].id) < attempts && !last:
		return 0, fault.New(fault.Unavailable, codeUnavailable, "the evidence service: %s", said(e)).Because(err)
	case refused:
		if len(docs) == 1 {
			s.forgive(of)
		}
		return 0, together{err}
	}
	return 0, err
}

// pack gives the body of a batch. It depends on the receipts alone, and the batch's id on all of the body: the service takes a
// batch whose id it knows for sent and does not look at it.
func pack(docs []document) (id string, body []byte, err error) {
	e := envelope{TenantID: docs[0].tenant, Emitter: emitter, Timestamp: docs[len(docs)-1].at}
	leaves := make([]string, len(docs))
	for i, d := range docs {
		leaves[i] = d.leaf
		e.SequenceNumbers = append(e.SequenceNumbers, d.sequence)
		e.Receipts = append(e.Receipts, d.raw)
	}
	e.MerkleRoot = merkleRoot(leaves)
	if body, err = encode(e); err != nil {
		return "", nil, err
	}
	e.BatchID = nameOf(body)
	body, err = encode(e)
	return e.BatchID, body, err
}

// encode leaves the receipts as they were signed, but for blanks.
func encode(e envelope) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(e); err != nil {
		return nil, fmt.Errorf("encode a batch: %w", err)
	}
	return b.Bytes(), nil
}

// nameOf makes a UUID of bytes: version 8, which is for digests of one's own.
func nameOf(b []byte) string {
	sum := sha256.Sum256(b)
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}

func (s *Sender) strike(t tenant.ID, first string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.strikes[t]
	if k.first != first {
		k = strike{first: first}
	}
	k.n++
	s.strikes[t] = k
	return k.n
}

func (s *Sender) forgive(t tenant.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.strikes, t)
}
