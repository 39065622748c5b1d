// Package contract reads the OpenAPI file and holds requests and answers to it. A request is judged by its schema before
// any code sees it, with every problem named at once and no value repeated; an answer is judged by the same file, in tests.
// The page for people is made from it too, so that the three cannot drift apart.
//
// It does not route, authenticate or read bodies, and it knows no operation by name. A Contract is read-only after Load and
// safe for concurrent use.
package contract
