package httpclient

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	idleConnections        = 128
	idleConnectionsPerHost = 32
	idleTime               = 90 * time.Second
	keepAlive              = 30 * time.Second
	maxResponseHeader      = 256 << 10
)

// shared is the transport of all clients that have none of their own. It has no timeouts: every attempt brings one that
// covers all of it. Proxies are taken from the environment, never for a loopback address.
var shared = sync.OnceValue(func() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{KeepAlive: keepAlive}).DialContext,
		ForceAttemptHTTP2:      true,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		MaxIdleConns:           idleConnections,
		MaxIdleConnsPerHost:    idleConnectionsPerHost,
		IdleConnTimeout:        idleTime,
		MaxResponseHeaderBytes: maxResponseHeader,
	}
})

// CloseIdle closes the connections that the shared transport keeps for later calls, for tests that count goroutines.
func CloseIdle() { shared().CloseIdleConnections() }
