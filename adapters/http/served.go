package httpapi

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// trimmed are the kinds of components that go when nothing refers to them any more. The others are shared by every answer.
var trimmed = []string{"schemas", "parameters", "requestBodies"}

// trim cuts out of the contract what is not built, so that nobody writes a client for it. A route that the contract does
// not know is an error: it would be an answer that nobody checks.
func trim(file []byte, table []route) ([]byte, error) {
	var doc yaml.Node
	if err := yaml.Unmarshal(file, &doc); err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("the contract is no YAML mapping")
	}
	root := doc.Content[0]
	built := map[string]bool{}
	for _, r := range table {
		built[strings.ToLower(r.method)+" "+r.path] = true
	}
	paths := child(root, "paths")
	keepPairs(paths, func(path string, item *yaml.Node) bool {
		left := 0
		keepPairs(item, func(key string, _ *yaml.Node) bool {
			if key == "parameters" {
				return true
			}
			if !built[key+" "+path] {
				return false
			}
			delete(built, key+" "+path)
			left++
			return true
		})
		return left > 0
	})
	if len(built) > 0 {
		return nil, fmt.Errorf("the contract does not know %v", slices.Sorted(maps.Keys(built)))
	}
	trimComponents(root)
	uncomment(root)

	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&doc); err != nil {
		return nil, fmt.Errorf("write the contract: %w", err)
	}
	return out.Bytes(), nil
}

// trimComponents drops what nothing refers to, until nothing is left to drop.
func trimComponents(root *yaml.Node) {
	components := child(root, "components")
	for {
		used, dropped := map[string]bool{}, false
		references(root, used)
		for _, kind := range trimmed {
			keepPairs(child(components, kind), func(name string, _ *yaml.Node) bool {
				keep := used["#/components/"+kind+"/"+name]
				dropped = dropped || !keep
				return keep
			})
		}
		if !dropped {
			return
		}
	}
}

// references notes every $ref below a node.
func references(n *yaml.Node, into map[string]bool) {
	for i, c := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 && c.Value == "$ref" {
			into[n.Content[i+1].Value] = true
		}
		references(c, into)
	}
}

// child gives the value under a key of a mapping, or an empty node.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return &yaml.Node{}
}

// keepPairs drops the entries of a mapping that are not to be kept.
func keepPairs(n *yaml.Node, keep func(key string, value *yaml.Node) bool) {
	var left []*yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		if keep(n.Content[i].Value, n.Content[i+1]) {
			left = append(left, n.Content[i], n.Content[i+1])
		}
	}
	n.Content = left
}

// uncomment drops the comments: they speak to those who write the file, and of parts that may be gone.
func uncomment(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	for _, c := range n.Content {
		uncomment(c)
	}
}
