// Package httpapi is the HTTP side of the engine: it turns requests into use cases and results into answers. What it
// accepts and answers is written down in openapi.yaml, which is the contract and not a product of this code.
package httpapi

import _ "embed"

//go:embed openapi.yaml
var contractFile []byte

// ContractFile gives the OpenAPI file as it is served. Callers must not change it.
func ContractFile() []byte { return contractFile }
