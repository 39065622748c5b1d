package app

import (
	"context"
	"io"
	"iter"
	"os"

	"github.com/zeroui/mmm-engine/adapters/cli"
	"github.com/zeroui/mmm-engine/adapters/intake"
	"github.com/zeroui/mmm-engine/adapters/intake/githubstream"
	"github.com/zeroui/mmm-engine/adapters/intake/gitrepo"
	"github.com/zeroui/mmm-engine/adapters/intake/signalfile"
	"github.com/zeroui/mmm-engine/domain/actor"
	"github.com/zeroui/mmm-engine/domain/privacy"
	"github.com/zeroui/mmm-engine/domain/signal"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/infrastructure/config"
	"github.com/zeroui/mmm-engine/ports"
)

// readers open recorded events for one tenant.
type readers struct {
	actors []config.Actor
	hash   ports.KeyedHash
	clock  ports.Clock
}

func newReaders(cfg config.Config, hash ports.KeyedHash, clock ports.Clock) readers {
	return readers{actors: cfg.Actors, hash: hash, clock: clock}
}

// ids hides identities under the tenant's own keyed hash, so that the same person in two tenants is two actors.
func (r readers) ids(t tenant.ID) (*intake.ActorIDs, error) {
	var known []intake.Mapping
	for _, a := range r.actors {
		if a.Tenant == string(t) {
			known = append(known, intake.Mapping{
				Provider: a.Provider, UserID: a.UserID, ActorID: actor.ID(a.ActorID), Type: actor.Type(a.ActorType),
				ResponsibleHuman: actor.ID(a.ResponsibleHuman),
			})
		}
	}
	return intake.NewActorIDs(known, r.of(t))
}

func (r readers) of(t tenant.ID) func(string) string {
	return func(v string) string { return r.hash.Hash("identity|" + string(t) + "|" + v) }
}

func (r readers) githubStream(t tenant.ID, in io.Reader) (iter.Seq2[signal.Signal, error], error) {
	ids, err := r.ids(t)
	if err != nil {
		return nil, err
	}
	return githubstream.New(ids, intake.NewDeriver(), "main").Read(in), nil
}

func (r readers) gitRepo(ctx context.Context, t tenant.ID, path string) (iter.Seq2[signal.Signal, error], error) {
	ids, err := r.ids(t)
	if err != nil {
		return nil, err
	}
	home, err := os.UserHomeDir()
	if err != nil {
		home = ""
	}
	return gitrepo.Read(ctx, path, gitrepo.Options{IDs: ids, Deriver: intake.NewDeriver(), KeyedHash: r.of(t), Home: home}), nil
}

func (r readers) signalFile(in io.Reader) iter.Seq2[cli.Incoming, error] {
	allow := privacy.NewAllow(nil)
	return func(yield func(cli.Incoming, error) bool) {
		for e, err := range signalfile.Read(in, r.clock.Now(), allow.Minimise) {
			if !yield(cli.Incoming{Tenant: e.Tenant, Signal: e.Signal}, err) {
				return
			}
		}
	}
}
