package config

import (
	"bytes"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Redacted is the configuration in force as YAML, for people to read: secrets are masked and what has a default says it.
func (c Config) Redacted() (string, error) {
	c.Keys.Dir = c.KeysDir()
	var node yaml.Node
	if err := node.Encode(c); err != nil {
		return "", err
	}
	return encode(&node)
}

// Example is the text of deploy/mmm.example.yaml: every key with its default, what it means, and its variable.
func Example() (string, error) {
	var node yaml.Node
	if err := node.Encode(Default()); err != nil {
		return "", err
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		comment(node.Content[i], node.Content[i+1], "")
	}
	body, err := encode(&node)
	if err != nil {
		return "", err
	}
	const head = "# Every key of mmm.yaml with its default. Made by `make generate`; do not edit.\n" +
		"# A variable of the environment, in brackets, wins over its key.\n\n"
	return head + body, nil
}

// comment writes the documentation of each key above it.
func comment(key, value *yaml.Node, prefix string) {
	path := prefix + key.Value
	for _, b := range bindings {
		if b.key != path {
			continue
		}
		text := b.doc
		if b.variable != "" {
			text = strings.TrimSpace(text + " [" + b.variable + "]")
		}
		key.HeadComment = text
	}
	if value.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(value.Content); i += 2 {
		comment(value.Content[i], value.Content[i+1], path+".")
	}
}

func encode(node *yaml.Node) (string, error) {
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(node); err != nil {
		return "", err
	}
	if err := enc.Close(); err != nil {
		return "", err
	}
	return out.String(), nil
}
