package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// The bounds of one post: what POST /signals takes, with room for commas and brackets.
const (
	maxPosted      = 1000
	maxPostedBytes = 900 << 10
	maxLine        = 1 << 20
)

// posted is what the server said of one post.
type posted struct {
	Results []struct {
		SignalID *string `json:"signal_id"`
		Status   string  `json:"status"`
		Error    *struct {
			Code    string `json:"code"`
			Message string `json:"message"`
			Details []struct {
				Field  string `json:"field"`
				Reason string `json:"reason"`
			} `json:"details"`
		} `json:"error"`
	} `json:"results"`
	Summary struct{ Total, Accepted, Duplicate, Rejected int } `json:"summary"`
}

// poster sends lines of signals to a server in batches, in their order. A post that fails can be sent again: the server knows
// what it has.
type poster struct {
	server *remote
	out    io.Writer

	batch [][]byte
	lines []int // the line of each in the batch
	bytes int
	total posted
	bad   int // lines that are no JSON, which are not sent
}

// post sends a file of signals to a server, where they are decided on the real clock.
func post(ctx context.Context, server *remote, in io.Reader, out io.Writer, bar *progress) (*poster, error) {
	defer bar.done()
	p := &poster{server: server, out: out}
	scan := bufio.NewScanner(in)
	scan.Buffer(make([]byte, 0, 64<<10), maxLine)
	for n := 1; scan.Scan(); n++ {
		line := bytes.TrimSpace(scan.Bytes())
		switch {
		case len(line) == 0:
			continue
		case !json.Valid(line):
			p.bad++
			fmt.Fprintf(out, "line %d: is not JSON\n", n)
			continue
		}
		if len(p.batch) == maxPosted || p.bytes+len(line) > maxPostedBytes {
			if err := p.flush(ctx); err != nil {
				return p, err
			}
			bar.tick(p.total.Summary.Total)
		}
		p.batch = append(p.batch, bytes.Clone(line))
		p.lines = append(p.lines, n)
		p.bytes += len(line) + 1
	}
	if err := scan.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("a line is longer than %d bytes", maxLine)
		}
		return p, errors.Join(fmt.Errorf("read signals: %w", err), p.flush(ctx))
	}
	return p, p.flush(ctx)
}

// flush posts what has been gathered and tells what was refused.
func (p *poster) flush(ctx context.Context) error {
	if len(p.batch) == 0 {
		return nil
	}
	var got posted
	body := json.RawMessage("[" + string(bytes.Join(p.batch, []byte(","))) + "]")
	if _, err := p.server.call(ctx, http.MethodPost, "/signals", body, &got); err != nil {
		return fmt.Errorf("signals from line %d on were not taken (sending the file again does no harm): %w", p.lines[0], err)
	}
	if len(got.Results) != len(p.batch) {
		return fmt.Errorf("the server answered %d signals of %d", len(got.Results), len(p.batch))
	}
	for i, r := range got.Results {
		if r.Error == nil {
			continue
		}
		fmt.Fprintf(p.out, "line %d: %s: %s\n", p.lines[i], r.Error.Code, r.Error.Message)
		for _, d := range r.Error.Details {
			fmt.Fprintf(p.out, "    %s: %s\n", d.Field, d.Reason)
		}
	}
	s := &p.total.Summary
	s.Total += got.Summary.Total
	s.Accepted += got.Summary.Accepted
	s.Duplicate += got.Summary.Duplicate
	s.Rejected += got.Summary.Rejected
	p.batch, p.lines, p.bytes = nil, nil, 0
	return nil
}

// print writes the summary; the error is for whoever looks at the exit code only.
func (p *poster) print(w io.Writer) error {
	s := p.total.Summary
	fmt.Fprintf(w, "%d signals sent: %d accepted, %d duplicate, %d rejected\n", s.Total, s.Accepted, s.Duplicate, s.Rejected)
	if refused := s.Rejected + p.bad; refused > 0 {
		return fmt.Errorf("%d lines were not taken", refused)
	}
	return nil
}

// runRemote sends the file to the server that --url names.
func (c replayCmd) runRemote(ctx context.Context, p *Program, in io.Reader) error {
	if c.Format != "signals" {
		return usage("--format %s reads into a data directory; a server takes signals only", c.Format)
	}
	if c.Data != "" || c.Sample {
		return usage("--data and --sample are for a data directory, not for --url")
	}
	server, err := remoteFlags{URL: c.URL, Token: c.Token}.open()
	if err != nil {
		return err
	}
	out := p.Out
	if c.Quiet {
		out = io.Discard
	}
	sent, err := post(ctx, server, in, out, p.progress())
	return errors.Join(err, sent.print(p.Out))
}
