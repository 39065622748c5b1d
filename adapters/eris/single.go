package eris

import (
	"bytes"
	"context"
	"strings"
)

// single sends one document by the single route.
func (s *Sender) single(ctx context.Context, docs []document, _ bool) (int, error) {
	d := docs[0]
	var out ingestedAnswer
	if err := s.post(ctx, opReceipt, d, d.id, d.raw, &out); err != nil {
		return 0, err
	}
	if !strings.EqualFold(out.ReceiptID, d.id) {
		return 0, unusable("it has answered for another receipt")
	}
	return 1, nil
}

// bulk sends several documents in one request, which the service always says to have taken; each has a word of its own. Of the
// first that it has not taken the single route says why.
func (s *Sender) bulk(ctx context.Context, docs []document, last bool) (int, error) {
	var body bytes.Buffer
	for i, d := range docs {
		body.WriteByte("[,"[min(i, 1)])
		body.Write(d.raw)
	}
	body.WriteByte(']')
	var out bulkAnswer
	if err := s.post(ctx, opBulk, docs[0], docs[0].id, body.Bytes(), &out); err != nil {
		if tenantless(err) {
			return 0, err
		}
		return 0, together{err}
	}
	said := make(map[string]string, len(out.Results))
	for _, r := range out.Results {
		said[strings.ToLower(r.ReceiptID)] = r.Status
	}
	for n, d := range docs {
		switch said[d.id] {
		case succeeded:
		case failed:
			more, err := s.single(ctx, docs[n:n+1], last)
			return n + more, err
		default:
			return n, unusable("it has not answered for every receipt")
		}
	}
	return len(docs), nil
}
