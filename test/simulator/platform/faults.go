package platform

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// The states of a service: Up, and the faults by their names.
const (
	Up       = "up"
	Refuse   = "refuse"
	Slow     = "slow"
	Error    = "error"
	Throttle = "throttle"
	Garbage  = "garbage"
)

// Mend is the word that ends every fault.
const Mend = "mend"

// ErrUnknown says that there is no such service or no such fault.
var ErrUnknown = errors.New("unknown")

// FaultNames gives the names of all faults, and Mend.
func FaultNames() []string { return []string{Refuse, Slow, Error, Throttle, Garbage, Mend} }

// Break puts one fault on all routes of a service, in place of the one it had; Mend ends it. ErrUnknown where there is no such
// service or fault; any other error means that the service could not be reopened on its port.
func (p *Platform) Break(service, fault string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, known := p.member(service)
	switch {
	case !known:
		return fmt.Errorf("%w service; there are %s", ErrUnknown, strings.Join(p.names(), ", "))
	case !slices.Contains(FaultNames(), fault):
		return fmt.Errorf("%w fault; there are %s", ErrUnknown, strings.Join(FaultNames(), ", "))
	}
	return m.put(fault)
}

// MendAll ends every fault of every service. The error names those that could not be reopened on their ports.
func (p *Platform) MendAll() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, m := range p.members {
		errs = append(errs, m.put(Mend))
	}
	return errors.Join(errs...)
}

func (p *Platform) names() []string {
	out := make([]string, len(p.members))
	for i, m := range p.members {
		out[i] = m.Name
	}
	return out
}

// put ends the fault there is before it begins another: what a person sees is one state.
func (m *member) put(fault string) error {
	m.server.Mend()
	if err := m.server.Accept(); err != nil {
		m.State = Refuse
		return err
	}
	m.State = fault
	switch fault {
	case Refuse:
		return m.server.Refuse()
	case Slow:
		m.server.Break(simulator.SlowHeaders())
	case Error:
		m.server.Break(simulator.Unavailable(http.StatusServiceUnavailable))
	case Throttle:
		m.server.Break(simulator.TooMany("2"))
	case Garbage:
		m.server.Break(simulator.HTML())
	default:
		m.State = Up
	}
	return nil
}
