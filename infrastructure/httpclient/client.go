package httpclient

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/zeroui/mmm-engine/infrastructure/buildinfo"
	"github.com/zeroui/mmm-engine/infrastructure/resilience"
)

// defaultMaxBody is how much of an answer is read if the configuration does not say.
const defaultMaxBody = 1 << 20

// Config describes a neighbour.
type Config struct {
	// Name is the neighbour's, for errors and spans.
	Name string
	// BaseURL is scheme, host, port and an optional path. User, query and fragment are refused.
	BaseURL string
	// Prefix is the service's own, such as /iam/v1. It is not added if BaseURL already ends in it.
	Prefix string
	// Timeout bounds one attempt, from dialling to the last byte of the answer.
	Timeout time.Duration
	// Header is sent with every call.
	Header map[string]string
	// Token gives the bearer token; nil or "" sends none. It is asked for each attempt, since tokens are rotated.
	Token func() string
	// Breaker is asked before each attempt; nil asks nobody.
	Breaker *resilience.Breaker
	// MaxBody is how many bytes of an answer are read; 0 means 1 MiB.
	MaxBody int64
	// UserAgent is sent with every call; "" means mmm-engine and the version of this program.
	UserAgent string
	// Transport carries the requests; nil means the one that all clients share.
	Transport http.RoundTripper
}

// Client calls one neighbour. Make one with New; it is safe for concurrent use.
type Client struct {
	config Config
	base   string // without a slash at its end
}

// New makes a client. It returns an error, which does not repeat the address, for a configuration that cannot work.
func New(config Config) (*Client, error) {
	base, err := baseOf(config.BaseURL, config.Prefix)
	switch {
	case config.Name == "":
		return nil, errors.New("a neighbour needs a name")
	case err != nil:
		return nil, fmt.Errorf("neighbour %s: %w", config.Name, err)
	case config.Timeout <= 0:
		return nil, fmt.Errorf("neighbour %s: needs a timeout above 0", config.Name)
	case config.MaxBody < 0:
		return nil, fmt.Errorf("neighbour %s: the largest body cannot be below 0", config.Name)
	case !validHeader("User-Agent", config.UserAgent):
		return nil, fmt.Errorf("neighbour %s: the user agent cannot be sent", config.Name)
	}
	for name, value := range config.Header {
		if !validHeader(name, value) {
			return nil, fmt.Errorf("neighbour %s: header %q cannot be sent", config.Name, name)
		}
	}
	if config.MaxBody == 0 {
		config.MaxBody = defaultMaxBody
	}
	if config.Transport == nil {
		config.Transport = shared()
	}
	if config.UserAgent == "" {
		config.UserAgent = "mmm-engine/" + buildinfo.Read().Version
	}
	config.Header = maps.Clone(config.Header)
	return &Client{config: config, base: base}, nil
}

func baseOf(address, prefix string) (string, error) {
	u, err := url.Parse(address)
	// The parser's error repeats the address, and an address may hold a secret.
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.Opaque != "" {
		return "", errors.New("base URL must be http:// or https:// and a host")
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return "", errors.New("base URL must not have a user, a query or a fragment")
	}
	prefix = strings.TrimRight(prefix, "/")
	if prefix != "" && !strings.HasPrefix(prefix, "/") {
		return "", errors.New("prefix must begin with /")
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	if !strings.HasSuffix(path, prefix) {
		path += prefix
	}
	if !cleanPath(path) {
		return "", errors.New("base URL and prefix must not have path segments of dots only")
	}
	return u.Scheme + "://" + u.Host + path, nil
}
