package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	httpapi "github.com/zeroui/mmm-engine/adapters/http"
	"github.com/zeroui/mmm-engine/adapters/persistence"
	"github.com/zeroui/mmm-engine/application/ingestsignal"
	"github.com/zeroui/mmm-engine/application/livebooks"
	"github.com/zeroui/mmm-engine/application/managecircuits"
	"github.com/zeroui/mmm-engine/application/manageplaybook"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/infrastructure/lifecycle"
	"github.com/zeroui/mmm-engine/infrastructure/observability"
	"github.com/zeroui/mmm-engine/ports"
)

// drain is how long a stopping process may take to answer what is in flight.
const drain = 20 * time.Second

// App is a built engine. Close it after use, also when it was never served.
type App struct {
	cfg       config.Config
	log       *slog.Logger
	server    *httpapi.Server
	metrics   *observability.Metrics
	life      *lifecycle.Manager
	readers   readers
	ingest    *ingestsignal.UseCase
	playbooks *manageplaybook.UseCase
	settings  ports.TenantSettings
	prefs     ports.Preferences
	identity  ports.Identity
	clock     ports.Clock
	release   func()
}

// Open builds the engine and migrates its embedded store. Nobody else may have the data directory open.
func Open(ctx context.Context, cfg config.Config, log *slog.Logger) (*App, error) {
	unlock := func() {}
	if !cfg.Storage.Production() {
		var err error
		if unlock, err = lock(cfg.Storage.DataDir); err != nil {
			return nil, err
		}
	}
	a, release, err := build(ctx, cfg, log)
	if err != nil {
		unlock()
		return nil, err
	}
	a.release = func() { release(); unlock() }
	return a, nil
}

// Serve answers HTTP until ctx ends, then stops gracefully: no new work, what is in flight is answered. ready is told the
// root URL. With next, a port that is in use is not an error: the next free one is taken.
func (a *App) Serve(ctx context.Context, next bool, ready func(url string)) error {
	main, err := listen(ctx, a.cfg.Server.Listen, next)
	if err != nil {
		return err
	}
	failed := make(chan error, 2)
	a.life.Add(a.part("http", a.server.HTTPServer(main.Addr().String()), main, a.cfg.Server.TLS(), failed))
	if addr := a.cfg.Observability.MetricsListen; addr != "" {
		l, err := listen(ctx, addr, false)
		if err != nil {
			return errors.Join(err, main.Close())
		}
		srv := &http.Server{Handler: a.metrics.Handler(), ReadHeaderTimeout: 5 * time.Second}
		a.life.Add(a.part("metrics", srv, l, false, failed))
	}
	if err := a.life.Start(ctx); err != nil {
		return err
	}
	ready(rootURL(main.Addr(), a.cfg.Server.TLS()))
	select {
	case <-ctx.Done():
		err = nil
	case err = <-failed:
	}
	return errors.Join(err, a.life.Stop(ctx))
}

// Close flushes and closes the store and everything else that was opened.
func (a *App) Close(ctx context.Context) error {
	err := a.life.Stop(ctx)
	a.release()
	return err
}

func (a *App) part(name string, srv *http.Server, l net.Listener, tls bool, failed chan<- error) lifecycle.Part {
	return lifecycle.Part{
		Name: name,
		Start: func(context.Context) error {
			go func() {
				var err error
				if tls {
					err = srv.ServeTLS(l, a.cfg.Server.TLSCertFile, a.cfg.Server.TLSKeyFile)
				} else {
					err = srv.Serve(l)
				}
				if !errors.Is(err, http.ErrServerClosed) {
					failed <- fmt.Errorf("%s server: %w", name, err)
				}
			}()
			return nil
		},
		Stop: srv.Shutdown,
	}
}

// tries is how many further ports the demo looks at.
const tries = 50

func listen(ctx context.Context, addr string, next bool) (net.Listener, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err == nil || !next {
		return l, err
	}
	host, port, serr := net.SplitHostPort(addr)
	n, nerr := strconv.Atoi(port)
	if serr != nil || nerr != nil {
		return nil, err
	}
	for i := 1; i <= tries; i++ {
		if l, lerr := lc.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(n+i))); lerr == nil {
			return l, nil
		}
	}
	return nil, err
}

func rootURL(addr net.Addr, tls bool) string {
	scheme := "http"
	if tls {
		scheme = "https"
	}
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return scheme + "://" + addr.String()
	}
	host := "localhost"
	if !tcp.IP.IsUnspecified() && !tcp.IP.IsLoopback() {
		host = tcp.IP.String()
	}
	return scheme + "://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port))
}

// newApp puts the parts together. Tracing is asked for so that it is set up before anything is traced.
func newApp(
	cfg config.Config, log *slog.Logger, server *httpapi.Server, metrics *observability.Metrics,
	life *lifecycle.Manager, parts []lifecycle.Part, readers readers, ingest *ingestsignal.UseCase, playbooks *manageplaybook.UseCase,
	settings *persistence.CachedTenantSettings, prefs *persistence.CachedPreferences, books *livebooks.Books, n news,
	identity ports.Identity, clock ports.Clock, p policies, around neighbourhood, circuits *managecircuits.UseCase,
	_ observability.Tracing,
) *App {
	heed(n, settings, prefs, books, p, around, circuits)
	life.Add(parts...)
	return &App{
		cfg: cfg, log: log, server: server, metrics: metrics, life: life, readers: readers, ingest: ingest,
		playbooks: playbooks, settings: settings, prefs: prefs, identity: identity, clock: clock, release: func() {},
	}
}
