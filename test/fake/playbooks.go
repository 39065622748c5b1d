package fake

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/zeroui/mmm-engine/domain/fault"
	"github.com/zeroui/mmm-engine/domain/playbook"
	"github.com/zeroui/mmm-engine/domain/tenant"
	"github.com/zeroui/mmm-engine/ports"
)

// Playbooks is ports.Playbooks.
type Playbooks struct {
	Failing
	s *Store
}

// Create implements ports.Playbooks.
func (p *Playbooks) Create(ctx context.Context, t tenant.ID, pb playbook.Playbook) error {
	st := pb.State()
	if st.Tenant != t {
		return errors.New("create playbook: it belongs to another tenant")
	}
	return p.s.use(ctx, &p.Failing, func(db *tables) error {
		if _, taken := db.playbooks[playbookKey{t, st.ID}]; taken {
			return fault.Conflictf("it is stored already")
		}
		db.put(t, pb)
		return nil
	})
}

// put stores a playbook with its newest version and moves the stamp.
func (db *tables) put(t tenant.ID, pb playbook.Playbook) {
	st := pb.State()
	k := playbookKey{t, st.ID}
	db.playbooks[k] = pb
	if st.Live != nil {
		db.versions[versionKey{k, st.Live.Number}] = *st.Live
	}
	db.stamps[t]++
}

func (db *tables) playbook(t tenant.ID, id playbook.ID) (playbook.Playbook, error) {
	pb, ok := db.playbooks[playbookKey{t, id}]
	if !ok {
		return playbook.Playbook{}, fault.NotFoundf("there is no such playbook")
	}
	return pb, nil
}

// ByID implements ports.Playbooks.
func (p *Playbooks) ByID(ctx context.Context, t tenant.ID, id playbook.ID) (out playbook.Playbook, err error) {
	err = p.s.read(ctx, &p.Failing, func(db *tables) error {
		out, err = db.playbook(t, id)
		return err
	})
	return out, err
}

// List implements ports.Playbooks.
func (p *Playbooks) List(
	ctx context.Context, t tenant.ID, status playbook.Status, page ports.Page,
) (out []playbook.Playbook, next string, err error) {
	err = p.s.read(ctx, &p.Failing, func(db *tables) error {
		all := []playbook.Playbook{}
		for k, pb := range db.playbooks {
			if k.tenant == t && (status == "" || pb.State().Status == status) {
				all = append(all, pb)
			}
		}
		id := func(pb playbook.Playbook) string { return string(pb.State().ID) }
		slices.SortFunc(all, func(a, b playbook.Playbook) int { return strings.Compare(id(a), id(b)) })
		out, next, err = pageOf("playbooks", all, page, id)
		return err
	})
	return out, next, err
}

// Update implements ports.Playbooks. change runs without the lock, as it would against a database.
func (p *Playbooks) Update(
	ctx context.Context, t tenant.ID, id playbook.ID, change func(playbook.Playbook) (playbook.Playbook, error),
) (playbook.Playbook, error) {
	for {
		old, err := p.ByID(ctx, t, id)
		if err != nil {
			return playbook.Playbook{}, err
		}
		changed, err := change(old)
		if err != nil {
			return playbook.Playbook{}, err
		}
		if changed.State().ID != id || changed.State().Tenant != t {
			return playbook.Playbook{}, errors.New("update playbook: its identity was changed")
		}
		written := false
		err = p.s.use(ctx, &p.Failing, func(db *tables) error {
			now, err := db.playbook(t, id)
			if err != nil {
				return err
			}
			if written = now.State().Revision == old.State().Revision; written && changed.State().Revision != old.State().Revision {
				db.put(t, changed)
			}
			return nil
		})
		if err != nil || written {
			return changed, err
		}
	}
}

// Versions implements ports.Playbooks.
func (p *Playbooks) Versions(ctx context.Context, t tenant.ID, id playbook.ID) (out []playbook.Version, err error) {
	err = p.s.read(ctx, &p.Failing, func(db *tables) error {
		pb, err := db.playbook(t, id)
		if err != nil {
			return err
		}
		out = []playbook.Version{}
		for n := pb.State().Versions; n > 0; n-- {
			if v, ok := db.versions[versionKey{playbookKey{t, id}, n}]; ok {
				out = append(out, v)
			}
		}
		return nil
	})
	return out, err
}

// Version implements ports.Playbooks.
func (p *Playbooks) Version(ctx context.Context, t tenant.ID, id playbook.ID, number int) (out playbook.Version, err error) {
	err = p.s.read(ctx, &p.Failing, func(db *tables) error {
		v, ok := db.versions[versionKey{playbookKey{t, id}, number}]
		if !ok {
			return fault.NotFoundf("there is no such version")
		}
		out = v
		return nil
	})
	return out, err
}

// Live implements ports.Playbooks.
func (p *Playbooks) Live(ctx context.Context, t tenant.ID) (out []ports.LiveVersion, stamp string, err error) {
	err = p.s.read(ctx, &p.Failing, func(db *tables) error {
		out = []ports.LiveVersion{}
		for k, pb := range db.playbooks {
			if k.tenant == t {
				out = append(out, db.live(k, pb.State())...)
			}
		}
		slices.SortFunc(out, func(a, b ports.LiveVersion) int {
			if c := strings.Compare(string(a.Playbook), string(b.Playbook)); c != 0 {
				return c
			}
			return a.Number - b.Number
		})
		stamp = strconv.Itoa(db.stamps[t])
		return nil
	})
	return out, stamp, err
}

func (db *tables) live(k playbookKey, st playbook.State) []ports.LiveVersion {
	var out []ports.LiveVersion
	if st.Live != nil {
		out = append(out, ports.LiveVersion{Playbook: st.ID, Number: st.Live.Number, Definition: st.Live.Definition})
	}
	switch {
	case st.Shadow == 0 || (st.Live != nil && st.Shadow == st.Live.Number):
	case st.Shadow > st.Versions && st.Draft != nil:
		out = append(out, ports.LiveVersion{Playbook: st.ID, Number: st.Shadow, Shadow: true, Definition: *st.Draft})
	default:
		if v, ok := db.versions[versionKey{k, st.Shadow}]; ok {
			out = append(out, ports.LiveVersion{Playbook: st.ID, Number: v.Number, Shadow: true, Definition: v.Definition})
		}
	}
	return out
}

// LiveStamp implements ports.Playbooks.
func (p *Playbooks) LiveStamp(ctx context.Context, t tenant.ID) (stamp string, err error) {
	err = p.s.read(ctx, &p.Failing, func(db *tables) error {
		stamp = strconv.Itoa(db.stamps[t])
		return nil
	})
	return stamp, err
}
