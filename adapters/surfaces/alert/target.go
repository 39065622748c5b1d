package alert

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/ports"
)

const opAlert, opProbe = "alert", "probe"

// Target is one address that alerts are posted to. Nothing is added to it.
type Target struct {
	client, probe *httpclient.Client
	path          string
	query         url.Values
	judge         func(*httpclient.Error) ports.DeliveryNext
}

var errAddress = errors.New("the address must be http:// or https:// and a host, without a user or a fragment")

// NewTarget reads an address; judge says what a failed attempt there means. Whoever knows the address can post to it, so an error
// does not repeat it. Of c, name and base URL are set here.
func NewTarget(address string, c httpclient.Config, judge func(*httpclient.Error) ports.DeliveryNext) (*Target, error) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Fragment != "" {
		return nil, errAddress
	}
	t := &Target{path: u.EscapedPath(), judge: judge}
	if t.query, err = url.ParseQuery(u.RawQuery); err != nil {
		return nil, errAddress
	}
	c.BaseURL = u.Scheme + "://" + u.Host
	t.client, t.probe, err = Clients(c)
	return t, err
}

// Clients makes the client for alerts, and another that somebody may probe with without the breaker hearing of it.
func Clients(c httpclient.Config) (client, probe *httpclient.Client, err error) {
	c.Name = Neighbour
	if c.Timeout <= 0 {
		c.Timeout = Timeout
	}
	if client, err = httpclient.New(c); err != nil {
		return nil, nil, err
	}
	c.Breaker = nil
	probe, err = httpclient.New(c)
	return client, probe, err
}

// Post makes one attempt for an action and gives the port's error. read looks at the body of an answer with 2xx.
func (t *Target) Post(ctx context.Context, d ports.Delivery, body []byte, header map[string]string, read func(httpclient.Response) error) error {
	ctx = httpclient.WithRequestID(ctx, string(d.Action.ID))
	err := t.client.Do(ctx, httpclient.Call{Op: opAlert, Path: t.path, Query: t.query, Header: header, Raw: body}, read)
	if err != nil {
		return Undelivered(err, t.judge)
	}
	return nil
}

// Probe asks whether somebody listens at the address, without telling anything: a receiver of posts refuses a GET one way or
// another, but one that knows the address does not say that there is nothing.
func (t *Target) Probe(ctx context.Context) error {
	var status int
	err := t.probe.Do(ctx, httpclient.Call{
		Op: opProbe, Path: t.path, Query: t.query, Accept: func(status int) bool { return status < http.StatusInternalServerError },
	}, func(r httpclient.Response) error { status = r.Status; return nil })
	switch {
	case err != nil:
		return err
	case status == http.StatusNotFound, status == http.StatusGone:
		return fmt.Errorf("%s: nobody listens at the address, status %d", Neighbour, status)
	}
	return nil
}
