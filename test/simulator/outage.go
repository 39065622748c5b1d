package simulator

import "slices"

// outage is one fault in force.
type outage struct {
	fault Fault
	paths []string // none: every route
	left  int      // calls it still takes; below zero: until Mend
}

// Break answers every call to one of the paths (exact; none means every route) with the fault until Mend. A newer fault
// goes before an older one.
func (s *Server) Break(f Fault, paths ...string) { s.breakFor(f, -1, paths) }

// BreakNext answers the next n calls to one of the paths (exact; none means every route) with the fault; then the older
// fault or the handler answers again.
func (s *Server) BreakNext(n int, f Fault, paths ...string) {
	if n > 0 {
		s.breakFor(f, n, paths)
	}
}

// Mend ends every fault, lets go of every held call (it gets the real answer now) and listens again if refused. When the
// port cannot be had again, calls stay refused; Accept says why.
func (s *Server) Mend() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.breaks = nil
	close(s.release)
	s.release = make(chan struct{})
	s.mu.Unlock()

	_ = s.Accept()
}

func (s *Server) breakFor(f Fault, n int, paths []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breaks = append(s.breaks, &outage{fault: f, paths: slices.Clone(paths), left: n})
}

// faultOf takes the newest fault in force for the path. The caller holds the lock.
func (s *Server) faultOf(path string) (Fault, bool) {
	for i, o := range slices.Backward(s.breaks) {
		if !among(path, o.paths) {
			continue
		}
		if o.left > 0 {
			o.left--
			if o.left == 0 {
				s.breaks = slices.Delete(s.breaks, i, i+1)
			}
		}
		return o.fault, true
	}

	return nil, false
}
