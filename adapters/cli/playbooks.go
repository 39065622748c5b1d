package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// readDocument reads a playbook file, JSON or YAML, as JSON.
func readDocument(path string) (json.RawMessage, error) {
	raw, err := os.ReadFile(path) //nolint:gosec // the path is what the user asked for
	if err != nil {
		return nil, err
	}
	if ext := strings.ToLower(filepath.Ext(path)); ext != ".yaml" && ext != ".yml" {
		return raw, nil
	}
	var v any
	if err := yaml.Unmarshal(raw, &v); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return json.Marshal(v)
}

type validateCmd struct {
	Files []string `arg:"" type:"existingfile" help:"Playbook files, JSON or YAML."`
	JSON  bool     `help:"Print the problems as JSON."`
}

// Run checks files without a server.
func (c validateCmd) Run(p *Program) error {
	type result struct {
		File     string `json:"file"`
		Valid    bool   `json:"valid"`
		Problems any    `json:"problems"`
	}
	var results []result
	bad := 0
	for _, f := range c.Files {
		doc, err := readDocument(f)
		if err != nil {
			return err
		}
		problems := p.ValidatePlaybook(doc)
		results = append(results, result{f, len(problems) == 0, problems})
		if len(problems) > 0 {
			bad++
		}
		if c.JSON {
			continue
		}
		if len(problems) == 0 {
			fmt.Fprintf(p.Out, "%s: valid\n", f)
		}
		for _, q := range problems {
			fmt.Fprintf(p.Out, "%s: %s: %s\n", f, q.Field, q.Reason)
		}
	}
	if c.JSON {
		enc := json.NewEncoder(p.Out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(results); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d files are not valid", bad, len(c.Files))
	}
	return nil
}

// authored are the keys of a playbook that its author writes; the rest is the server's.
func authored(whole map[string]json.RawMessage) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for _, k := range []string{"name", "description", "owner", "version", "tags", "triggers", "conditions", "actions", "limits", "tests"} {
		if v, ok := whole[k]; ok {
			out[k] = v
		}
	}
	return out
}

type listed struct {
	ID     string `json:"playbook_id"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

func (r *remote) playbooks(ctx context.Context) ([]map[string]json.RawMessage, error) {
	var all []map[string]json.RawMessage
	for cursor := ""; ; {
		var page []map[string]json.RawMessage
		header, err := r.call(ctx, http.MethodGet, pageOf("/playbooks", cursor), nil, &page)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if cursor = nextCursor(header); cursor == "" {
			return all, nil
		}
	}
}

func (l *listed) read(m map[string]json.RawMessage) error {
	return errors.Join(
		json.Unmarshal(m["playbook_id"], &l.ID), json.Unmarshal(m["name"], &l.Name), json.Unmarshal(m["status"], &l.Status),
	)
}

type pushCmd struct {
	remoteFlags
	Files   []string `arg:"" type:"existingfile" help:"Playbook files, JSON or YAML."`
	Publish bool     `help:"Publish each one."`
}

// Run creates playbooks, or changes those of the same name that are not deprecated.
func (c pushCmd) Run(ctx context.Context, p *Program) error {
	r, err := c.open()
	if err != nil {
		return err
	}
	known, err := r.playbooks(ctx)
	if err != nil {
		return err
	}
	byName := map[string]string{}
	for _, m := range known {
		var l listed
		if err := l.read(m); err != nil {
			return err
		}
		if l.Status != "deprecated" {
			byName[l.Name] = l.ID
		}
	}
	for _, f := range c.Files {
		doc, err := readDocument(f)
		if err != nil {
			return err
		}
		var named listed
		if err := json.Unmarshal(doc, &named); err != nil {
			return fmt.Errorf("%s: must be one playbook: %w", f, err)
		}
		verb, method, path := "created", http.MethodPost, "/playbooks"
		if id, ok := byName[named.Name]; ok {
			verb, method, path = "changed", http.MethodPut, "/playbooks/"+id
		}
		var got listed
		if _, err := r.call(ctx, method, path, doc, &got); err != nil {
			return fmt.Errorf("%s: %w", f, err)
		}
		byName[named.Name] = got.ID
		if c.Publish {
			if _, err := r.call(ctx, http.MethodPost, "/playbooks/"+got.ID+"/publish", json.RawMessage(`{}`), nil); err != nil {
				return fmt.Errorf("%s: %w", f, err)
			}
			verb += " and published"
		}
		fmt.Fprintf(p.Out, "%s: %s %s\n", f, verb, got.ID)
	}
	return nil
}

type pullCmd struct {
	remoteFlags
	Dir string `arg:"" default:"." type:"path" help:"Folder to write to."`
}

var notInFileName = regexp.MustCompile(`[^a-z0-9]+`)

// Run writes each playbook that is not deprecated to a file of its own.
func (c pullCmd) Run(ctx context.Context, p *Program) error {
	r, err := c.open()
	if err != nil {
		return err
	}
	all, err := r.playbooks(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o750); err != nil {
		return err
	}
	used := map[string]bool{}
	for _, m := range all {
		var l listed
		if err := l.read(m); err != nil {
			return err
		}
		if l.Status == "deprecated" {
			continue
		}
		name := strings.Trim(notInFileName.ReplaceAllString(strings.ToLower(l.Name), "-"), "-")
		if name == "" || used[name] {
			name = strings.Trim(name+"-"+l.ID, "-")
		}
		used[name] = true
		text, err := json.MarshalIndent(authored(m), "", "  ")
		if err != nil {
			return err
		}
		file := filepath.Join(c.Dir, name+".json")
		if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
			return err
		}
		fmt.Fprintln(p.Out, file)
	}
	return nil
}
