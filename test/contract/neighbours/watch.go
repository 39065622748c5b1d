package neighbours

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime/pprof"
	"strconv"
	"time"

	"github.com/zeroui/mmm-engine/infrastructure/httpclient"
)

// Goroutines inherit the labels of the one that starts them. So what a call leaves behind is told apart from everything else
// that runs in the process, other tests included.
const labelKey = "neighbours"

// How long what a call has left may take to end by itself, and how often that is looked for.
const (
	leftFor   = 5 * time.Second
	leftEvery = 5 * time.Millisecond
)

// watched puts a label on what a call starts.
func watched(label string, call func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) (err error) {
		pprof.Do(ctx, pprof.Labels(labelKey, label), func(ctx context.Context) { err = call(ctx) })
		return err
	}
}

// left says what calls of the label have left behind. Connections that wait for a next call are closed and do not count.
func left(label string) []string {
	deadline := time.After(leftFor)
	tick := time.NewTicker(leftEvery)
	defer tick.Stop()
	for {
		stacks := labelled(label)
		if len(stacks) == 0 {
			return nil
		}
		httpclient.CloseIdle()
		http.DefaultClient.CloseIdleConnections()
		select {
		case <-tick.C:
		case <-deadline:
			return []string{fmt.Sprintf("it left goroutines behind:\n%s", bytes.Join(stacks, []byte("\n\n")))}
		}
	}
}

// labelled gives the stacks of the goroutines with the label.
func labelled(label string) [][]byte {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return [][]byte{[]byte(err.Error())}
	}
	var out [][]byte
	mark := []byte(strconv.Quote(labelKey) + ":" + strconv.Quote(label))
	for stack := range bytes.SplitSeq(profile.Bytes(), []byte("\n\n")) {
		if bytes.Contains(stack, mark) {
			out = append(out, stack)
		}
	}
	return out
}
