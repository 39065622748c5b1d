package ubi

import (
	"time"

	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/situation"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/jsonfields"
)

// The words of the service. An answer with another one was written under another agreement and is not used.
var (
	scopes     = map[string]bool{"actor": true, "team": false, "cohort": false, "tenant": false} // about one actor
	types      = map[string]string{"risk": "risk", "opportunity": "opportunity", "informational": "informational"}
	dimensions = map[string]string{
		"activity": "activity", "flow": "flow", "collaboration": "collaboration", "agent_synergy": "agent_synergy",
	}
	severities = map[string]bool{"INFO": true, "WARN": true, "CRITICAL": true}
	statuses   = map[string]bool{"active": true, "resolved": false} // still holds
)

// whose are the only signals that are read beyond their owner.
type whose struct {
	tenant tenant.ID
	actor  actor.ID
}

// owns reads who a signal is about, and nothing else.
func (w whose) owns(o jsonfields.Object) (bool, error) {
	about, err := jsonfields.Word(o, "actor_scope", scopes)
	if err != nil {
		return false, err
	}
	id, err := o.Text("actor_or_group_id")
	return err == nil && about && id == string(w.actor), err
}

// event reads an actor's own signal; false is one that is resolved. The score rates a person and is never read.
func (w whose) event(o jsonfields.Object) (situation.Event, bool, error) {
	of, err := o.Text("tenant_id")
	if err == nil && of != string(w.tenant) {
		err = &jsonfields.Error{Field: "tenant_id", Problem: "is another tenant's"}
	}
	if err != nil {
		return situation.Event{}, false, err
	}
	kind, err := jsonfields.Word(o, "signal_type", types)
	if err != nil {
		return situation.Event{}, false, err
	}
	dimension, err := jsonfields.Word(o, "dimension", dimensions)
	if err != nil {
		return situation.Event{}, false, err
	}
	if _, err = jsonfields.Word(o, "severity", severities); err != nil {
		return situation.Event{}, false, err
	}
	holds, err := jsonfields.Word(o, "status", statuses)
	if err != nil {
		return situation.Event{}, false, err
	}
	at, err := instant(o, "updated_at")
	return situation.Event{Type: "ubi." + kind + "." + dimension, At: at}, holds, err
}

func instant(o jsonfields.Object, name string) (time.Time, error) {
	text, err := o.Text(name)
	if err != nil {
		return time.Time{}, err
	}
	at, err := httpclient.ParseTime(text)
	if err != nil {
		return time.Time{}, &jsonfields.Error{Field: name, Problem: "is no time"}
	}
	return at, nil
}
