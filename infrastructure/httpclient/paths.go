package httpclient

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Root is an address without the service's own prefix, which it may have been given with. It is for clients whose paths hold the
// prefix, so that a configured path may lie elsewhere.
func Root(baseURL, prefix string) string {
	return strings.TrimSuffix(strings.TrimRight(baseURL, "/"), prefix)
}

// Paths gives the paths of a service's operations by name: the usual ones, but for those that own replaces. The error names every
// operation that there is not and every path that does not begin with /; what comes first names the service.
func Paths(service string, usual, own map[string]string) (map[string]string, error) {
	paths := maps.Clone(usual)
	var errs []error
	for _, op := range slices.Sorted(maps.Keys(own)) {
		if _, known := usual[op]; !known {
			errs = append(errs, fmt.Errorf("%s: there is no operation %q to give a path", service, op))
		} else if !strings.HasPrefix(own[op], "/") {
			errs = append(errs, fmt.Errorf("%s: the path of %s must begin with /", service, op))
		}
		paths[op] = own[op]
	}
	return paths, errors.Join(errs...)
}
