package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
)

type exportCmd struct {
	remoteFlags
	Out string `type:"path" help:"File to write to; standard output otherwise."`
}

// Run writes every receipt of the token's tenant, one {"sequence","receipt"} a line.
func (c exportCmd) Run(ctx context.Context, p *Program) (err error) {
	r, err := c.open()
	if err != nil {
		return err
	}
	out := p.Out
	if c.Out != "" {
		f, ferr := os.OpenFile(c.Out, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if ferr != nil {
			return ferr
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	w := bufio.NewWriter(out)
	defer func() { err = errors.Join(err, w.Flush()) }()
	n := 0
	for cursor := ""; ; {
		var page struct {
			Items []json.RawMessage `json:"items"`
			Next  *string           `json:"next_cursor"`
		}
		if _, err := r.call(ctx, http.MethodGet, pageOf("/receipts", cursor), nil, &page); err != nil {
			return err
		}
		for _, it := range page.Items {
			if _, err := fmt.Fprintf(w, "%s\n", it); err != nil {
				return err
			}
		}
		n += len(page.Items)
		if page.Next == nil || *page.Next == "" {
			fmt.Fprintf(p.Err, "%d receipts\n", n)
			return nil
		}
		cursor = *page.Next
	}
}

type verifyCmd struct {
	File string `arg:"" help:"An export; - for standard input."`
	Keys string `type:"existingfile" help:"JWKS document of the server (GET /v1/mmm/keys); this installation's own keys otherwise."`
	JSON bool   `help:"Print the report as JSON."`
}

// Run checks an export offline.
func (c verifyCmd) Run(p *Program) (err error) {
	in := p.In
	if c.File != "-" {
		f, ferr := os.Open(c.File)
		if ferr != nil {
			return ferr
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	var keys []byte
	cfg, cerr := p.load("")
	if c.Keys != "" {
		if keys, err = os.ReadFile(c.Keys); err != nil {
			return err
		}
	} else if cerr != nil {
		return cerr
	}
	v, err := p.VerifyReceipts(cfg, in, keys)
	if err != nil {
		return err
	}
	if c.JSON {
		enc := json.NewEncoder(p.Out)
		enc.SetIndent("", "  ")
		if err := enc.Encode(v); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(p.Out, "%d receipts of tenant %s, sequence %d to %d\n", v.Receipts, v.Tenant, v.First, v.Last)
		for _, q := range v.Problems {
			fmt.Fprintln(p.Out, "  "+q)
		}
	}
	if !v.OK {
		return errors.New("the export does not verify")
	}
	fmt.Fprintln(p.Err, "every signature is right and no receipt is missing")
	return nil
}
