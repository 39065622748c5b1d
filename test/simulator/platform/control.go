package platform

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/zeroui/mmm-engine/test/simulator"
)

// routes are those of the control server: what there is, break and mend one, mend all.
func (p *Platform) routes() http.Handler {
	mux := simulator.NewMux()
	mux.Handle(http.MethodGet, "/", p.answerList)
	mux.Handle(http.MethodPost, "/{service}/{fault}", func(w http.ResponseWriter, r *http.Request) {
		p.answerDone(w, p.Break(r.PathValue("service"), r.PathValue("fault")), r.PathValue("service"))
	})
	mux.Handle(http.MethodPost, "/"+Mend, func(w http.ResponseWriter, _ *http.Request) {
		p.answerDone(w, p.MendAll())
	})
	return mux
}

// answerList writes one service a line, since people read it.
func (p *Platform) answerList(w http.ResponseWriter, _ *http.Request) {
	var out bytes.Buffer
	out.WriteString("{\"services\": [")
	for i, s := range p.Services() {
		line, err := json.Marshal(s)
		if err != nil {
			simulator.Detail(w, http.StatusInternalServerError, "Internal server error")
			return
		}
		if i > 0 {
			out.WriteString(",")
		}
		out.WriteString("\n  ")
		out.Write(line)
	}
	out.WriteString("\n]}\n")
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(out.Bytes())
}

// answerDone tells the states of the named services, all without a name, or what was wrong.
func (p *Platform) answerDone(w http.ResponseWriter, err error, named ...string) {
	switch {
	case errors.Is(err, ErrUnknown):
		simulator.Detail(w, http.StatusNotFound, err.Error())
		return
	case err != nil:
		simulator.Detail(w, http.StatusConflict, err.Error())
		return
	}
	states := map[string]string{}
	for _, s := range p.Services() {
		if len(named) == 0 || s.Name == named[0] {
			states[s.Name] = s.State
		}
	}
	simulator.WriteJSON(w, http.StatusOK, states)
}
