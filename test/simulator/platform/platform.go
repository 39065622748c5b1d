package platform

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/zeroui/mmm-engine/test/simulator"
	"github.com/zeroui/mmm-engine/test/simulator/iam"
)

// Options say for whom the services are set up.
type Options struct {
	// Tenant is the one tenant that all services know.
	Tenant string
	// People are actors of the tenant that have behaviour signals.
	People []string
}

// Service is one neighbour.
type Service struct {
	// Name is the one that the dependency has in answers, circuits and metrics.
	Name string `json:"name"`
	// What says in a few words what the engine needs it for.
	What string `json:"what"`
	// URL is its base address, without a path.
	URL string `json:"url"`
	// Liveness is the path of a harmless question.
	Liveness string `json:"-"`
	// State is Up, or the fault that is in force.
	State string `json:"state"`
	// Asked counts the calls that arrived. One that was refused never did.
	Asked int `json:"asked"`
}

// Platform is the running services. It is safe for concurrent use; Close it after use.
type Platform struct {
	tenant  string
	dir     string
	iam     *iam.IAM
	control *simulator.Server

	mu      sync.Mutex
	members []*member
}

// member is a service with its server.
type member struct {
	Service

	server *simulator.Server
}

// Start starts all services on free loopback ports until Close. The error says which one had no port, or that ctx has ended.
func Start(ctx context.Context, o Options) (*Platform, error) {
	p := &Platform{tenant: o.Tenant}
	if err := p.start(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("starting the platform: %w", err), p.Close())
	}
	return p, nil
}

func (p *Platform) start(ctx context.Context, o Options) error {
	for _, one := range script() {
		if err := ctx.Err(); err != nil {
			return err
		}
		server, err := one.start(p, o, time.Now)
		if err != nil {
			return err
		}
		one.URL, one.State = server.URL(), Up
		p.members = append(p.members, &member{one.Service, server})
	}
	var err error
	if p.control, err = simulator.Start("control", p.routes()); err != nil {
		return err
	}
	if p.dir, err = os.MkdirTemp("", "mmm-platform-"); err != nil {
		return err
	}
	return p.write()
}

// Close ends all services and removes the files that Env names. The error is that of removing them.
func (p *Platform) Close() error {
	if p.control != nil {
		p.control.Close() // waits for whoever is breaking something, who needs the lock
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.members {
		m.server.Close()
	}
	if p.dir == "" {
		return nil
	}
	return os.RemoveAll(p.dir)
}

// Control is the address of the control server.
func (p *Platform) Control() string { return p.control.URL() }

// Services gives all services as they are now.
func (p *Platform) Services() []Service {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]Service, len(p.members))
	for i, m := range p.members {
		out[i] = m.Service
		out[i].Asked = m.server.Calls()
	}
	return out
}

func (p *Platform) member(name string) (*member, bool) {
	i := slices.IndexFunc(p.members, func(m *member) bool { return m.Name == name })
	if i < 0 {
		return nil, false
	}
	return p.members[i], true
}
