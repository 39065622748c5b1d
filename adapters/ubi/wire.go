package ubi

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"slices"
	"time"

	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
)

// signalsRequest asks for signals about actors. The service answers with everybody's, whatever the filter; it is sent all the
// same, so that nobody else's data travels once it is heeded.
type signalsRequest struct {
	Tenant  string    `json:"tenant_id"`
	Scope   string    `json:"scope"`
	Range   timeRange `json:"time_range"`
	Filters filters   `json:"filters"`
}

type timeRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

type filters struct {
	Actors []string `json:"actor_ids"`
}

func request(w whose, now time.Time, window time.Duration) signalsRequest {
	return signalsRequest{
		Tenant: string(w.tenant), Scope: "actor",
		Range:   timeRange{httpclient.Timestamp(now.Add(-window)), httpclient.Timestamp(now)},
		Filters: filters{[]string{string(w.actor)}},
	}
}

// history is what is kept of an answer: an actor's own signals, newest first, by type and time only.
type history struct {
	events []situation.Event
	stale  bool
}

var (
	errNotJSON  = errors.New("the answer is not JSON")
	errTrailing = errors.New("something comes after the answer")
)

// reader goes through an answer signal by signal and keeps what is its actor's own. Everybody else's is passed over as soon as
// its owner is known, unless their form is to be looked at. Errors repeat nothing of what was read.
type reader struct {
	whose
	keep  int
	forms bool
}

func (w reader) read(r httpclient.Response) (history, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return history{}, errNotJSON
	}
	d := json.NewDecoder(bytes.NewReader(r.Body))
	var h history
	seen := jsonfields.Object{}
	if err := expect(d, '{'); err != nil {
		return history{}, err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return history{}, errNotJSON
		}
		switch name {
		case "signals":
			seen["signals"] = nil
			err = w.signals(d, &h)
		case "stale":
			var raw json.RawMessage
			err = value(d, &raw)
			seen["stale"] = raw
		default:
			var raw json.RawMessage
			err = value(d, &raw)
		}
		if err != nil {
			return history{}, err
		}
	}
	if err := expect(d, '}'); err != nil {
		return history{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return history{}, errTrailing
	}
	if err := seen.Has("signals"); err != nil {
		return history{}, err
	}
	h.stale, err = seen.Flag("stale")
	slices.SortStableFunc(h.events, func(a, b situation.Event) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Type, b.Type))
	})
	h.events = slices.Clone(h.events[:min(w.keep, len(h.events))])
	return h, err
}

func (w reader) signals(d *json.Decoder, h *history) error {
	if t, err := d.Token(); err != nil {
		return errNotJSON
	} else if t != json.Delim('[') {
		return &jsonfields.Error{Field: "signals", Problem: "is no list"}
	}
	for i := 0; d.More(); i++ {
		var one jsonfields.Object
		err := d.Decode(&one)
		if err != nil {
			return errNotJSON
		}
		own, err := w.owns(one)
		holds := false
		var event situation.Event
		if err == nil && (own || w.forms) {
			event, holds, err = w.event(one)
		}
		if err != nil {
			return jsonfields.Within(fmt.Sprintf("signals[%d]", i), err)
		}
		if own && holds {
			h.events = append(h.events, event)
		}
	}
	return expect(d, ']')
}

func value(d *json.Decoder, raw *json.RawMessage) error {
	if err := d.Decode(raw); err != nil {
		return errNotJSON
	}
	return nil
}

func expect(d *json.Decoder, want json.Delim) error {
	if t, err := d.Token(); err != nil || t != want {
		return errNotJSON
	}
	return nil
}
