package eris

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

// Transport says by which routes receipts travel.
type Transport string

// The transports. Auto begins with the single routes, goes over to courier batches where the service cannot find the tenant or
// the schema of a receipt, and tries the single routes again every ten minutes.
const (
	Auto    Transport = "auto"
	Single  Transport = "single"
	Courier Transport = "courier"
)

// The operations that a path can be configured for.
const (
	opReceipt = "receipt"
	opBulk    = "bulk"
	opCourier = "courier_batch"
	opSearch  = "search"
)

const (
	neighbour = "eris"
	prefix    = "/v1/evidence"

	healthPath = prefix + "/health"

	defaultTimeout = 2 * time.Second
	// The service takes 100 requests a second from everybody; some are left to others.
	defaultRate = 80
	maxBatch    = 100
)

// Config describes the evidence service. What is zero has the default it names.
type Config struct {
	// BaseURL is scheme, host, port and an optional path, with or without /v1/evidence at its end.
	BaseURL string
	// Token gives the engine's own service token, which serves all tenants.
	Token func() string
	// Timeout bounds one request. 2 s.
	Timeout time.Duration
	// Transport is Auto.
	Transport Transport
	// BatchMax is how many receipts travel together at the most, 1 to 100. 100.
	BatchMax int
	// Rate is how many requests this process makes in a second, for all tenants together. 80.
	Rate int
	// Paths replaces the paths of operations (receipt, bulk, courier_batch, search), the prefix included. {tenant_id} stands for
	// the tenant.
	Paths map[string]string
	// Header is sent with every request.
	Header map[string]string
	// Breaker is asked before each request; nil asks nobody.
	Breaker *resilience.Breaker
	// Now is the real time; it is needed.
	Now func() time.Time
	// Log is told when the routes change; nil: nobody is.
	Log *slog.Logger
}

func (c Config) complete() (Config, error) {
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Transport == "" {
		c.Transport = Auto
	}
	if c.BatchMax == 0 {
		c.BatchMax = maxBatch
	}
	if c.Rate == 0 {
		c.Rate = defaultRate
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf("eris: "+format, args...)) }
	if c.Transport != Auto && c.Transport != Single && c.Transport != Courier {
		bad("transport must be one of auto, single, courier")
	}
	if c.BatchMax < 1 || c.BatchMax > maxBatch {
		bad("batch_max must be 1 to %d", maxBatch)
	}
	if c.Rate < 1 {
		bad("the rate must be above 0")
	}
	if c.Now == nil {
		bad("needs a clock")
	}
	paths, err := httpclient.Paths(neighbour, map[string]string{
		opReceipt: prefix + "/receipts", opBulk: prefix + "/receipts/bulk", opCourier: prefix + "/receipts/courier-batch",
		opSearch: prefix + "/search",
	}, c.Paths)
	errs = append(errs, err)
	c.Paths = paths
	return c, errors.Join(errs...)
}

func (c Config) client() (*httpclient.Client, error) {
	return httpclient.New(httpclient.Config{
		Name: neighbour, Timeout: c.Timeout, Header: c.Header, Token: c.Token, Breaker: c.Breaker,
		BaseURL: httpclient.Root(c.BaseURL, prefix),
	})
}

// path gives the path of an operation for a tenant.
func (c Config) path(op, tenant string) string {
	return strings.ReplaceAll(c.Paths[op], "{tenant_id}", url.PathEscape(tenant))
}
