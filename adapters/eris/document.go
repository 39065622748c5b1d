package eris

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/ports"
)

// document is a receipt that was checked, ready to be sent.
type document struct {
	id       string
	tenant   string
	sequence string
	at       string // its timestamp_utc
	raw      []byte // the bytes that were signed, with the signature in them
	leaf     string
}

// The forms of a receipt's texts, and how long they may be.
const (
	maxName          = 255
	maxSchemaVersion = 50
	maxMonotonic     = 1<<31 - 1
	timeForm         = "2006-01-02T15:04:05.000Z"
)

var (
	uuidForm      = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	hashForm      = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	signatureForm = regexp.MustCompile(`^sig-ed25519:[A-Za-z0-9._-]+:[A-Za-z0-9+/]{86}==$`)
)

// readDocument checks a row of the outbox against what the service asks of a receipt: it stores only a part of what is wrong with
// one, and loses the rest without a word. A problem is Invalid, because no later attempt can mend it.
func readDocument(row ports.OutboxRow) (document, error) {
	d := document{tenant: string(row.Tenant), sequence: row.Topic, raw: []byte(row.Body)}
	var body map[string]any
	if err := decode(d.raw, &body); err != nil || body == nil || !utf8.Valid(d.raw) {
		return d, fault.InvalidField("receipt", "is no JSON object")
	}
	c := checker{}
	d.id, d.at = c.text(body, "receipt_id", 0), c.text(body, "timestamp_utc", 0)
	c.receipt(body)
	if d.id != row.Ref {
		c.problems.Add("receipt_id", "is not the one that is to be sent")
	}
	if body["tenant_id"] != d.tenant {
		c.problems.Add("tenant_id", "is not the tenant that it is sent for")
	}
	spelled, err := appendSpelled(make([]byte, 0, 2*len(d.raw)), body)
	if err != nil {
		c.problems.Add("receipt", "%s", err.Error())
	}
	d.leaf = digest(spelled)
	return d, c.problems.Err()
}

// decode reads one JSON value and leaves numbers as they are written.
func decode(raw []byte, out any) error {
	if !json.Valid(raw) {
		return errors.New("it is not one JSON value")
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(out)
}

// checker collects what is wrong with a receipt.
type checker struct{ problems fault.Problems }

func (c *checker) receipt(r map[string]any) {
	c.form("receipt_id", r["receipt_id"], uuidForm)
	c.text(r, "gate_id", maxName)
	c.text(r, "schema_version", maxSchemaVersion)
	c.texts("policy_version_ids", r["policy_version_ids"])
	c.form("snapshot_hash", r["snapshot_hash"], hashForm)
	if at, _ := r["timestamp_utc"].(string); !isTime(at) {
		c.problems.Add("timestamp_utc", "is not a time with three fractional digits and Z")
	}
	if !wholeUpTo(r["timestamp_monotonic_ms"], maxMonotonic) {
		c.problems.Add("timestamp_monotonic_ms", "is not a whole number from 0 to %d", maxMonotonic)
	}
	c.oneOf("evaluation_point", r["evaluation_point"], "pre-commit", "pre-merge", "pre-deploy", "post-deploy")
	c.object("inputs", r["inputs"])
	if v := r["result"]; v != nil {
		c.object("result", v)
	}
	decision := c.object("decision", r["decision"])
	c.oneOf("decision.status", decision["status"], "pass", "warn", "soft_block", "hard_block")
	if _, ok := decision["rationale"].(string); !ok {
		c.problems.Add("decision.rationale", "is no text")
	}
	if v := decision["badges"]; v != nil {
		c.texts("decision.badges", v)
	}
	c.actor(c.object("actor", r["actor"]))
	c.handles(r["evidence_handles"])
	if v, there := r["degraded"]; there {
		if _, ok := v.(bool); !ok {
			c.problems.Add("degraded", "is neither true nor false")
		}
	}
	c.text(r, "kid", maxName)
	c.form("signature", r["signature"], signatureForm)
}

func (c *checker) actor(a map[string]any) {
	c.text(a, "repo_id", maxName)
	if v := a["machine_fingerprint"]; v != nil {
		if _, ok := v.(string); !ok {
			c.problems.Add("actor.machine_fingerprint", "is no text")
		}
	}
	if v := a["type"]; v != nil {
		c.oneOf("actor.type", v, "human", "ai_agent", "service")
	}
}

func (c *checker) handles(v any) {
	if v == nil {
		return
	}
	list, ok := v.([]any)
	if !ok {
		c.problems.Add("evidence_handles", "is no list")
	}
	for _, e := range list {
		h := c.object("evidence_handles", e)
		for _, name := range []string{"url", "type", "description"} {
			if _, ok := h[name].(string); !ok {
				c.problems.Add("evidence_handles", "has a %s that is no text", name)
			}
		}
		if at, there := h["expires_at"]; there {
			if s, _ := at.(string); !isTime(s) {
				c.problems.Add("evidence_handles", "has an expires_at that is no time")
			}
		}
	}
}

// text gives a text that is not empty and not longer than most characters; 0: of any length.
func (c *checker) text(o map[string]any, name string, most int) string {
	s, _ := o[name].(string)
	if s == "" || (most > 0 && utf8.RuneCountInString(s) > most) {
		c.problems.Add(name, "is no text, or not of the right length")
	}
	return s
}

func (c *checker) texts(name string, v any) {
	list, ok := v.([]any)
	for _, e := range list {
		_, text := e.(string)
		ok = ok && text
	}
	if !ok {
		c.problems.Add(name, "is no list of texts")
	}
}

func (c *checker) object(name string, v any) map[string]any {
	o, ok := v.(map[string]any)
	if !ok {
		c.problems.Add(name, "is no object")
	}
	return o
}

func (c *checker) form(name string, v any, form *regexp.Regexp) {
	if s, _ := v.(string); !form.MatchString(s) {
		c.problems.Add(name, "does not have its form")
	}
}

func (c *checker) oneOf(name string, v any, words ...string) {
	for _, w := range words {
		if v == w {
			return
		}
	}
	c.problems.Add(name, "is none of its words")
}

func isTime(s string) bool {
	_, err := time.Parse(timeForm, s)
	return err == nil && len(s) == len(timeForm)
}

func wholeUpTo(v any, most int64) bool {
	n, _ := v.(json.Number)
	i, err := n.Int64()
	return err == nil && i >= 0 && i <= most
}
