package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/zeroui/mmm-engine/adapters/http/contract"
	"github.com/zeroui/mmm-engine/application/auditaccess"
	"github.com/zeroui/mmm-engine/application/auditreceipts"
	"github.com/zeroui/mmm-engine/application/decideaction"
	"github.com/zeroui/mmm-engine/application/explaindecision"
	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/application/listdecisions"
	"github.com/zeroui/mmm-engine/application/managecircuits"
	"github.com/zeroui/mmm-engine/application/manageplaybook"
	"github.com/zeroui/mmm-engine/application/managepreferences"
	"github.com/zeroui/mmm-engine/application/managetenant"
	"github.com/zeroui/mmm-engine/application/openactions"
	"github.com/zeroui/mmm-engine/application/recordoutcome"
	"github.com/zeroui/mmm-engine/application/refreshpolicy"
	"github.com/zeroui/mmm-engine/application/reportmetrics"
	"github.com/zeroui/mmm-engine/domain/privacy"
	"github.com/zeroui/mmm-engine/ports"
)

// Deps is what the edge calls. Everything but Metrics, Circuits and Policy is required.
type Deps struct {
	Decide    *decideaction.UseCase
	Signals   *ingestsignal.Acceptor
	Explain   *explaindecision.UseCase
	Playbooks *manageplaybook.UseCase
	Receipts  *auditreceipts.UseCase
	Outcomes  *recordoutcome.UseCase
	Actions   *openactions.UseCase
	// Access notes that an admin reads another's data, before the answer.
	Access       *auditaccess.UseCase
	Tenants      *managetenant.UseCase
	Preferences  *managepreferences.UseCase
	Reports      *reportmetrics.UseCase
	DecisionList *listdecisions.UseCase
	Decisions    ports.Decisions
	Settings     ports.TenantSettings
	Identity     ports.Identity
	Directory    ports.Directory
	Clock        ports.Clock
	IDs          ports.IDs
	Hash         ports.KeyedHash
	Log          *slog.Logger
	// Keys gives the JWKS document of the public keys.
	Keys func() (json.RawMessage, error)
	// Ready says whether this replica can do its work.
	Ready func(context.Context) Readiness
	// Metrics answers /metrics; nil where the metrics have an address of their own.
	Metrics http.Handler
	// Circuits answers /circuits; nil where there are none, and then there is no such route.
	Circuits *managecircuits.UseCase
	// Policy answers /policy/invalidate; nil where policy is never held, and then there is no such route.
	Policy *refreshpolicy.UseCase
}

// Config is what an operator may set. The zero value is safe.
type Config struct {
	// CORSOrigins may call from a browser; "*" is everybody. Empty turns CORS off.
	CORSOrigins []string
	// RatePerTenant is how many requests a second one tenant may make of this process; 0 is no limit.
	RatePerTenant int
	// MaxInFlight is how many authenticated requests are worked on at a time; 0 is DefaultInFlight.
	MaxInFlight int
	// Slow is from when on a request is logged as slow; 0 is DefaultSlow.
	Slow time.Duration
	// MaxStreams is how many event streams are open at a time; 0 is DefaultStreams.
	MaxStreams int
	// Heartbeat is how often a quiet stream says that it lives, and looks for what nobody told it of; 0 is DefaultHeartbeat.
	Heartbeat time.Duration
}

// The defaults of Config.
const (
	DefaultInFlight = 1024
	DefaultSlow     = time.Second

	DefaultStreams   = 1024
	DefaultHeartbeat = 15 * time.Second
)

// The times that a connection may take. An answer that streams lifts its own write deadline.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
)

// Server is the HTTP edge. It is safe for concurrent use.
type Server struct {
	deps     Deps
	cfg      Config
	contract *contract.Contract
	served   []byte // the contract of what is built
	docs     *contract.Page
	allow    map[string]string // the methods of each path
	tenants  *rates
	slots    chan struct{}
	streams  chan struct{}
	draining chan struct{} // closed when streams are to end
	drain    func()
	echo     *echo.Echo
}

// New builds the edge. It fails where a dependency is missing, or a route has no place in the contract.
func New(deps Deps, cfg Config) (*Server, error) {
	if err := deps.complete(); err != nil {
		return nil, err
	}
	if cfg.MaxInFlight == 0 {
		cfg.MaxInFlight = DefaultInFlight
	}
	if cfg.Slow == 0 {
		cfg.Slow = DefaultSlow
	}
	if cfg.MaxStreams == 0 {
		cfg.MaxStreams = DefaultStreams
	}
	if cfg.Heartbeat == 0 {
		cfg.Heartbeat = DefaultHeartbeat
	}
	s := &Server{
		deps: deps, cfg: cfg, echo: echo.New(), allow: map[string]string{},
		tenants: newRates(cfg.RatePerTenant), slots: make(chan struct{}, cfg.MaxInFlight),
		streams: make(chan struct{}, cfg.MaxStreams), draining: make(chan struct{}),
	}
	s.drain = sync.OnceFunc(func() { close(s.draining) })
	table := s.routes()
	if err := s.describe(table); err != nil {
		return nil, err
	}
	s.echo.HTTPErrorHandler = s.fail
	s.echo.Pre(s.headers, s.observe, s.traced)
	s.echo.Use(s.methods, s.recovered)
	s.mount(table)
	return s, nil
}

func (d Deps) complete() error {
	missing := d.Decide == nil || d.Signals == nil || d.Explain == nil || d.Playbooks == nil || d.Receipts == nil || d.Outcomes == nil || d.Actions == nil ||
		d.Access == nil || d.Tenants == nil || d.Preferences == nil || d.Reports == nil || d.DecisionList == nil ||
		d.Decisions == nil || d.Settings == nil ||
		d.Identity == nil || d.Directory == nil || d.Clock == nil || d.IDs == nil || d.Hash == nil || d.Log == nil ||
		d.Keys == nil || d.Ready == nil
	if missing {
		return errors.New("the HTTP edge lacks a dependency")
	}
	return nil
}

// describe loads the contract of the routes there are, and renders its page.
func (s *Server) describe(table []route) error {
	var err error
	if s.served, err = trim(contractFile, table); err != nil {
		return err
	}
	if s.contract, err = contract.Load(s.served); err != nil {
		return err
	}
	var keys []contract.PayloadKey
	for _, k := range privacy.Keys() {
		keys = append(keys, contract.PayloadKey{Name: k.Name, Description: k.Description})
	}
	s.docs, err = s.contract.Docs(keys)
	return err
}

// Handler answers requests.
func (s *Server) Handler() http.Handler { return s.echo }

// Drain ends all event streams, and every later one once it has said what there is. A server of HTTPServer does it by itself
// when it is shut down.
func (s *Server) Drain() { s.drain() }

// HTTPServer gives a server for the address that does not wait for slow callers for ever. Its own complaints, such as a
// caller that speaks no HTTP, go to the log.
func (s *Server) HTTPServer(addr string) *http.Server {
	srv := &http.Server{
		Addr: addr, Handler: s.Handler(), MaxHeaderBytes: maxHeaderBytes,
		ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		ErrorLog: slog.NewLogLogger(s.deps.Log.Handler(), slog.LevelWarn),
	}
	srv.RegisterOnShutdown(s.Drain) // a stopping server waits for its answers, and a stream is one without end
	return srv
}
